"""What lies in the folder of failed runs and is none is passed over, whatever it is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dagbuild.store.failed_runs import FailedRun, FailedRuns
from dagbuild.store.folder import CacheFolder

RUN = FailedRun("node", "key", "", "KeyError", "'x'", "told", "trace", "", 1.0, 0.5, "ada", "host", "run")


def _write(path: Path, text: str) -> None:
    path.write_text(text)


PLAIN = RUN.to_json()
del PLAIN["failed"]
STRANGE: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "folder": lambda path: path.mkdir(),
    "nowhere": lambda path: path.symlink_to("gone"),
    "text": lambda path: _write(path, "{"),
    "deep": lambda path: _write(path, "[" * 100_000),
    "list": lambda path: _write(path, "[1]"),
    "no time": lambda path: _write(path, json.dumps({**PLAIN, "started": float("nan")})),
    "other types": lambda path: _write(path, json.dumps({**PLAIN, "node": 1})),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_strange_files_are_passed_over(kind: str, tmp_path: Path) -> None:
    """None of them is waited for, read for ever, or believed."""
    runs = FailedRuns(CacheFolder(tmp_path))
    runs.put(RUN)
    STRANGE[kind](tmp_path / "failures" / "x.json")

    assert list(runs.iter_newest()) == [RUN]
    assert runs.find("node", "key") == RUN


def test_the_oldest_go(tmp_path: Path) -> None:
    """So that the folder stays small."""
    runs = FailedRuns(CacheFolder(tmp_path))
    for number in range(203):
        runs.put(RUN.__class__(**{**PLAIN, "node": f"n{number}", "started": float(number)}))

    assert len(list(runs.iter_newest())) == 200
    assert runs.find("n202", "key") is not None
