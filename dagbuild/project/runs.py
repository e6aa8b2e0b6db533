"""What was computed and failed in one build, by what the stores keep."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime

from dagbuild.ground.errors import InputError
from dagbuild.model.record import Record
from dagbuild.project.project import Project
from dagbuild.report.history import is_run
from dagbuild.store.failed_runs import FailedRun

_SKEW = 3600.0
"""Seconds by which the clock of a machine that runs steps may be behind that of the build."""


def find_run(project: Project, run: str | None = None) -> tuple[str, list[Record | FailedRun]]:
    """Return the name of a run, of the newest in which anything ran unless it is named, and what ran in it.

    Raises InputError when nothing ran in it, or nothing is kept of it.
    """
    failed = list(project.failed_runs.iter_newest())
    records: Iterator[Record] = filter(is_run, project.store.iter_newest())
    if run is None:
        first = next(records, None)
        made: list[Record | FailedRun] = [*([first] if first else []), *failed[:1]]
        if not made:
            raise InputError("nothing was built yet, so there is no run to show", hint="dagbuild build")
        run = max(made, key=lambda each: each.started).run
        records = itertools.chain([first] if first else [], records)
    found: list[Record | FailedRun] = [*_find_in(records, run), *(each for each in failed if each.run == run)]
    if not found:
        raise InputError(
            f"nothing is kept of a run '{run}'", hint="dagbuild log names the runs in its last column"
        )
    return run, found


def _find_in(records: Iterator[Record], run: str) -> list[Record]:
    """Return a run's records, of all from the newest on; what is older than the run is not looked at."""
    try:
        began = datetime.strptime(run[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC).timestamp() - _SKEW
    except ValueError:
        began = 0.0
    young = itertools.takewhile(lambda record: record.started >= began, records)
    return [record for record in young if record.run == run]
