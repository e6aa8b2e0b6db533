"""Build sketches in processes of their own, forked from a warm one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from tests.property.history import Built
from tests.property.sketch import Sketch
from tests.warm import Warm


class Processes:
    """Builds each sketch as a user's process would; `damage` names what is broken on purpose in it."""

    def __init__(self, warm: Warm, damage: str = "") -> None:
        self._warm = warm
        self._damage = damage

    def build(self, sketch: Sketch, folder: Path, cache: Path) -> Built:
        """Build all targets in one process, and once more with the modules reloaded."""
        told = self._play(sketch, folder, cache, 2, self._damage)
        return Built(told["values"], *told["rounds"])

    def expect(self, sketch: Sketch, folder: Path, cache: Path) -> str:
        """Build from nothing in another process."""
        return str(self._play(sketch, folder, cache, 1, "")["values"])

    def _play(self, sketch: Sketch, folder: Path, cache: Path, rounds: int, damage: str) -> Any:
        result, output = cache.with_name("result.json"), cache.with_name("output.txt")
        job = {
            "folder": str(folder),
            "files": sketch.files,
            "modules": ["constants", *sketch.tools, *sketch.files],
            "config": sketch.used_config,
            "inputs": sketch.used_inputs,
            "overrides": {
                name: value.to_dict("list") if isinstance(value, pd.DataFrame) else value
                for name, value in sketch.given_overrides.items()
            },
            "targets": sketch.targets,
            "cache": str(cache),
            "rounds": rounds,
            "damage": damage,
            "result": str(result),
        }
        kept = {
            name: text
            for name, text in os.environ.items()
            if not name.startswith(("PYTHON", "DAGBUILD", "PYTEST", "COV"))
        }
        env = {**kept, "PYTHONDONTWRITEBYTECODE": "1", **sketch.variables}
        result.unlink(missing_ok=True)
        status = self._warm.play(job, env, folder, output)
        assert not status, f"the process ended with {status}: {output.read_text(errors='replace')[-6000:]}"
        return json.loads(result.read_text())


@contextmanager
def warm_player() -> Iterator[Warm]:
    """Give what forks processes that build."""
    with closing(Warm(Path(__file__).with_name("player.py"))) as warm:
        yield warm
