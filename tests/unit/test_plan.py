"""What the planner decides, from records alone."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

import pytest

from dagbuild.ground.digest import digest_text
from dagbuild.model.graph import Graph
from dagbuild.model.node import CachePolicy
from dagbuild.model.record import Artifact, BlobRef, Key, Manifest, Part, Record
from dagbuild.plan.plan import Decision, Plan, Status, Whereabouts, make_plan
from dagbuild.plan.reasons import Reason
from dagbuild.plan.renames import find_under_old_names
from dagbuild.plan.request import Given, Request
from tests.unit.test_graph import make_graph


class FakeLookup:
    """Records in a dict; counts what is asked."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.gone: set[BlobRef] = set()
        self.unreadable: dict[str, str] = {}
        self.altered: set[str] = set()
        self.asked: list[int] = []

    def find(self, keys: Collection[Key], *, carried: str = "") -> dict[Key, Record]:
        self.asked.append(len(keys))
        found: dict[Key, Record] = {}
        for record in self.records:
            for key in (record.deep, record.content):
                if key in keys:
                    found.setdefault(key, record)
        return found

    def find_alike(
        self, content: Key, unnamed: Key | None, name: str, present: Collection[str]
    ) -> Record | None:
        known = self.find([content]).get(content)
        records = [record for record in self.records if unnamed and record.unnamed == unnamed]
        return known or next(iter(find_under_old_names(records, name, present)), None)

    def find_changed(self, record: Record) -> tuple[Reason, ...]:
        return ()

    def find_latest(self, nodes: Collection[str], count: int = 1) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = {}
        for record in self.records:
            if record.node in nodes:
                found[record.node] = [record, *found.get(record.node, ())][:count]
        return found

    def find_elements(self, artifact: Artifact) -> list[Artifact] | None:
        return None

    def place(self, refs: Iterable[BlobRef]) -> Whereabouts:
        return Whereabouts.NOWHERE if self.gone & set(refs) else Whereabouts.LOCAL

    def find_obstacle(self, artifact: Artifact) -> str | None:
        return self.unreadable.get(artifact.digest)

    def find_altered(self, declared: Sequence[str], artifact: Artifact) -> tuple[Reason, ...]:
        there = {output.path for output in artifact.outputs} - self.altered
        return tuple(Reason(f"output changed: {path}", "changed") for path in declared if path not in there)


def make_manifest(name: str, code: str) -> Manifest:
    return Manifest(
        (Part("node", name, name), Part("source", "", code), Part("helper", name, code, counts=False))
    )


def make_request(graph: Graph, targets: str, code: dict[str, str], x: str = "1", forced: str = "") -> Request:
    givens = {name: Given(name, "config", digest_text(x), Artifact("plain/1", x), x) for name in graph.inputs}
    manifests = {name: make_manifest(name, code.get(name, "v1")) for name in graph.nodes}
    return Request(graph, tuple(targets.split()), givens, manifests, dict.fromkeys(forced.split(), "forced"))


def build(request: Request, lookup: FakeLookup, values: dict[str, str] | None = None) -> list[str]:
    """Play a build: what the plan runs gets a record, with the value that `values` says or one of its key's."""
    plan = make_plan(request, lookup)
    made = {name: given.artifact for name, given in request.givens.items()}
    ran = []
    for name in request.order:
        step = plan.steps[name]
        content = request.content(name, made.get)
        assert content is not None
        record = lookup.find([content]).get(content)
        if record is None or (step.decision is Decision.RUN and name in request.forced):
            ran.append(name)
            value = (values or {}).get(name, content)
            ups = {up: made[up].digest for up in request.upstream(name)}
            artifact = Artifact("plain/1", value, (BlobRef(digest_text(value), 1),))
            record = Record(name, request.deep[name], content, request.manifest(name), artifact, ups)
        made[name] = record.artifact
        lookup.records.append(replace(record, deep=request.deep[name], manifest=request.manifest(name)))
    return ran


GRAPH = make_graph(a="x", b="a", c="a", d="b c", other="x")


@pytest.fixture
def lookup() -> FakeLookup:
    return FakeLookup()


def statuses(plan: Plan) -> dict[str, str]:
    return {name: step.status.value for name, step in plan.steps.items()}


