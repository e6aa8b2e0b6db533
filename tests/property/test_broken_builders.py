"""A builder that forgets something must be caught: the property notices what each of these breaks."""

from __future__ import annotations

import decimal
import itertools
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextvars import copy_context
from types import ModuleType
from typing import Any

import pytest
from hypothesis import Phase, given, seed, settings

import dagbuild.code.fingerprint
import dagbuild.code.functions
import dagbuild.code.parsed
import dagbuild.codecs.frames
import dagbuild.observe.owners
import dagbuild.plan.request
import dagbuild.project.loaded
import dagbuild.shortcut.form_files
from dagbuild.code.closure import Closure, SourceReader
from dagbuild.code.seeds import GENERATORS
from dagbuild.code.walk import Walk
from dagbuild.executors.state.chance import Chance
from dagbuild.executors.state.keeper import Held, Hold
from dagbuild.ground.digest import Digest, digest_text
from dagbuild.model.node import Node
from dagbuild.model.record import Artifact, Key, Manifest, Part, make_key
from dagbuild.observe.memory import MemoryState, find_keepers
from dagbuild.observe.owners import Owners
from dagbuild.plan.request import IdOf, Request
from tests.property.builder import Here
from tests.property.edits import EDITS, MEANT
from tests.property.memories import Project, Round, check_rounds, projects, rounds
from tests.property.order import LOOK, LOUD, check_order, find_alone
from tests.property.order import seed as seed_generators
from tests.property.search import Search

Break = Callable[[pytest.MonkeyPatch], None]


def search(start: int, kinds: Collection[str] = MEANT) -> None:
    """Look for a history that breaks a promise; the first one found is told as it is, not made small."""
    Search(start=start).run(Here(), ("function", "class", "closure", "default"), kinds=kinds)


def ignore_helpers(patch: pytest.MonkeyPatch) -> None:
    """No helper's code counts."""
    closure = SourceReader.closure

    def blind(
        self: SourceReader, things: Sequence[Any], ignore: Sequence[Any] = (), **options: Any
    ) -> Closure:
        names = getattr(things[0], "__globals__", {})
        tools = names.get("tools")
        helpers = list(vars(tools).values()) if isinstance(tools, ModuleType) else []
        return closure(
            self, things, [*ignore, *(helper for helper in helpers if callable(helper))], **options
        )

    patch.setattr(SourceReader, "closure", blind)


def ignore_constants(patch: pytest.MonkeyPatch) -> None:
    """A module's constant counts as itself, whatever its value."""
    constant = Walk.constant

    def blind(self: Walk, names: Mapping[str, Any], name: str, value: Any) -> Any:
        return "some number" if isinstance(value, int) else constant(self, names, name, value)

    patch.setattr(Walk, "constant", blind)


def ignore_defaults(patch: pytest.MonkeyPatch) -> None:
    """The defaults of parameters do not count."""
    patch.setattr(dagbuild.code.functions, "_add_defaults", lambda *_: None)


def ignore_cells(patch: pytest.MonkeyPatch) -> None:
    """What a closure has captured does not count."""
    patch.setattr(dagbuild.code.functions, "_fill_cells", lambda *_: None)


def ignore_source(patch: pytest.MonkeyPatch) -> None:
    """A node is its name."""
    _change_parts(patch, lambda parts, _: [p._replace(counts=p.counts and p.kind != "source") for p in parts])


def ignore_upstream(patch: pytest.MonkeyPatch) -> None:
    """Upstream ids are not in the key."""
    patch.setattr(dagbuild.plan.request, "make_key", lambda fingerprint, _: make_key(fingerprint, ()))


def ignore_given_values(patch: pytest.MonkeyPatch) -> None:
    """Inputs, config values and overrides count by name only."""
    key = Request.key

    def blind(self: Request, name: str, id_of: IdOf, *others: Any) -> Key | None:
        return key(
            self, name, lambda up, columns: "given" if up in self.givens else id_of(up, columns), *others
        )

    patch.setattr(Request, "key", blind)


def _change_identity(patch: pytest.MonkeyPatch, change: Callable[[Any], dict[str, Any]]) -> None:
    identify = dagbuild.codecs.frames._identify
    patch.setattr(
        dagbuild.codecs.frames,
        "_identify",
        lambda selected, reader: {**(identity := identify(selected, reader)), **change(identity)},
    )


def ignore_a_column(patch: pytest.MonkeyPatch) -> None:
    """Of the columns that are taken of a table, the last one does not count."""
    _change_identity(patch, lambda identity: {"blocks": identity["blocks"][:-1]})


def ignore_the_index(patch: pytest.MonkeyPatch) -> None:
    """The index that comes with columns does not count."""
    _change_identity(patch, lambda _: {"index": None})


def ignore_attrs(patch: pytest.MonkeyPatch) -> None:
    """What a table has in `attrs` does not count where columns of it are taken."""
    _change_identity(patch, lambda _: {"attrs": None})


def ignore_the_choice(patch: pytest.MonkeyPatch) -> None:
    """Which columns a node takes does not count, and neither do they: only that it takes some."""
    patch.setattr(dagbuild.code.fingerprint, "_columns", lambda _: None)
    _change_identity(patch, lambda _: {"blocks": [], "columns": []})


def mix_up_values(patch: pytest.MonkeyPatch) -> None:
    """All values have the same digest, so that every run looks like one that changed nothing."""
    patch.setattr(Artifact, "digest", property(lambda _: Digest("xxh3-" + "0" * 32)))


def mix_up_parameters(patch: pytest.MonkeyPatch) -> None:
    """The digest of the upstreams forgets which parameter receives which."""

    def blind(fingerprint: Digest, upstream: Sequence[tuple[str, str]]) -> Key:
        return make_key(fingerprint, [("any", min(found for _, found in upstream))] if upstream else [])

    patch.setattr(dagbuild.plan.request, "make_key", blind)


