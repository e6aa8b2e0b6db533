"""Build once as the command line does, with settings, forked from a warm process.

What an import gives is kept and believed at once, where the command line wants two imports to agree.
"""

import contextlib
import sys
from pathlib import Path
from typing import Any

from dagbuild.project.project import Project
from dagbuild.settings import Settings
from dagbuild.settings.model import CacheSettings
from dagbuild.shortcut import snapshots
from tests.torture import one_build
from tests.torture.one_build import evaluate, sample

__all__ = ["play", "sample"]

snapshots.ENOUGH = 1


def build(job: Any) -> dict[str, Any]:
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


def play(path: str) -> None:
    """Do the job that a file tells."""
    one_build.play(path, build)
