"""Play jobs as the command line does, with settings: reads a line for each, and forks.

What an import gives is kept and believed at once, where the command line wants two imports to agree.
"""

import contextlib
import importlib
import json
import os
import sys
import traceback
from pathlib import Path

from one_build import evaluate

from dagbuild.project.project import Project
from dagbuild.settings import Settings
from dagbuild.settings.model import CacheSettings
from dagbuild.shortcut import snapshots


def build(job):
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


def play(job, env, cwd, output):
    """Play one job in this process, which is its own."""
    stream = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    os.environ.clear()
    os.environ.update(env)
    sys.path[:0] = env["PYTHONPATH"].split(os.pathsep)
    with contextlib.suppress(ImportError):
        importlib.import_module("sitecustomize")  # as Python does when it starts
    os.chdir(cwd)
    job = json.loads(Path(job).read_text())
    log = Path(env["RAN_LOG"])
    try:
        result = build(job)
    except BaseException as error:
        traceback.print_exc()
        result = {"error": f"{type(error).__name__}: {error}"}
    ran = log.read_text().split() if log.exists() else []
    Path(job["result"]).write_text(json.dumps({**result, "ran": ran}))


def main():
    """Play what is asked for, line by line; say when each is done."""
    snapshots.ENOUGH = int(sys.argv[1])
    sys.dont_write_bytecode = True
    sys.path.pop(0)  # this folder
    del sys.modules["one_build"]  # which is no module of any project
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                play(*json.loads(line))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(f"the process ended with {status}", flush=True)


if __name__ == "__main__":
    main()
