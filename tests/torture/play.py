"""Play a case: make its folder, then one process for each build, fresh or forked from one that is warm."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.torture.case import SETTINGS, Build, Case, Folder, install
from tests.warm import TIMEOUT, Warm

HERE = Path(__file__).parent

RANLOG = """
import os

def ran(name):
    fd = os.open(os.environ["RAN_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, name.encode() + b"\\n")
    os.close(fd)
"""


@dataclass(frozen=True)
class Outcome:
    """What one build did: nodes that ran, the targets' values and those of a build from nothing, and its output.

    Of commands also what any but the first ran, whether the last one imported the project, and what `status` said.
    """

    ran: frozenset[str]
    error: str
    values: str
    clean: str
    output: str
    again: Mapping[str, Sequence[str]]
    imported: bool
    status: str


Runner = Callable[[Path, dict[str, str], Path, Path], str]
"""Runs a job, with these variables, in this folder, with output to this file; returns how it died if it did."""


@contextmanager
def warm_processes(player: str) -> Iterator[Runner]:
    """Give a runner whose processes are forked from warm ones, for a file of this folder."""
    with closing(Warm(HERE / player)) as warm:

        def run(job: Path, env: dict[str, str], cwd: Path, output: Path) -> str:
            return f"the process ended with {warm.play(str(job), env, cwd, output)}"

        yield run


def run_process(job: Path, env: dict[str, str], cwd: Path, output: Path) -> str:
    """Run a job as a user's script would, in a process of its own."""
    with output.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, str(HERE / "one_build.py"), str(job)],
            cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True,
        )  # fmt: skip
        with suppress(subprocess.TimeoutExpired):
            process.wait(TIMEOUT)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return f"the process ended with {process.returncode}"


def play(case: Case, base: Path, runner: Runner = run_process) -> Iterator[tuple[Build, Outcome]]:
    """Yield each build of the case with its outcome."""
    folder = Folder(base, base / "project")
    folder.project.mkdir(parents=True)
    folder.put("site:ranlog.py", RANLOG)
    install("ranlog", "1.0", "ranlog")(folder)
    for name, text in case.sections().items():
        folder.put(name, text)
    settings = {name: getattr(case, name) for name in SETTINGS}
    for build in case.all_builds():
        for edit in build.edits:
            edit(folder)
        settings |= {n: getattr(build, n) for n in SETTINGS if getattr(build, n) is not None}
        cwd = base / build.cwd if build.cwd is not None else folder.project
        yield build, _run(folder, settings, cwd, runner)


def assert_ran(case: Case, number: int, build: Build, got: Outcome) -> str:
    """What a build must run has run, and nothing else; return what to say when something else is wrong with it."""
    must, may = set(build.run.split()), set(build.maybe.split())
    told = f"build {number} of {case.id}: {got.error}\n{got.output[-3000:]}"
    assert bool(got.error) == build.fail, told
    assert must <= got.ran, f"stale: {sorted(must - got.ran)} did not run; {told}"
    if number > 1:
        assert got.ran <= must | may, f"needless: {sorted(got.ran - must - may)} ran; {told}"
    return told


def _run(folder: Folder, settings: dict[str, Any], cwd: Path, runner: Runner) -> Outcome:
    log, result, job = (folder.base / name for name in ("ran.log", "result.json", "job.json"))
    for old in (log, result):
        old.unlink(missing_ok=True)
    about = {
        name: dict(v) if name in {"config", "inputs", "overrides"} else v for name, v in settings.items()
    }
    about |= {"project": str(folder.project), "cache": str(folder.base / "cache"), "result": str(result)}
    job.write_text(json.dumps(about))
    env = {
        name: v
        for name, v in os.environ.items()
        if not name.startswith(("PYTHON", "DAGBUILD", "PYTEST", "COV"))
    }
    env |= {
        "PYTHONPATH": os.pathsep.join([str(folder.base / "site-packages"), str(HERE.parents[1])]),
        "PYTHONDONTWRITEBYTECODE": "1",  # Python itself runs a stale .pyc when size and second of an edit are the same
        "RAN_LOG": str(log),
        **settings["env"],
    }
    output = folder.base / "output.txt"  # a file and no pipe: a build that is killed may leave children
    died = {"error": runner(job, env, cwd, output)}
    got: dict[str, Any] = json.loads(result.read_text()) if result.exists() else died
    ran = got["ran"] if "ran" in got else (log.read_text().split() if log.exists() else [])
    values = (got.get("values", ""), got.get("clean", ""))
    told = output.read_text(errors="replace")
    commands = (got.get("again", {}), got.get("imported", True), got.get("status", ""))
    return Outcome(frozenset(ran), got.get("error", ""), *values, told, *commands)
