"""After any edit to any project, a cached build equals a clean one, and building again computes nothing."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from dagbuild.plan.events import How
from tests.property.builder import build, evaluate, loaded, tell
from tests.property.sketch import Edit, Sketch
from tests.property.strategies import edits, sketches

_count = itertools.count()


def check_history(first: Sketch, changes: list[Edit]) -> None:
    """Build after each edit into one cache, and hold what came of it against the promises."""
    with tempfile.TemporaryDirectory(prefix="dagbuild-property-") as scratch:
        folder, cache = Path(scratch, f"project_{next(_count)}"), Path(scratch, "cache")
        history: list[Sketch] = []
        built: set[str] = set()
        for change in (None, *changes):
            sketch = change.apply(history) if change else first
            history.append(sketch)

            with loaded(sketch, folder) as modules:
                result = build(sketch, modules, folder, cache)
                assert tell(result.values) == tell(evaluate(sketch, modules)), f"stale after {change}"
            if sketch.meaning in built:
                assert result.names(How.COMPUTED) == [], f"computed again after {change}"
            built.add(sketch.meaning)
            with loaded(sketch, folder) as modules:
                again = build(sketch, modules, folder, cache)
            assert again.names(How.COMPUTED) == [], f"computed twice after {change}"
            assert tell(again.values) == tell(result.values)
        with loaded(history[-1], folder) as modules:
            clean = build(history[-1], modules, folder, Path(scratch, "clean"))
        assert tell(clean.values) == tell(result.values)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sketches(), edits())
def test_a_cached_build_equals_a_clean_build(first: Sketch, changes: list[Edit]) -> None:
    """Whatever is edited: values are those of the functions themselves, and nothing known is computed again."""
    check_history(first, changes)
