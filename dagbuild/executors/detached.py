"""Processes that run steps for an agent: they import the project by themselves, and open the store themselves.

They are forked from a Python that was started anew and has imported the project, so that each starts from what that
left and nothing is imported twice; where such an import starts threads, each imports by itself. Knows the agent as
whoever is at the other end of a channel. Guards: a step runs only where the code for it is the driver's.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from dagbuild.artifacts import Artifacts
from dagbuild.codecs.registry import open_imported
from dagbuild.executors import exits, packing, parcels
from dagbuild.executors.anew import find_words, read_given
from dagbuild.executors.base import Work
from dagbuild.executors.blas import limit_threads
from dagbuild.executors.channel import Channel
from dagbuild.executors.copied import Copy, OtherFilesError
from dagbuild.executors.elsewhere import (
    CheckedParcels,
    OtherCodeError,
    Setup,
    Site,
    import_project,
    tell_other_code,
)
from dagbuild.executors.failures import make_failure
from dagbuild.executors.forking import find_obstacle
from dagbuild.executors.given import Given, Start
from dagbuild.executors.state import Chance
from dagbuild.executors.stepping import Stepping
from dagbuild.executors.ties import load_tie
from dagbuild.executors.worker import Worker
from dagbuild.executors.zygote import serve
from dagbuild.ground.errors import StoreError, UserError
from dagbuild.ground.home import find_here
from dagbuild.ground.texts import name_error
from dagbuild.model.outcome import Done, Failure, Outcome
from dagbuild.store.base import Store

_SHORT = 0.2
"""Seconds of a step after which its process may run another: one that opens the store costs the fifth of that."""

_THREADS = 1
"""Of libraries of numbers, for each core that a step takes."""

OpenStore = Callable[[], Store]


def main(control: int, told: int, begins: int, cold: int = 0) -> None:
    """Be what such processes are forked from; `cold`, without having imported the project."""
    start: Start = read_given(told, begins)
    if load_tie()(start.agent):
        project = _Project(start.given, cold=bool(cold) or sys.platform != "linux")
        again = find_words(__name__, control, told, -1, 1)
        serve(socket.socket(fileno=control), lambda: project.prepare(again), project.run)


class _Project:
    """The project, as it is imported before these processes are forked, or in each of them."""

    def __init__(self, given: Given, *, cold: bool) -> None:
        self._given = given
        self._cold = cold
        self._site: Site | None = None
        self._refusal: Failure | None = None

    def prepare(self, again: Sequence[str]) -> None:
        """Import it; where no copy could be trusted then, start this program anew with other words."""
        if self._cold:
            return
        here = find_here()
        self._import()
        if find_obstacle() is not None:
            if here:
                os.chdir(here)  # a copy of the project is found by it
            os.execv(again[0], [*again])

    def _import(self) -> None:
        try:
            told: tuple[Setup, OpenStore] = parcels.loads(self._given.setup)
            setup, self._open_store = told
            self._chance: Chance = parcels.loads(self._given.chance)
            self._site = import_project(setup)
            self._site.compare_some()
        except (Exception, SystemExit) as error:
            self._refusal = make_other_code([name_error(error)])
        exits.lend_process()
        limit_threads(_THREADS)
        open_imported()

    def run(self, channel: Channel, printed: int, crash: int) -> None:
        """Run the steps that come, until one is not short or leaves something."""
        if self._cold:
            self._import()
        threads = threading.active_count()
        stepping = Stepping(channel, printed, crash)
        store = self._try_to_open() if self._refusal is None else None
        stepping.driver.tell("ready")
        if store is None or self._site is None:
            assert self._refusal is not None
            stepping.refuse(packing.pack(self._refusal, parcels.dumps))
            return
        try:
            site = self._site
            worker = site.make_worker(store, stepping.capture)
            worker.take_chance(self._chance)
            stepping.count_reads()
            pickles = _Parcels(self._site)
            stepping.serve(
                worker,
                lambda work: _call(worker, store, work, site.copy),
                pickles,
                lambda seconds: self._cold or (seconds < _SHORT and threading.active_count() <= threads),
                threads=_THREADS,
                tell_unreadable=pickles.tell_unreadable,
            )
        finally:
            store.close()

    def _try_to_open(self) -> Store | None:
        try:
            return self._open_store()
        except UserError as error:
            self._refusal = make_failure(error, {})
        except Exception as error:
            self._refusal = make_other_code([name_error(error)])
        return None


def _call(worker: Worker, store: Store, work: Work, copy: Copy | None) -> Outcome:
    try:
        outcome = worker.run(copy.bring(work, Artifacts(store)) if copy else work)
    except OtherFilesError as error:
        return Failure("OtherFiles", str(error), "")
    if not store.shared or not isinstance(outcome, Done) or outcome.record is None:
        return outcome
    try:
        store.share()  # who reads the value next may be on another machine
    except StoreError as error:
        told = f"the value of '{work.name}' could not be published: {error}"
        return replace(outcome, notices=(*outcome.notices, told))
    return replace(outcome, record=worker.seal_record(outcome.record))


class _Parcels(CheckedParcels):
    """Tells why a step is not to be had here."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._used = False

    def loads(self, data: bytes) -> Any:
        work = super().loads(data)
        self._used = True
        return work

    def tell_unreadable(self, error: BaseException) -> packing.Reply:
        """Return the reply to a step whose parcel raised this."""
        if self._used:  # what ran here may have changed what a module holds
            return packing.FRESH
        lines = error.lines if isinstance(error, OtherCodeError) else [name_error(error)]
        return packing.pack(make_other_code(lines), parcels.dumps)


def make_other_code(lines: Sequence[str]) -> Failure:
    """Return the failure of a step for which this machine has not the driver's code."""
    return Failure("OtherCode", tell_other_code(lines), "")
