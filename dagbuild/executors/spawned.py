"""Processes that import the project by themselves, where the driver's cannot be copied.

Each is a Python that was started anew, and runs one step after the other until one of them fails or leaves something.
The upper half is the driver's, the lower one runs in such a process. Guards: a step whose code there is not the
driver's runs in the driver.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from dagbuild.codecs.registry import open_imported
from dagbuild.executors import exits, parcels, shipping
from dagbuild.executors.base import Work
from dagbuild.executors.blas import limit_threads
from dagbuild.executors.channel import Channel
from dagbuild.executors.elsewhere import Setup, ShippedCode, Site, import_project
from dagbuild.executors.state import Chance
from dagbuild.executors.stepping import Stepping
from dagbuild.executors.streams import Capturing
from dagbuild.executors.ties import load_tie
from dagbuild.executors.worker import Worker
from dagbuild.executors.zygote import Zygote, serve
from dagbuild.ground.override import override
from dagbuild.ground.texts import name_error
from dagbuild.store.base import Store

_PROGRAM = f"import sys; from {__name__} import main; main(*map(int, sys.argv[1:]))"


class Spawned:
    """What such processes have of the driver: what is pickled for them while it is open.

    Blobs lie in `folder`; libraries of numbers may run so many `threads` in each.
    """

    def __init__(self, code: ShippedCode, folder: Path, fsync: str, *, threads: int = 1) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._whole = contextlib.ExitStack()
        self._whole.enter_context(parcels.travelling_whole(code.in_memory))
        self.pickles = _Importable(code)
        paths = shipping.find_import_paths(code.modules)
        self._variables = {**os.environ, **shipping.make_environment(paths, code.manifests)}
        variables, setup = dict(os.environ), code.make_setup()
        self._start = partial(
            _Start, variables, [*sys.path], [*sys.argv], setup, folder, fsync, threads, os.getpid()
        )

    def start(self, chance: Chance) -> Zygote:
        """Start a Python from which they are forked before it has imported anything of the project. Raises OSError."""
        if not sys.executable:
            raise OSError("where this Python lies is not known: sys.executable is empty")
        here, there = socket.socketpair()
        with contextlib.ExitStack() as undo, tempfile.TemporaryFile() as told, there:
            undo.callback(here.close)
            pickle.dump(self._start(chance), told, protocol=5)
            told.flush()
            begun, begins = map(undo.enter_context, map(open, os.pipe(), ("rb", "wb")))
            passed = (there.fileno(), told.fileno(), begins.fileno())
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, *map(str, passed)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=self._variables, pass_fds=passed,
            )  # fmt: skip
            begins.close()
            if not begun.read(1):
                raise OSError(f"{sys.executable} {_tell_status(self._process.wait())} before it had begun")
            begun.close()
            undo.pop_all()
        return Zygote(self._process.pid, here)

    def close(self) -> None:
        """Let go of it, once the process that was started has ended."""
        if self._process is not None:
            self._process.poll()  # or it would be said to run still
        self._whole.close()


def _tell_status(status: int) -> str:
    return f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"


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
    driver: int
    chance: Chance


class _Importable(parcels.SharedParcels):
    """Parcels of steps whose code such a process can import; others are none, and run in the driver."""

    def __init__(self, code: ShippedCode) -> None:
        super().__init__([*code.checked, *(code.manifests[node.name] for node in code.checked)])
        self._names = {node.name for node in code.checked}

    @override
    def dumps(self, value: Any) -> bytes:
        if isinstance(value, Work) and not self._names.issuperset(
            node.name for node in (value.node, *value.views)
        ):
            return b""
        return super().dumps(value)


# -- in such a process ---------------------------------------------------------------------------------------------


def main(control: int, told: int, begins: int) -> None:
    """Be what such processes are forked from; `begins` is told that this is so."""
    os.write(begins, b"1")
    os.close(begins)
    given: _Start = pickle.loads(os.pread(told, os.fstat(told).st_size, 0))
    os.close(told)
    if load_tie()(given.driver):
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
    except (Exception, SystemExit) as error:
        why = name_error(error)
    exits.lend_process()
    limit_threads(given.threads)
    open_imported()
    stepping = Stepping(channel, printed, crash)
    if site is None:
        stepping.refuse(f"{_HERE}: {why}")
    else:

        def make_worker(store: Store, capture: Callable[[], Capturing]) -> Worker:
            worker = site.make_worker(store, capture)
            worker.take_chance(given.chance)
            return worker

        stepping.run(given.folder, given.fsync, make_worker, _Checked(site, stepping), threads=given.threads)


_HERE = "steps run in this process, because one that has imported the project by itself could not run them"


class _Checked(parcels.SharedParcels):
    """Opens no parcel with a step whose code is another here."""

    def __init__(self, site: Site, stepping: Stepping) -> None:
        found = list(site.nodes.values())
        super().__init__([part[place] if part else None for place in (0, 1) for part in found])
        self._site = site
        self._stepping = stepping

    @override
    def loads(self, data: bytes) -> Any:
        try:
            work: Work = super().loads(data)
        except pickle.UnpicklingError:  # a node is not to be had here, which was found when it was sought
            lost = [name for name, found in self._site.nodes.items() if found is None]
            if lost:
                self._tell(
                    f"{', '.join(map(repr, lost))} {'; '.join(self._site.differences.get(lost[0], ()))}"
                )
            raise
        if wrong := self._site.list_differences(work):
            self._tell(f"'{work.node.name}' {'; '.join(wrong)}")
            raise pickle.UnpicklingError("the code is another")
        return work

    def _tell(self, what: str) -> None:
        self._stepping.driver.tell("notice", f"{_HERE}: for {what}")
