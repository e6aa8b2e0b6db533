"""Plain functions that stand for the nodes which decorators make, one for each: what somebody would write by hand.

Knows no decorators. A node with a dot in its name, `spend.with_clean`, is a function with two underscores there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from string import Template

TAKEN = re.compile(r"<([\w.]+):([^<>=]+)(=\d+)?>")
"""In an argument, a node that is taken, with its annotation and default: `<spend:int>`."""


@dataclass(frozen=True)
class Plain:
    """One function: its `text` returns `$parameter`s, which are `arguments`: literals, nodes that are taken, or both.

    `maker`: it calls the function that was decorated. `view`: it is never cached. `expands`: it gives elements.
    """

    node: str
    text: str
    arguments: Mapping[str, str]
    type: str = "int"
    maker: bool = False
    view: bool = False
    expands: bool = False

    @property
    def expression(self) -> str:
        """What it returns, with the nodes that it takes in their marks."""
        return Template(self.text).substitute(self.arguments)

    @property
    def taken(self) -> dict[str, tuple[str, str]]:
        """The nodes that it takes, with annotation and default."""
        return {name: (kind, default) for name, kind, default in TAKEN.findall(self.expression)}

    def with_argument(self, parameter: str, argument: str) -> Plain:
        """Return it with another argument."""
        return replace(self, arguments={**self.arguments, parameter: argument})

    def taking_within(self, namespace: str, names: Collection[str]) -> Plain:
        """Return it as it takes the nodes of these names that are within another node."""

        def move(found: re.Match[str]) -> str:
            name, kind, default = found.groups()
            return take(f"{namespace}.{name}" if name in names else name, kind, default or "")

        return replace(self, arguments={name: TAKEN.sub(move, text) for name, text in self.arguments.items()})

    def under(self, namespace: str, names: Collection[str]) -> Plain:
        """Return it within another node, where these names are, too."""
        return replace(self.taking_within(namespace, names), node=f"{namespace}.{self.node}")

    def write(self, in_block: bool) -> str:
        """Return the function; where it is called for elements, nothing is a view."""
        ordered = sorted(self.taken.items(), key=lambda each: bool(each[1][1]))
        parameters = ", ".join(f"{spell(name)}: {kind}{default}" for name, (kind, default) in ordered)
        result = f"Parallelizable[{self.type}]" if self.expands else self.type
        never = '@cache("never")\n' if self.view and not in_block else ""
        body = TAKEN.sub(lambda found: spell(found[1]), self.expression)
        return f"{never}def {spell(self.node)}({parameters}) -> {result}:\n    return {body}\n"


def take(name: str, kind: str = "int", default: str = "") -> str:
    """Return the mark of a node that is taken."""
    return f"<{name}:{kind}{default}>"


def spell(node: str) -> str:
    """Return what the function of a node is called."""
    return node.replace(".", "__")


def find_last(nodes: Sequence[Plain]) -> list[Plain]:
    """Return those that no other of them takes."""
    taken = {name for each in nodes for name in each.taken}
    return [each for each in nodes if each.node not in taken]


def replace_last(nodes: Sequence[Plain], change: Callable[[Plain], list[Plain]]) -> list[Plain]:
    """Return the nodes with others in the places of the last ones."""
    last = {each.node for each in find_last(nodes)}
    return [made for each in nodes for made in (change(each) if each.node in last else [each])]


def write_all(nodes: Sequence[Plain]) -> str:
    """Return the functions of all nodes, each a view only where it is not called for elements."""
    block = {each.node for each in nodes if each.expands}
    for _ in nodes:  # they stand in any order, and no way is longer
        block |= {
            each.node
            for each in nodes
            if any(name in block and not kind.startswith("Collect") for name, (kind, _) in each.taken.items())
        }
    return "\n".join(each.write(each.node in block) for each in nodes)
