"""Processes that import the project by themselves, where the driver's cannot be copied.

Each is a Python that was started anew, and runs one step after the other until one of them fails or leaves something.
The upper half is the driver's, the lower one runs in such a process. Guards: a step whose code there is not the
driver's runs in the driver.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from dagbuild.codecs.registry import open_imported
from dagbuild.executors import exits, import_paths, packing, parcels
from dagbuild.executors.anew import read_given, start_python
from dagbuild.executors.base import Work
from dagbuild.executors.blas import limit_threads
from dagbuild.executors.channel import Channel
from dagbuild.executors.elsewhere import (
    CheckedParcels,
    OtherCodeError,
    Setup,
    ShippedCode,
    Site,
    import_project,
)
from dagbuild.executors.state import Chance
from dagbuild.executors.stepping import Stepping
from dagbuild.executors.streams import Capturing
from dagbuild.executors.worker import Worker
from dagbuild.executors.zygote import Zygote, serve
from dagbuild.ground.override import override
from dagbuild.ground.texts import name_error
from dagbuild.store.base import Store


class Spawned:
    """What such processes have of the driver: what is pickled for them while it is open.

    Blobs lie in `folder`; libraries of numbers may run so many `threads` in each.
    """

    def __init__(self, code: ShippedCode, folder: Path, fsync: str, *, threads: int = 1) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._whole = contextlib.ExitStack()
        self._whole.enter_context(parcels.travelling_whole(code.in_memory))
        self.pickles = _Importable(code)
        paths = import_paths.find_import_paths(code.modules)
        self._variables = {**os.environ, **import_paths.make_environment(paths)}
        variables, setup = dict(os.environ), code.make_setup()
        self._start = partial(_Start, variables, [*sys.path], [*sys.argv], setup, folder, fsync, threads)

    def start(self, chance: Chance) -> Zygote:
        """Start a Python from which they are forked before it has imported anything of the project. Raises OSError."""
        zygote, self._process = start_python(__name__, self._start(chance), self._variables)
        return zygote

    def close(self) -> None:
        """Let go of it, once the process that was started has ended."""
        if self._process is not None:
            self._process.poll()  # or it would be said to run still
        self._whole.close()


@dataclass(frozen=True)
class _Start:
    """What such a process is told: how the driver was started, and what it has."""

    variables: dict[str, str]
    paths: list[str]
    arguments: list[str]
    setup: Setup
    folder: Path
    fsync: str
    threads: int
    chance: Chance


class _Importable(parcels.SharedParcels):
    """Parcels of steps whose code such a process can import; others are none, and run in the driver."""

    def __init__(self, code: ShippedCode) -> None:
        super().__init__(code.find_shared())
        self._names = set(code.packed)

    @override
    def dumps(self, value: Any) -> bytes:
        if isinstance(value, Work) and not self._names.issuperset(
            node.name for node in (value.node, *value.views)
        ):
            return b""
        return super().dumps(value)


# -- in such a process ---------------------------------------------------------------------------------------------


def main(control: int, told: int, begins: int) -> None:
    """Be what such processes are forked from."""
    given: _Start = read_given(told, begins)
    os.close(told)
    # Not tied to the driver: it hears the end of its channel, and is to end what it has forked then.
    serve(socket.socket(fileno=control), lambda: None, partial(_run, given))


def _run(given: _Start, channel: Channel, printed: int, crash: int) -> None:
    """Import the project, and run steps."""
    os.environ.clear()
    os.environ.update(given.variables)
    sys.path[:] = given.paths
    sys.argv[:] = given.arguments
    site, why = None, ""
    try:
        site = import_project(given.setup)
        site.compare_all()  # before any step has run, which may change what a module holds
    except (Exception, SystemExit) as error:
        why = name_error(error)
    exits.lend_process()
    limit_threads(given.threads)
    open_imported()
    stepping = Stepping(channel, printed, crash)
    if site is None:
        stepping.driver.tell("notice", f"{_HERE}: {why}")
        stepping.refuse(packing.STAYS)
    else:

        def make_worker(store: Store, capture: Callable[[], Capturing]) -> Worker:
            worker = site.make_worker(store, capture)
            worker.take_chance(given.chance)
            return worker

        stepping.run(given.folder, given.fsync, make_worker, _Checked(site, stepping), threads=given.threads)


_HERE = "steps run in this process, because one that has imported the project by itself could not run them"


class _Checked(CheckedParcels):
    """Has the driver run a step whose code is another here."""

    def __init__(self, site: Site, stepping: Stepping) -> None:
        super().__init__(site)
        self._stepping = stepping

    @override
    def loads(self, data: bytes) -> Any:
        try:
            return super().loads(data)
        except OtherCodeError as error:
            self._stepping.driver.tell("notice", f"{_HERE}: for '{error.node}' {'; '.join(error.lines)}")
            raise
