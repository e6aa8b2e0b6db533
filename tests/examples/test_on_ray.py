"""The examples on a Ray cluster: the very values that processes of this machine make, and one cache for both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dagbuild.plan.events import BuildResult, How
from tests.support import build

pytestmark = pytest.mark.xdist_group("ray")

TARGETS = {
    "paper": ("forecast",),
    "forecast": ("evaluation", "weekly_forecast", "busiest_airlines", "plot"),
}
"""What each of them is asked for: its own targets, and what else is made of them."""


def find_digests(result: BuildResult) -> dict[str, str]:
    """Return the digest of each node's value, computed or not."""
    return {name: step.record.artifact.digest for name, step in result.steps.items() if step.record}


@pytest.mark.parametrize("example", TARGETS)
def test_is_the_same_on_ray(
    local_ray: None, tmp_path: Path, copy_to: Callable[[str, Path], Path], example: str
) -> None:
    """Each value byte for byte, fitted models and pictures too; whichever built first, neither computes again."""
    made = {}
    for first, second in (("ray", "local"), ("local", "ray")):
        folder = copy_to(example, tmp_path / first)

        built = build(folder, *TARGETS[example], executor=first)
        again = [build(folder, *TARGETS[example], executor=executor) for executor in (second, first)]

        assert set(built.names(How.COMPUTED)) == set(built.plan.steps)
        assert [other.names(How.COMPUTED) for other in again] == [[], []]
        made[first] = find_digests(built)
        assert [find_digests(other) for other in again] == [made[first]] * 2
    assert made["ray"] == made["local"]