def test_nothing_built_yet_runs_what_the_target_needs(lookup: FakeLookup) -> None:
    """Other nodes are not in the plan."""
    plan = make_plan(make_request(GRAPH, "d", {}), lookup)

    assert set(plan.names(Decision.RUN)) == {"a", "b", "c", "d"}
    assert plan.with_status(Status.MISSING) == plan.names(Decision.RUN)


def test_after_a_build_the_target_is_reused_and_the_rest_skipped(lookup: FakeLookup) -> None:
    """One question answers for all nodes, and only the target's value is needed."""
    request = make_request(GRAPH, "d", {})
    build(request, lookup)
    lookup.asked.clear()

    plan = make_plan(request, lookup)

    assert plan.names(Decision.REUSE) == ["d"]
    assert set(plan.names(Decision.SKIP)) == {"a", "b", "c"}
    assert lookup.asked == [4]


def test_changed_code_makes_the_node_stale_and_what_is_below_affected(lookup: FakeLookup) -> None:
    """The reason names the helper; what is beside the change stays fresh."""
    build(make_request(GRAPH, "d", {}), lookup)

    plan = make_plan(make_request(GRAPH, "d", {"b": "v2"}), lookup)

    assert statuses(plan) == {"a": "fresh", "b": "stale", "c": "fresh", "d": "affected"}
    assert str(plan.steps["b"].reasons[0]) == "helper `b` changed"
    assert str(plan.steps["d"].reasons[0]) == "upstream `b` is stale"


def test_nodes_that_may_find_what_is_known_are_affected_whatever_was_built_last(lookup: FakeLookup) -> None:
    """Code that was edited and put back: below what is stale it may give what was built before the edit."""
    build(make_request(GRAPH, "d", {}), lookup)
    build(make_request(GRAPH, "d", {"b": "v2"}), lookup)

    plan = make_plan(make_request(GRAPH, "d", {}, x="2"), lookup)

    assert statuses(plan) == {"a": "stale", "b": "affected", "c": "affected", "d": "affected"}
    assert list(map(str, plan.steps["b"].reasons)) == ["upstream `a` is stale"]


def test_config_that_chose_the_same_makes_nothing_stale_below_a_change(lookup: FakeLookup) -> None:
    """What a decorator asked for, and what came of it as before, is no reason."""

    def make(mode: str, code: str) -> Request:
        request = make_request(GRAPH, "d", {"a": code})
        asked = Part("config", "mode", mode, mode, counts=False)
        chosen = {
            name: Manifest((*manifest.parts, asked, Part("recipe", "call", "call")))
            for name, manifest in request.manifests.items()
        }
        return replace(request, manifests=chosen)

    build(make("on", "v1"), lookup)

    plan = make_plan(make("off", "v2"), lookup)

    assert statuses(plan) == {"a": "stale", "b": "affected", "c": "affected", "d": "affected"}
    assert "config mode: on -> off" in map(str, plan.steps["a"].reasons)
    assert list(map(str, plan.steps["b"].reasons)) == ["upstream `a` is stale"]


def test_changed_given_value_is_told_with_both_values(lookup: FakeLookup) -> None:
    """A config value in the user's words."""
    build(make_request(GRAPH, "d", {}), lookup)

    plan = make_plan(make_request(GRAPH, "d", {}, x="2"), lookup)

    assert str(plan.steps["a"].reasons[0]) == "config x: 1 -> 2"


def test_early_cutoff_by_content_key(lookup: FakeLookup) -> None:
    """When a changed node gives the value it gave before, what is below is fresh by its content key."""
    build(make_request(GRAPH, "d", {}, x="1"), lookup, values={"a": "same"})
    second = make_request(GRAPH, "d", {"a": "v2"})

    assert build(second, lookup, values={"a": "same"}) == ["a"]
    assert make_plan(second, lookup).clean


def test_going_back_is_a_hit(lookup: FakeLookup) -> None:
    """Old records stay."""
    first = make_request(GRAPH, "d", {})
    build(first, lookup)
    build(make_request(GRAPH, "d", {"a": "v2"}), lookup)

    assert make_plan(first, lookup).clean


def test_missing_blob_of_a_target_runs_its_maker_only(lookup: FakeLookup) -> None:
    """Upstreams whose values are there are reused."""
    request = make_request(GRAPH, "d", {})
    build(request, lookup)
    lookup.gone = {ref for record in lookup.records if record.node == "d" for ref in record.artifact.blobs}

    plan = make_plan(request, lookup)

    assert plan.names(Decision.RUN) == ["d"]
    assert plan.steps["d"].status is Status.MISSING
    assert set(plan.names(Decision.REUSE)) == {"b", "c"}


