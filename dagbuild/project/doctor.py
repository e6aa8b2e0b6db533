"""Look whether what a project needs around it is there and works: settings, cache folder, key and remote.

Knows what to look at and what to do about it; imports none of the project's modules. Guards: it says what it has seen
just now, and leaves nothing behind.
"""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from dagbuild.ground.errors import StoreError, UserError
from dagbuild.ground.secrets import mask_url
from dagbuild.settings import RemoteSettings, Settings, find_key
from dagbuild.store.folder import CacheFolder
from dagbuild.store.remote import PROBE, PROBE_DATA, RemoteFolder
from dagbuild.store.remote_errors import RemoteDeniedError
from dagbuild.version import __version__

State = Literal["good", "note", "bad"]

LATE = 60.0
"""Seconds that two clocks may differ: records are ordered by them, and ages are told by them."""

_LITTLE_ROOM = 1 << 30
_TURNS = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, in words, and what to do where it is not good."""

    subject: str
    state: State
    text: str
    remedy: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the plain form."""
        return asdict(self)


def examine(load: Callable[[], Settings]) -> Iterator[Finding]:
    """Yield what is found, one thing after the other; of settings that do not `load` the mistakes, and no more."""
    system = f"{platform.system()} {platform.machine()}"
    yield Finding("versions", "good", f"dagbuild {__version__}, Python {platform.python_version()}, {system}")
    try:
        settings = load()
    except UserError as error:
        for problem in error.problems:
            where = f"{problem.where}: " if problem.where else ""
            yield Finding("settings", "bad", f"{where}{problem.message}", problem.hint or "")
        return
    yield Finding("settings", "good", str(settings.file))
    yield _look_at_cache(settings.cache.folder)
    yield _look_at_key(settings)
    if settings.remote is None or settings.remote.mode == "off":
        yield Finding(
            "remote", "note", "none: results stay on this machine", 'write [remote] and url = "s3://..."'
        )
        return
    yield from _look_at_remote(settings.remote)
    if not settings.variables.salt:
        yield Finding(
            "variables",
            "note",
            "what came of environment variables is shared with nobody",
            "give the project a salt under [variables], see the guide's page on settings",
        )


def _look_at_cache(folder: Path) -> Finding:
    if (writer := CacheFolder(folder).find_writer()) is not None:
        remedy = f"`chmod -R go-w '{folder}'`, once you know that all in it is yours"
        return Finding("cache", "bad", f"{writer}: nothing that could run code is read from it", remedy)
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        return Finding(
            "cache", "bad", f"'{there}' cannot be written to", "choose another folder under [cache]"
        )
    free = shutil.disk_usage(there).free
    text = f"'{folder}', {free / 1e9:,.1f} GB free" + ("" if there == folder else "; not made yet")
    if free < _LITTLE_ROOM:
        return Finding("cache", "note", text, "`dagbuild gc --size 0` makes room")
    return Finding("cache", "good", text)


def _look_at_key(settings: Settings) -> Finding:
    try:
        key = find_key()
    except UserError as error:
        problem = error.problems[0]
        where = f"{problem.where}: " if problem.where else ""
        return Finding("key", "bad", f"{where}{problem.message}", problem.hint or "")
    signers = settings.remote.signers if settings.remote else {}
    if key is None:
        remedy = "`dagbuild key new` makes one"
        return Finding("key", "note", "none: what is published from here is not signed", remedy)
    if signers and key.public not in signers:
        remedy = "have the line of `dagbuild key show` added to `trusted` under [remote]"
        return Finding("key", "bad", f"the project does not trust yours: {key.name} {key.public}", remedy)
    return Finding("key", "good", f"{key.name} {key.public}")


def _look_at_remote(remote: RemoteSettings) -> Iterator[Finding]:
    folder = RemoteFolder(remote.url, remote.options, within=remote.write)
    url = mask_url(folder.url)
    try:
        took = _time(lambda: folder.list("records"))
    except StoreError as error:
        yield _tell(error, "look into it")
        return
    yield Finding("remote", "good", f"'{url}' answers in {took * 1000:,.0f} ms")
    for within in dict.fromkeys(remote.read):
        if within != remote.write:
            yield from _look_at_reading(remote, within)
    if not remote.publishes:
        yield Finding("rights", "note", f'nothing is published: the settings say mode = "{remote.mode}"')
        return
    try:
        folder.write(PROBE, PROBE_DATA)
        same = folder.read(PROBE) == PROBE_DATA
        moment = folder.modified(PROBE)
        removes = folder.may_remove()
    except FileNotFoundError:
        yield Finding(
            "rights", "bad", f"there is nothing at '{url}', not even a bucket", "make it, or mend the URL"
        )
        return
    except StoreError as error:
        yield _tell(error, "write there", also='or write mode = "read" under [remote]')
        return
    if not same:
        yield Finding(
            "rights", "bad", "what is written there comes back changed", "something in between rewrites it"
        )
        return
    if removes:
        yield Finding("rights", "good", "reading, writing and removing")
    else:
        remedy = "`dagbuild gc --remote` and the merging of records need the right to remove"
        yield Finding("rights", "note", "reading and writing, not removing", remedy)
    if moment is not None:
        yield _compare(moment)


def _look_at_reading(remote: RemoteSettings, within: str) -> Iterator[Finding]:
    """Yield what is wrong with a folder that is only read; one that nobody has written to yet is none."""
    try:
        RemoteFolder(remote.url, remote.options, within=within).list("records")
    except StoreError as error:
        yield _tell(error, f"read '{within}'", also="or leave it out of `read` under [remote]")


def _compare(moment: float) -> Finding:
    apart = moment - time.time()
    if abs(apart) <= LATE:
        return Finding("clock", "good", "this machine's agrees with the remote's")
    shown = f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"
    text = f"this machine's is {abs(apart):,.0f} s {'behind' if apart > 0 else 'ahead of'} the remote's ({shown} UTC)"
    return Finding("clock", "bad", text, "set the clock: the order of results hangs on it")


def _tell(error: StoreError, what: str, also: str = "") -> Finding:
    problem = error.problems[0]
    if isinstance(error, RemoteDeniedError):
        remedy = "check the credentials that the driver finds in its own environment" + (
            f", {also}" if also else ""
        )
        return Finding("rights", "bad", f"may not {what}: {problem.message}", problem.hint or remedy)
    remedy = "check the URL, the network, and that the driver is installed"
    return Finding("remote", "bad", problem.message, problem.hint or remedy)


def _time(call: Callable[[], object]) -> float:
    """Return the usual seconds of a call; the first opens the driver."""
    call()
    times = []
    for _ in range(_TURNS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)
