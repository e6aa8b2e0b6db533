"""Build a project after each of its edits, and hold what comes of it against the promises.

A bench builds, in this process or in others; this file knows nothing of how. What breaks a promise is told with the
whole project and the last edit, so that it can be played by hand.
"""

from __future__ import annotations

import difflib
import itertools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.property.edits import Edit
from tests.property.sketch import Sketch

_count = itertools.count()


@dataclass(frozen=True)
class Built:
    """What a build gave: the targets' values, the nodes that ran, and those that ran again after a reload."""

    values: str
    computed: list[str]
    reloaded: list[str]


class Bench(Protocol):
    """Where sketches that are written out are built."""

    def build(self, sketch: Sketch, folder: Path, cache: Path) -> Built:
        """Build all targets."""
        ...

    def expect(self, sketch: Sketch, folder: Path, cache: Path) -> str:
        """Return the values that a build from nothing gives; the cache is a new one."""
        ...


def check_history(first: Sketch, changes: Sequence[Edit], bench: Bench) -> None:
    """Build after each edit into one cache: values are those of a clean build, nothing known is computed again."""
    with tempfile.TemporaryDirectory(prefix="dagbuild-property-") as scratch:
        number, cache = next(_count), Path(scratch, "cache")
        history: list[Sketch] = []
        expected: dict[str, str] = {}
        for step, change in enumerate((None, *changes)):
            sketch = change.apply(history) if change else first
            history.append(sketch)
            folder = Path(scratch, f"project_{number}_{sketch.place}")
            folder.mkdir(exist_ok=True)
            sketch.write(folder)

            built = bench.build(sketch, folder, cache)
            meaning = sketch.meaning
            known = meaning in expected
            if not known:
                expected[meaning] = bench.expect(sketch, folder, Path(scratch, f"clean_{step}"))
            told = _tell(history, changes[:step])
            assert built.values == expected[meaning], (
                f"stale after {change}: {built.values} instead of {expected[meaning]}{told}"
            )
            if known:
                assert not built.computed, f"{built.computed} computed again after {change}{told}"
            assert not built.reloaded, f"{built.reloaded} computed twice, with a reload, after {change}{told}"
            again = bench.build(sketch, folder, cache)
            assert not again.computed, f"{again.computed} computed twice after {change}{told}"
            assert again.values == built.values, f"another value the second time after {change}{told}"


def _tell(history: Sequence[Sketch], changes: Sequence[Edit]) -> str:
    """Return the project as it was and what the last edit did to it."""
    before, after = history[-2] if len(history) > 1 else history[-1], history[-1]
    lines = ["", *(f"edit {number}: {change}" for number, change in enumerate(changes, 1))]
    for name, text in before.texts().items():
        lines += [f"--- {name}", text]
    old, new = (
        [f"{name}: {line}" for name, text in s.texts().items() for line in text.splitlines()]
        for s in (before, after)
    )
    lines += ["the last edit:", *difflib.unified_diff(old, new, n=0, lineterm="")]
    for about in ("config", "inputs", "overrides", "variables", "targets"):
        lines.append(f"{about}: {getattr(before, about)} -> {getattr(after, about)}")
    return "\n".join(lines)
