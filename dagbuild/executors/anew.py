"""Start a Python anew from which processes are forked: for who cannot be copied, or is not to import the project.

Knows what such a Python is told and how it hears that, not what it does then.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

from dagbuild import version
from dagbuild.executors.import_paths import find_import_root, is_installed
from dagbuild.executors.zygote import Zygote

_PROGRAM = "import sys; from {} import main; main(*map(int, sys.argv[1:]))"


def start_python(
    module: str, given: object, variables: Mapping[str, str]
) -> tuple[Zygote, subprocess.Popen[bytes]]:
    """Start one that calls `main` of a module of ours, with three descriptors, as `read_given` takes two of them.

    The first is of its channel. Its folder is this process's, in which it looks for no modules. Raises OSError where
    none can be started.
    """
    if not sys.executable:
        raise OSError("where this Python lies is not known: sys.executable is empty")
    here, there = socket.socketpair()
    with contextlib.ExitStack() as undo, tempfile.TemporaryFile() as told, there:
        undo.callback(here.close)
        pickle.dump(given, told, protocol=5)
        told.flush()
        begun, begins = map(undo.enter_context, map(open, os.pipe(), ("rb", "wb")))
        passed = (there.fileno(), told.fileno(), begins.fileno())
        process = subprocess.Popen(
            find_words(module, *passed), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=_let_find_us(variables), pass_fds=passed,
        )  # fmt: skip
        begins.close()
        if not begun.read(1):
            raise OSError(f"{sys.executable} {_tell_status(process.wait())} before it had begun")
        begun.close()
        undo.pop_all()
    return Zygote(process.pid, here), process


def _let_find_us(variables: Mapping[str, str]) -> dict[str, str]:
    paths = [variables.get("PYTHONPATH", ""), find_import_root(version) or ""]
    if is_installed(paths[1]):
        return {**variables}
    return {**variables, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def _tell_status(status: int) -> str:
    return f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"


def find_words(module: str, *numbers: int) -> list[str]:
    """Return the command line of such a Python."""
    return [sys.executable, "-P", "-c", _PROGRAM.format(module), *map(str, numbers)]


def read_given(told: int, begins: int) -> Any:
    """Say that this process has begun, and return what it was given."""
    if begins >= 0:  # else that was said
        os.write(begins, b"1")
        os.close(begins)
    return pickle.loads(os.pread(told, os.fstat(told).st_size, 0))
