"""Run a node twice from the same stored inputs, and say where its two values differ.

Stores nothing and records nothing. Knows artifacts and how a step is run, no plans and no files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dagbuild.executors.base import Work
from dagbuild.ground.digest import Digest
from dagbuild.ground.digits import tell
from dagbuild.ground.errors import InputError
from dagbuild.ground.filetree import ChangedSince
from dagbuild.ground.one_line import one_line
from dagbuild.ground.stamps import file_clock
from dagbuild.model.outcome import Done, Failure, Lost
from dagbuild.project.calls import KnownCalls, split_name
from dagbuild.report.failures import say_failure

if TYPE_CHECKING:
    from dagbuild.executors.worker import Worker
    from dagbuild.project.project import Project

_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of a value that came out in two ways: "column 'spend'", "['rate']", "the value"."""

    part: str
    first: str
    second: str

    def __str__(self) -> str:
        return f"{self.part}: {self.first} and {self.second}" if self.first else self.part


def check_determinism(project: Project, node: str) -> list[Difference]:
    """Run the node twice and return where the values differ; nothing when both are the same.

    Of one that is called for elements each call, or the one that is named: "page[17]". Upstream values are taken from
    the cache: raises InputError when one is not built, or when the node raises.
    """
    name, place = split_name(node)
    project.check_node(name)
    work = _make_work(project, name)
    if not (work.node.block or place):
        return _check(project, work)
    known = KnownCalls(*project.look_closely([name]), work.node)
    works = [
        replace(work, values={**work.values, **call.elements}, call=call.name)
        for call in ([known.get(place)] if place else known.all())
    ]
    return [
        replace(difference, part=difference.part if place else f"{each.name}, {difference.part}")
        for each in works
        for difference in _check(project, each)
    ]


def _check(project: Project, work: Work) -> list[Difference]:
    # Each is digested before the next run: a file may be written to the same place twice.
    worker = project.make_worker(watched=False)
    (first, digest, left), (second, other, again) = _run(project, worker, work), _run(project, worker, work)
    outputs = [Difference(f"output '{path}'", "", "") for path in left if left[path] != again.get(path)]
    if digest == other:
        return outputs
    found = list(_compare(project, first, second)) or [Difference("the value as it is stored", "", "")]
    return [*found, *outputs]


def _make_work(project: Project, node: str) -> Work:
    """Return the call that makes the node's value from stored ones, not to be kept."""
    request, _ = project.look([node], save=True)
    values, views = request.needs(node)
    found = {
        up: request.givens[up].artifact if up in request.givens else project.artifact(up) for up in values
    }
    nodes = project.graph.nodes
    places = {up: nodes[up].writes for up in found if up in nodes}
    return Work(nodes[node], found, views=tuple(nodes[view] for view in views), places=places)


def _run(project: Project, worker: Worker, work: Work) -> tuple[Any, Digest, Mapping[str, Digest]]:
    since = file_clock()
    match worker.run(work):
        case Done(value=value, outputs=outputs):
            takes = ChangedSince(since)
            digest = project.artifacts.encode(value, work.node.cache.format, takes)[0].digest
            return value, digest, outputs
        case Failure() as failure:
            raise InputError(f"'{work.name}' failed: {say_failure(failure)}", where=str(work.node.where))
        case Lost(upstream):
            names = ", ".join(f"'{name}'" for name in upstream)
            hint = f"dagbuild build {work.node.name}"
            raise InputError(f"the stored value of {names} cannot be read back", hint=hint)
    raise AssertionError("a step without a lease finds nothing")


def _digest(project: Project, value: Any) -> Digest:
    return project.artifacts.digest(value)


def _compare(project: Project, first: Any, second: Any) -> Iterator[Difference]:
    """Yield what differs: columns of tables, items of mappings and lists, else the whole."""
    if type(first) is not type(second):
        yield Difference("its type", type(first).__name__, type(second).__name__)
        return
    parts, others = _parts(first), _parts(second)
    if parts is None or others is None:
        yield Difference("the value", _short(first), _short(second))
        return
    if list(parts) != list(others):
        yield Difference("its columns, keys or order", _short(list(parts)), _short(list(others)))
    for name, part in parts.items():
        if name in others and _digest(project, part) != _digest(project, others[name]):
            yield Difference(name, _short(part), _short(others[name]))


def _parts(value: Any) -> Mapping[str, Any] | None:
    """Return the named parts of a value, or None when it has none."""
    if isinstance(value, Mapping):
        return {f"[{tell(key)}]": part for key, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return {f"[{place}]": part for place, part in enumerate(value)}
    columns = getattr(value, "columns", None)
    if columns is None or not hasattr(value, "__getitem__"):
        return None
    parts = {f"column {name!r}": value[name] for name in columns}
    if hasattr(value, "index"):
        parts["the index"] = value.index.to_frame(index=False)
    return parts


def _short(value: Any) -> str:
    shown = list(value[:3]) if hasattr(value, "dtype") and getattr(value, "shape", None) else value
    return one_line(shown, _SHOWN)