def _change_parts(patch: pytest.MonkeyPatch, change: Callable[[tuple[Part, ...], Node], list[Part]]) -> None:
    make = dagbuild.code.fingerprint.make_manifests

    def changed(nodes: Iterable[Node], *others: Any, **options: Any) -> dict[str, Manifest]:
        kept = list(nodes)
        manifests = make(kept, *others, **options)
        return {node.name: Manifest(tuple(change(manifests[node.name].parts, node))) for node in kept}

    patch.setattr(dagbuild.project.loaded, "make_manifests", changed)


def count_places(patch: pytest.MonkeyPatch) -> None:
    """The place of a definition counts."""
    _change_parts(patch, lambda parts, node: [*parts, Part("source", "where", digest_text(str(node.where)))])


def count_time(patch: pytest.MonkeyPatch) -> None:
    """The moment counts."""
    clock = itertools.count()
    _change_parts(patch, lambda parts, _: [*parts, Part("source", "now", str(next(clock)))])


def leave_the_state(patch: pytest.MonkeyPatch) -> None:
    """What a node sets in the process stays set."""
    patch.setattr(Held, "_put_back", lambda _: [])


def share_the_context(patch: pytest.MonkeyPatch) -> None:
    """Nodes run in one context, and with one of decimal's."""
    shared = copy_context()
    shared.run(decimal.setcontext, decimal.getcontext().copy())  # not the caller's own
    patch.setattr(Held, "make_context", lambda _: shared)


def share_the_chance(patch: pytest.MonkeyPatch) -> None:
    """Each node draws on where the one before it has stopped."""
    patch.setattr(Chance, "begin", lambda *_: None)


LEAKING = (leave_the_state, share_the_context, share_the_chance)
"""What lets a node see what another has left in the process."""


def forget_what_is_in_memory(patch: pytest.MonkeyPatch) -> None:
    """A read belongs to the step that made it alone."""
    patch.setattr(Owners, "keep", lambda *_: None)


def trust_every_memory(patch: pytest.MonkeyPatch) -> None:
    """All that a step read belongs to all that may hold something, whoever was at work."""
    patch.setattr(MemoryState, "find_changes", lambda self: find_keepers(self._names))
    patch.setattr(dagbuild.observe.owners, "_may_keep", lambda *_: True)


def remember_by_name(patch: pytest.MonkeyPatch) -> None:
    """The form of a function is remembered from one process to the next, whatever the numbers in it are by then."""
    blind = lambda text: digest_text(re.sub(r"\d", "0", text))  # noqa: E731
    patch.setattr(dagbuild.shortcut.form_files, "digest_text", blind)
    patch.setattr(dagbuild.code.parsed, "key_of", lambda code: code.co_qualname)


STALE = {
    remember_by_name: 0,
    ignore_helpers: 7,
    ignore_constants: 0,
    ignore_defaults: 0,
    ignore_cells: 9,
    ignore_source: 0,
    ignore_upstream: 1,
    ignore_given_values: 7,
    mix_up_values: 1,
    mix_up_parameters: 12,
}
"""What breaks, and where the search starts: from there it soon comes upon it. From anywhere else it takes longer."""
STALE_TABLES = {ignore_a_column: 1, ignore_the_index: 1, ignore_attrs: 3, ignore_the_choice: 11}
"""What breaks where only tables and what is taken of them are edited."""
TWICE = {count_places: 5, count_time: 0}
MEMORY = {forget_what_is_in_memory: "stale after", trust_every_memory: "computed too much"}


@pytest.mark.parametrize(("damage", "start"), STALE.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_forgetful_builder_gives_stale_values(
    damage: Break, start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that forgets something gives an old value after some edit, and the property sees it."""
    damage(monkeypatch)

    with pytest.raises(AssertionError, match="stale after"):
        search(start)


@pytest.mark.parametrize(
    ("damage", "start"), STALE_TABLES.items(), ids=lambda value: getattr(value, "__name__", "")
)
def test_a_forgetful_builder_gives_values_of_other_tables(
    damage: Break, start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An excerpt's name that forgets something of the table gives an old value, and the property sees it."""
    damage(monkeypatch)

    with pytest.raises(AssertionError, match="stale after"):
        search(start, ("table", "columns"))


@pytest.mark.parametrize(("damage", "start"), TWICE.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_nervous_builder_computes_twice(damage: Break, start: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that counts too much computes again what no edit has changed, and the property sees it."""
    damage(monkeypatch)

    with pytest.raises(AssertionError, match="computed"):
        search(start, EDITS)


@pytest.mark.parametrize("damage", LEAKING, ids=lambda value: value.__name__)
def test_a_careless_builder_lets_nodes_see_each_other(damage: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    """State that is not put back makes the order of nodes matter, and the property sees it."""
    alone = find_alone()
    seed_generators()
    with Hold(lambda: GENERATORS), monkeypatch.context() as patch:  # which undoes what then leaks
        damage(patch)

        with pytest.raises(AssertionError, match="depends on what ran before it"):
            check_order([*(f"loud_{name}" for name in LOUD), *(f"look_{name}" for name in LOOK)], alone)


@pytest.mark.parametrize(("damage", "told"), MEMORY.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_builder_that_mistakes_whose_a_read_is(
    damage: Break, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is owed too little is stale after some edit of a file, who is owed too much runs for nothing."""
    damage(monkeypatch)

    @seed(0)
    @settings(max_examples=100, deadline=None, database=None, phases=[Phase.generate])
    @given(projects(), rounds())
    def run(project: Project, history: list[Round]) -> None:
        check_rounds(project, history)

    with pytest.raises(AssertionError, match=told):
        run()
