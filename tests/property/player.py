"""Build a sketch that is written out, forked from a warm process: a JOB with what is to be built and how it is broken.

Builds twice in the process: once as it is, once with its modules reloaded, as a notebook does. Knows no sketches.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dagbuild import Driver
from dagbuild.plan.events import How
from tests.property import damages
from tests.property.telling import tell


def build(job: Any) -> dict[str, Any]:
    """Return the values and which nodes ran."""
    sys.path.insert(0, job["folder"])
    modules = [importlib.import_module(name) for name in job["files"]]
    overrides = {
        name: pd.DataFrame(value) if isinstance(value, dict) else value
        for name, value in job["overrides"].items()
    }
    rounds: list[list[str]] = []
    values: list[str] = []
    for _ in range(job["rounds"]):
        if rounds:
            for name in job["modules"]:
                if name in sys.modules:
                    importlib.reload(sys.modules[name])
        # What is broken on purpose shows in one process; how many steps share another hangs on how long they take.
        executor = "inline" if job["damage"] else "local"
        driver = Driver(job["config"], *modules, cache=job["cache"], root=job["folder"], executor=executor)
        try:
            result = driver.build(job["targets"], inputs=job["inputs"], overrides=overrides)
        finally:
            driver.project.close()
        rounds.append(result.names(How.COMPUTED))
        values.append(tell(result.values, job["targets"]))
    assert len(set(values)) == 1, f"another value after a reload: {values}"
    return {"values": values[0], "rounds": rounds}


def play(job: Any) -> None:
    """Do the job, and write what came of it where it says."""
    if job["damage"]:
        damage, _ = damages.DAMAGES[job["damage"]]
        damage(pytest.MonkeyPatch())
    Path(job["result"]).write_text(json.dumps(build(job)))


def sample(folder: Path) -> Any:
    """Return a small job, so that a warm process sees what is imported for one."""
    folder.joinpath("sample.py").write_text(
        "import pandas as pd\n\ndef a(x: int) -> pd.DataFrame:\n    return pd.DataFrame({'a': [x]})\n\n"
        "def b(a: pd.DataFrame) -> int:\n    return int(a['a'].sum())\n"
    )
    return {
        "folder": str(folder), "files": ["sample"], "modules": ["sample"], "config": {}, "inputs": {"x": 1},
        "overrides": {}, "targets": ["b"], "cache": str(folder / "cache"), "rounds": 2, "damage": "",
        "result": str(folder / "result"),
    }  # fmt: skip
