"""Build once as the command line does, with settings; `warm.py` forks a process for it.

What an import gives is kept and believed at once, where the command line wants two imports to agree.
"""

import contextlib
import sys
from pathlib import Path
from typing import Any

from one_build import evaluate  # type: ignore[import-not-found]  # started from the folder that both are in

from dagbuild.project.project import Project
from dagbuild.settings import Settings
from dagbuild.settings.model import CacheSettings
from dagbuild.shortcut import snapshots

snapshots.ENOUGH = 1


def build(job: Any) -> Any:
    """Build, and return whether the project's modules were imported for it."""
    settings = Settings(
        root=Path(job["project"]),
        modules=tuple(job["modules"]),
        cache=CacheSettings(Path(job["cache"])),
        config=job["config"],
        inputs=evaluate(job["inputs"]),
    )
    targets = job["target"].split()
    with contextlib.closing(Project(settings)) as project:
        result = project.build(targets, overrides=evaluate(job["overrides"]))
        failures = [step.failure for step in result.steps.values() if step.failure]
        if failures:
            raise RuntimeError(failures[0].message)
    return {"imported": any(name in sys.modules for name in job["modules"])}
