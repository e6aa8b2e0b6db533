"""Play work, each piece in a process forked from this one, which has imported what it needs: `warm_server.py PLAYER`.

PLAYER is a file with `play(work)`, with `sample(folder)` that returns work to be done once, so as to see what is
imported for it, and perhaps with `remember()` that has what is installed here looked up. Reads a line for each piece and says how its process ended. Nothing is played in this process, so a
fork begins as a fresh process stands after its imports. It knows nothing of what is played.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib.util
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn


def become(env: Mapping[str, str], cwd: str, output: str, errors: str | None, timeout: int) -> None:
    """Make this process, which was just forked, what one is that was started with all this."""
    os.setsid()
    signal.alarm(timeout)
    streams = [
        os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) for name in (output, errors or os.devnull)
    ]
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(streams[0], 1)
    os.dup2(streams[bool(errors)], 2)
    os.environ.clear()
    os.environ.update(env)
    sys.dont_write_bytecode = bool(env.get("PYTHONDONTWRITEBYTECODE"))
    sys.path[:0] = [part for part in env.get("PYTHONPATH", "").split(os.pathsep) if part]
    with contextlib.suppress(ImportError):
        importlib.import_module("sitecustomize")  # as Python does when it starts
    os.chdir(cwd)


def fork(work: Callable[[], None]) -> int:
    """Do work in a forked process, end what it leaves running, and return how it ended."""
    child = os.fork()
    if child == 0:
        status = 0
        try:
            work()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            traceback.print_exc()
            status = 1
        leave(status)
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(status)


def leave(status: int) -> NoReturn:
    """End as Python does, but for taking down what the warm process has built up, which costs more than a fork."""
    threading._shutdown()  # type: ignore[attr-defined]  # what Python itself calls, and nobody else
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(status)


def warm_up(player: ModuleType) -> None:
    """Import all that a piece of work imports."""

    def play_sample() -> None:
        work = player.sample(Path(folder))
        become({**os.environ, "PYTHONPATH": folder}, folder, f"{folder}/output", None, 120)
        try:
            player.play(work)
        except SystemExit as end:
            assert not end.code, end.code
        Path(folder, "modules").write_text(json.dumps(list(sys.modules)))
        os._exit(0)

    folder = tempfile.mkdtemp()  # which no forked process takes for its own to remove as it ends
    try:
        status = fork(play_sample)
        assert status == 0, Path(folder, "output").read_text()
        found = json.loads(Path(folder, "modules").read_text())
    finally:
        shutil.rmtree(folder)
    for name in found:
        with contextlib.suppress(ImportError):  # a module of the sample
            importlib.import_module(name)
    if hasattr(player, "remember"):
        player.remember()


def main() -> None:
    """Play what is asked for, line by line; say when each is done."""
    sys.path.pop(0)  # this folder
    spec = importlib.util.spec_from_file_location("player", sys.argv[1])
    assert spec is not None and spec.loader is not None
    player = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(player)
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]  # which are modules of no project
    sys.dont_write_bytecode = True
    warm_up(player)
    gc.collect()  # so that a fork need not soon look at, and so copy, all that is here
    for line in sys.stdin:
        work, *place = json.loads(line)

        def play(work: Any = work, place: Any = place) -> None:
            become(*place)
            player.play(work)

        print(fork(play), flush=True)


if __name__ == "__main__":
    main()
