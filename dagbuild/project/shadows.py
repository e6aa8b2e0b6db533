"""What each pin stands in front of, and whether it differs from what would be computed.

Asks the project for its status as it would be without the pin; runs and fetches nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from dagbuild.ground.digest import Digest
from dagbuild.project.project import Project
from dagbuild.settings import Pin


@dataclass(frozen=True)
class Shadow:
    """A pin and what it hides.

    `hidden` are the nodes that are not needed because of it; `digest` is that of the value the node would have, where
    that is known without running anything.
    """

    node: str
    pin: Pin
    hidden: tuple[str, ...] = ()
    digest: Digest | None = None

    @property
    def differs(self) -> bool | None:
        """Whether the pin differs from what would be computed; None when that is not known: it is not built."""
        return None if self.digest is None else self.digest != self.pin.digest


def find_shadows(project: Project) -> list[Shadow]:
    """Return each pin of the project with what it hides; raises InputError when a pin's node is none."""
    return [_find_shadow(project, name, pin) for name, pin in project.settings.pins.items()]


def _find_shadow(project: Project, name: str, pin: Pin) -> Shadow:
    project.check_node(name)
    others = {each for each in project.settings.pins if each != name}
    targets = [*project.targets(), name]
    graph = project.graph
    needed = graph.reach_up(targets, stop=project.settings.pins.__contains__)
    without = graph.reach_up(targets, stop=others.__contains__)
    hidden = tuple(each for each in graph.nodes if each in without - needed)
    return Shadow(name, pin, hidden, project.status([name], without_pin=name).steps[name].digest)
