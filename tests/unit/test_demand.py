"""What is ready, and no longer when a value that it was ready for is taken back."""

from __future__ import annotations

from dagbuild.build.ready import Demand
from dagbuild.model.record import Artifact
from dagbuild.plan.plan import make_plan
from tests.unit.test_graph import make_graph
from tests.unit.test_plan import FakeLookup, make_request


def test_a_step_that_was_ready_waits_for_a_value_that_was_taken_back() -> None:
    """It would be run without the value otherwise."""
    request = make_request(make_graph(a="x", b="a", c="a", d="b c"), "d", {})
    demand = Demand(request, make_plan(request, FakeLookup()), lambda _name, _record: None)
    demand.want("d")
    for names in ({"a"}, {"b", "c"}):
        ready = {demand.pop() for _ in names}
        assert ready == names
        for name in sorted(names):
            demand.choose(name, Artifact("plain/1", name))

    demand.revoke("b")  # `d` is ready by now
    demand.want("b")

    assert [demand.pop(), demand.pop()] == ["b", None]
    demand.choose("b", Artifact("plain/1", "another"))
    assert [demand.pop(), demand.pop()] == ["d", None]
