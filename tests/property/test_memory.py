"""Whatever loaders keep in memory: an edit of a file concerns exactly the nodes that its content reaches."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from tests.property.memories import Project, Round, check_rounds, projects, rounds


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(projects(), rounds())
def test_memory_hides_nothing(project: Project, history: list[Round]) -> None:
    """Values are the sums of what the files hold; nobody else runs again."""
    check_rounds(project, history)
