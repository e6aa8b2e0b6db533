"""What a node gives does not hang on which others ran before it in the process."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from tests.property.order import check_order, find_alone, orders


def test_the_order_of_nodes_decides_nothing() -> None:
    """Nodes that set what a process has once, in any order with nodes that look at it: each gives what it gives alone."""
    alone = find_alone()

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(orders)
    def run(names: list[str]) -> None:
        check_order(names, alone)

    run()
