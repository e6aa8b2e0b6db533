"""Build once as the command line does, and print what `status` says then; forked from a warm process."""

import contextlib
from pathlib import Path
from typing import Any

from dagbuild.project.project import Project
from dagbuild.report.plan_text import tell_status
from dagbuild.report.style import Style
from dagbuild.settings import Settings
from dagbuild.settings.model import CacheSettings
from tests.torture import one_build
from tests.torture.one_build import sample

__all__ = ["play", "sample"]


def build(job: Any) -> dict[str, Any]:
    """Build, and print the status of what was built."""
    settings = Settings(
        root=Path(job["project"]),
        modules=tuple(job["modules"]),
        cache=CacheSettings(Path(job["cache"])),
        config=job["config"],
    )
    targets = job["target"].split()
    with contextlib.closing(Project(settings)) as project:
        result = project.build(targets)
        failures = [step.failure for step in result.steps.values() if step.failure]
        if failures:
            raise RuntimeError(failures[0].message)
        print("\n".join(tell_status(project.status(targets), Style(width=1000))))
    return {}


def play(path: str) -> None:
    """Do the job that a file tells."""
    one_build.play(path, build)
