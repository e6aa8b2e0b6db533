"""Functions with decorators behave as the plain functions that somebody would write by hand for their nodes."""

from __future__ import annotations

import difflib
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dagbuild import Driver
from dagbuild.code import fingerprint
from dagbuild.code.fingerprint import make_manifests
from dagbuild.model.node import PASS_ON
from dagbuild.model.record import Manifest
from dagbuild.plan.events import How
from dagbuild.plan.plan import Status, Step
from dagbuild.project import loaded
from tests.property.builder import importing
from tests.property.decorated import Decorated, make_project
from tests.property.decorated_edits import EDITS
from tests.property.plain import spell


@dataclass
class Built:
    """What `status` said of each node, which calls were made of it, and its value."""

    status: dict[str, str]
    certain: set[str]
    calls: dict[str, int]
    values: dict[str, Any]


def build(
    texts: Mapping[str, str],
    project: Decorated,
    targets: list[str],
    folder: Path,
    cache: Path | None,
    executor: str,
) -> Built:
    """Build what is written, as a new process would."""
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        folder.joinpath(f"{name}.py").write_text(text)
    top = "nodes" if "nodes" in texts else "plain"
    with importing(list(texts), folder, [top]) as modules:
        driver = Driver(project.used_config, *modules, cache=cache, root=folder, executor=executor)
        try:
            plan = driver.status(targets, inputs=project.inputs)
            result = driver.build(targets, inputs=project.inputs)
        finally:
            driver.project.close()
    computed = {name: result.steps[name] for name in result.names(How.COMPUTED)}
    return Built(
        {name: step.status.value for name, step in plan.steps.items()},
        {name for name, step in plan.steps.items() if is_certain(step, bool(project.titles))},
        {name: step.calls[0] if step.calls else 1 for name, step in computed.items()},
        {name: tell(result.values[name]) for name in targets},
    )


def is_certain(step: Step, renamed: bool) -> bool:
    """Tell whether a node that `status` says is not fresh runs in any case.

    Not so: one that was never built under its name, where names have changed: it may be found under an older one when
    what is above it is known. Nor one that is called for elements, of which all may be known.
    """
    sure = {Status.STALE} if renamed else {Status.STALE, Status.MISSING}
    return step.status in sure and step.width is None


def tell(value: Any) -> Any:
    """Return what is compared of a value: of what a check found, whether it passes."""
    if isinstance(value, pd.DataFrame):
        return value.to_dict("tight")
    if isinstance(value, pd.Series):
        return value.to_dict()
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], bool):
        return value[0]
    if isinstance(value, list):
        return [tell(each) for each in value]
    return getattr(value, "passes", value)


def check_project(
    seed: int, edits: int = 3, executor: str = "inline", kinds: Sequence[str] = tuple(EDITS)
) -> None:
    """Edit a project and what stands for it side by side, and build both after each edit."""
    chance = random.Random(seed)
    history, done = [make_project(seed)], ["none"]
    with tempfile.TemporaryDirectory(prefix="dagbuild-property-") as scratch:
        while True:
            try:
                _compare(history[-1], Path(scratch), chance, executor)
            except Exception as error:
                raise AssertionError(f"{error}{_tell(seed, done, history)}") from error
            if len(done) > edits:
                return
            done.append(chance.choice(kinds))
            history.append(EDITS[done[-1]](history, chance))


def _compare(project: Decorated, folder: Path, chance: random.Random, executor: str) -> None:
    """Build both forms into their caches, and say where they differ."""
    nodes = [each.node for each in project.plain if not each.view]
    nodes = [name for name in nodes if chance.random() < 0.7] or nodes
    decorated = folder / "decorated"
    texts = project.write_decorated()
    ours = build(texts, project, nodes, decorated, folder / "cache", executor)
    plain = build(
        project.write_plain(),
        project,
        list(map(spell, nodes)),
        folder / "plain",
        folder / "plain_cache",
        executor,
    )

    for what in ("values", "calls", "status"):
        mine, other = (
            {spell(n): each for n, each in getattr(built, what).items()} for built in (ours, plain)
        )
        differ = {n: (mine.get(n), other.get(n)) for n in mine | other if mine.get(n) != other.get(n)}
        assert not differ, f"{what}, with decorators and without: {differ}"
    missaid = find_missaid(ours)
    assert not missaid, f"status said {missaid}, and these ran: {sorted(ours.calls)}"
    if chance.random() < 0.5:
        clean = build(texts, project, nodes, decorated, None, "inline")
        stale = {n: (value, clean.values[n]) for n, value in ours.values.items() if value != clean.values[n]}
        assert not stale, f"values, from the cache and from nothing: {stale}"