def test_missing_blob_of_a_value_that_nobody_needs_is_no_matter(lookup: FakeLookup) -> None:
    """Only what a running node or the user needs must be there."""
    request = make_request(GRAPH, "d", {})
    build(request, lookup)
    lookup.gone = {ref for record in lookup.records if record.node == "a" for ref in record.artifact.blobs}

    assert make_plan(request, lookup).clean


def digest_of(lookup: FakeLookup, node: str) -> str:
    return next(record.artifact.digest for record in lookup.records if record.node == node)


@pytest.mark.parametrize("code", [{}, {"d": "v2"}])
def test_value_that_cannot_be_read_here_is_made_again_where_it_is_needed(
    lookup: FakeLookup, code: dict[str, str]
) -> None:
    """For the user who asks for it, and for a node that runs; the reason says what to do about it."""
    build(make_request(GRAPH, "d", {}), lookup)
    node = "b" if code else "d"
    lookup.unreadable[digest_of(lookup, node)] = "install polars"

    plan = make_plan(make_request(GRAPH, "d", code), lookup)

    assert set(plan.names(Decision.RUN)) == {node, "d"}
    assert plan.steps[node].status is Status.MISSING
    assert [str(reason) for reason in plan.steps[node].reasons] == [
        "its value cannot be read here: install polars"
    ]


def test_value_that_cannot_be_read_and_nobody_needs_is_fresh(lookup: FakeLookup) -> None:
    """What is made from it is as right as ever."""
    request = make_request(GRAPH, "d", {})
    build(request, lookup)
    lookup.unreadable[digest_of(lookup, "a")] = "install polars"

    plan = make_plan(request, lookup)

    assert plan.clean
    assert plan.steps["a"].status is Status.FRESH


def test_forced_node_runs_and_what_is_below_waits_for_its_value(lookup: FakeLookup) -> None:
    """Below a forced node nothing is decided before its new value is known."""
    request = make_request(GRAPH, "d", {})
    build(request, lookup)

    plan = make_plan(make_request(GRAPH, "d", {}, forced="b"), lookup)

    assert set(plan.names(Decision.RUN)) == {"b", "d"}
    assert plan.steps["d"].status is Status.AFFECTED


def test_given_node_hides_what_is_above_it(lookup: FakeLookup) -> None:
    """Upstream that is reached only through an override is not planned."""
    request = make_request(GRAPH, "d", {})
    override = Given("b", "override", digest_text("b"), Artifact("plain/1", "b"), "b.csv")
    plan = make_plan(replace(request, givens={**request.givens, "b": override}), lookup)

    assert plan.steps["b"].status is Status.PINNED
    assert set(plan.names(Decision.RUN)) == {"a", "c", "d"}


def test_override_with_the_value_that_would_be_computed_changes_nothing_below(lookup: FakeLookup) -> None:
    """An id of a given value is its digest, so the content key is the same."""
    request = make_request(GRAPH, "d", {})
    build(request, lookup)
    made = next(record.artifact for record in lookup.records if record.node == "b")
    override = Given("b", "override", made.digest, made, "")

    plan = make_plan(replace(request, givens={**request.givens, "b": override}), lookup)

    assert plan.clean


def test_never_cached_node_runs_inside_the_steps_that_need_it(lookup: FakeLookup) -> None:
    """A view has no step of its own to run, and its code still counts below it."""
    node = replace(GRAPH.nodes["b"], cache=CachePolicy(never=True))
    graph = Graph({**GRAPH.nodes, "b": node}, GRAPH.inputs)
    build(make_request(graph, "d", {}), lookup)

    plan = make_plan(make_request(graph, "d", {"b": "v2"}), lookup)

    assert make_request(graph, "d", {}).needs("d") == (["a", "c"], ["b"])
    assert plan.names(Decision.RUN) == ["d"]


def test_long_chain_is_planned_in_one_question(lookup: FakeLookup) -> None:
    """However deep the graph is, stores are asked for all deep keys at once."""
    length = 10_000
    graph = make_graph(n0="x", **{f"n{i}": f"n{i - 1}" for i in range(1, length)})

    plan = make_plan(make_request(graph, f"n{length - 1}", {}), lookup)

    assert len(plan.names(Decision.RUN)) == length
    assert lookup.asked[0] == length
    assert len(lookup.asked) < 3
