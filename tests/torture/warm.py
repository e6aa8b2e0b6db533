"""Play jobs, each in a process forked from this one, which has imported what a build needs: `warm.py one_build`.

Reads a line for each job and says how its process ended. Nothing is built in this process, so a fork starts as a
fresh process does after its imports. It knows nothing of cases.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any


def play(build: Any, job: Any, env: Any, cwd: Any, output: Any, timeout: Any) -> None:
    """Play one job in this process, which is its own."""
    os.setsid()
    signal.alarm(timeout)
    stream = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    os.environ.clear()
    os.environ.update(env)
    sys.path[:0] = env["PYTHONPATH"].split(os.pathsep)
    with contextlib.suppress(ImportError):
        importlib.import_module("sitecustomize")  # as Python does when it starts
    os.chdir(cwd)
    job = json.loads(Path(job).read_text())
    try:
        result = build(job)
    except BaseException as error:
        traceback.print_exc()
        result = {"error": f"{type(error).__name__}: {error}"}
    Path(job["result"]).write_text(json.dumps(result))


def forget_made() -> None:
    """Forget the modules that compiled libraries made without files: nobody could tell that they are not a project's."""
    for name, module in list(sys.modules.items()):
        origin = getattr(getattr(module, "__spec__", None), "origin", None)
        if (
            name != "__main__"
            and origin not in ("built-in", "frozen")
            and not getattr(module, "__file__", None)
            and not list(getattr(module, "__path__", ()))
        ):
            del sys.modules[name]


def fork(work: Any) -> Any:
    """Do work in a forked process, end what it leaves running, and return how it ended."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            work()
        sys.stdout.flush()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(status)


def build_once(build: Any, folder: Any) -> None:
    """Build a small project with `build`, and write down what has been imported for it."""
    folder = Path(folder)
    (folder / "warming.py").write_text("import pandas\n\ndef warmth(x: int) -> int:\n    return x\n")
    job = {
        "project": str(folder), "modules": ["warming"], "mode": "import", "target": "warmth", "config": {"x": 1},
        "inputs": {}, "overrides": {}, "cache": str(folder / "cache"), "result": str(folder / "result"),
    }  # fmt: skip
    (folder / "job").write_text(json.dumps(job))
    before = dict(os.environ) | {"PYTHONPATH": str(folder), "RAN_LOG": str(folder / "ran")}
    play(build, folder / "job", before, folder, folder / "output", timeout=120)
    (folder / "modules").write_text(json.dumps([name for name in sys.modules if name != "warming"]))


def warm_up(build: Any) -> None:
    """Import all that a build imports."""
    with tempfile.TemporaryDirectory() as folder:
        fork(lambda: build_once(build, folder))
        result = json.loads(Path(folder, "result").read_text())
        assert "error" not in result, result
        for name in json.loads(Path(folder, "modules").read_text()):
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    forget_made()


def main() -> None:
    """Play what is asked for, line by line; say when each is done."""
    sys.dont_write_bytecode = True
    build = importlib.import_module(sys.argv[1]).build
    for name in ("one_build", "one_command"):
        sys.modules.pop(name, None)  # which are modules of no project
    sys.path.pop(0)  # this folder
    warm_up(build)
    for line in sys.stdin:
        job = json.loads(line)
        print(f"the process ended with {fork(lambda job=job: play(build, *job))}", flush=True)


if __name__ == "__main__":
    main()