def _tell(seed: int, done: list[str], history: list[Decorated]) -> str:
    """Return the project, what was done to it, and what the last edit changed."""
    lines = [f"\nseed {seed}, edits {done}", "the last edit:"]
    before, after = (
        {**each.write_decorated(), **each.write_plain()} for each in (history[-2:][0], history[-1])
    )
    for name, text in after.items():
        old = before.get(name, "").splitlines()
        lines += (
            f"{name}: {line}" for line in difflib.unified_diff(old, text.splitlines(), n=0, lineterm="")
        )
    lines += [
        f"{history[-1].used_config} {history[-1].inputs}",
        *(f"--- {name}\n{text}" for name, text in after.items()),
    ]
    return "\n".join(lines)


def find_missaid(built: Built) -> dict[str, str]:
    """Return what was said to run and did not, or ran though nothing was said of it."""
    return {
        name: said
        for name, said in built.status.items()
        if (name in built.certain and name not in built.calls) or (said == "fresh" and name in built.calls)
    }


PARTS = 4
"""So that they can be played side by side."""


@pytest.mark.parametrize("part", range(PARTS))
def test_behaves_as_what_is_written_by_hand(part: int, request: pytest.FixtureRequest) -> None:
    """What runs after any edit, what stays, what `status` said of it, and which values come out."""
    wanted, start = request.config.getoption("--histories"), request.config.getoption("--seed")
    count = wanted or (200 if request.config.getoption("--thorough") else 24)
    for seed in range(start + part, start + count, PARTS):
        check_project(seed, executor="local" if seed % 8 == 7 else "inline")


def forget_values(patch: pytest.MonkeyPatch) -> None:
    """What decorators give parameters does not count: an entry of `parameterize`, an argument of a step."""
    patch.setattr(fingerprint, "_bound_values", lambda _: iter(()))


def forget_steps(patch: pytest.MonkeyPatch) -> None:
    """Of what decorators give parameters, what a step is given does not count."""
    bound = fingerprint._bound_values
    patch.setattr(
        fingerprint,
        "_bound_values",
        lambda node: iter(()) if node.is_inner and not node.operation else bound(node),
    )


def forget_what_is_given_within(patch: pytest.MonkeyPatch) -> None:
    """What a graph within a node is given as inputs and config does not count."""
    bound = fingerprint._bound_values
    patch.setattr(
        fingerprint, "_bound_values", lambda node: iter(()) if node.operation == PASS_ON else bound(node)
    )


def forget_sources(patch: pytest.MonkeyPatch) -> None:
    """Of what dagbuild runs around a function, neither that nor anything else it was given counts."""

    def make(nodes: Any, *args: Any, **options: Any) -> dict[str, Manifest]:
        return make_manifests([replace(n, sources=()) if n.operation else n for n in nodes], *args, **options)

    patch.setattr(loaded, "make_manifests", make)


def count_names(patch: pytest.MonkeyPatch) -> None:
    """What dagbuild runs around a function counts under its name only."""
    patch.setattr(fingerprint, "_list_called", lambda node: (node.operation.strip,) if node.operation else ())


BROKEN: Mapping[Callable[[pytest.MonkeyPatch], None], str] = {
    forget_values: "what is given by a decorator",
    forget_steps: "what is given to a step",
    forget_what_is_given_within: "what is given to a graph within",
    forget_sources: "anything said",
    count_names: "name",
}
"""What is broken on purpose, and an edit that shows it."""


@pytest.mark.parametrize("damage", BROKEN, ids=lambda damage: damage.__name__)
def test_what_is_broken_on_purpose_is_noticed(
    damage: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(monkeypatch)

    with pytest.raises(AssertionError, match=r"with decorators and without|from the cache and from nothing"):
        for seed in range(40):
            check_project(seed, 1, kinds=[BROKEN[damage]])
