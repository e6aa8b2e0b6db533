"""`dagbuild watch`: build again whenever a file of the project is saved."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import click

from dagbuild.cli.build import INTERRUPTED
from dagbuild.cli.session import Session, with_session
from dagbuild.cli.terminal import say
from dagbuild.ground.errors import UserError
from dagbuild.ground.quiet import start_quietly
from dagbuild.shortcut.answers import Question

if TYPE_CHECKING:
    from dagbuild.settings import Settings

_MOST = 10
"""Builds in a row that write a file before it is no reason for one any more."""

_SHOWN = 4


@click.command("watch", context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[TARGET...] [OPTION...]")
@with_session
def command(session: Session, words: tuple[str, ...]) -> int:
    """Build, and again whenever a file is saved. Takes what `dagbuild build` takes; Ctrl-C ends it.

    What is watched: the project's folder, but for its cache, and inputs that lie elsewhere. A build that runs is not
    cut short: what is saved meanwhile is built after it.
    """
    root = session.settings.root
    build = shlex.split(session.command("build", *words))[1:]
    own = Counter[str]()  # in how many builds in a row a file was written while they ran
    with _Saved(session.settings) as saved:
        _say(session, "builds, and again whenever a file is saved; Ctrl-C ends it")
        began = time.time_ns()
        _build(build)
        ended = time.time_ns()
        while True:
            changed = saved.wait()
            meanwhile = {path for path in changed if began <= _find_time(path) <= ended}
            for path in changed:
                own[path] = own[path] + 1 if path in meanwhile else 0
            changed -= {path for path in meanwhile if own[path] > _MOST}
            if told := {path for path in meanwhile if own[path] == _MOST}:
                changed -= told
                _say(session, f"{_tell(told, root)} with each build: that is no reason for another one")
            # Where the last answer stands, whatever was saved is no part of what it stood on.
            if changed and Question(build).find_answer() is None:
                began = time.time_ns()
                _say(session, _tell(changed, root))
                _build(build)
                ended = time.time_ns()


def _build(words: list[str]) -> None:
    """Run a build as this command was started, so that its answers are those of such builds.

    Raises click's Exit when somebody has interrupted it: it has told so.
    """
    started = sys.orig_argv[1 : -len(sys.argv) + 1]
    process = subprocess.Popen([sys.executable, *started, *words])
    interrupted = False
    while True:
        try:
            status = process.wait()
            break
        except KeyboardInterrupt:
            interrupted = True
            if not sys.stdin.isatty():  # a terminal has told it as well
                process.send_signal(signal.SIGINT)
    if interrupted or status == INTERRUPTED:
        raise click.exceptions.Exit(INTERRUPTED)


class _Saved:
    """The files that have been saved since they were last asked for; none is lost while nobody asks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._batches: SimpleQueue[set[str]] = SimpleQueue()
        self._ended = threading.Event()

    def __enter__(self) -> _Saved:
        try:
            from watchfiles import DefaultFilter, watch
        except ImportError:
            raise UserError("watching takes watchfiles", hint='pip install "dagbuild[watch]"') from None

        saved = watch(
            *_find_places(self._settings),
            watch_filter=DefaultFilter(ignore_paths=[self._settings.cache.folder]),
            debounce=200,
            stop_event=self._ended,
            raise_interrupt=False,
        )

        def collect() -> None:
            for batch in saved:
                self._batches.put({path for _, path in batch})

        start_quietly(collect, "dagbuild-watch")
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    def wait(self) -> set[str]:
        """Return the next ones, with all that are there."""
        found = self._batches.get()
        while not self._batches.empty():
            found |= self._batches.get()
        return found


def _find_time(path: str) -> int:
    """Return when a file was written, in nanoseconds since 1970; 0 for one that is gone."""
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return 0


def _find_places(settings: Settings) -> list[Path]:
    """Return the project's folder, and where inputs lie that are not in it."""
    places = [settings.root]
    for value in settings.inputs.values():
        if isinstance(value, str) and "://" not in value:
            path = settings.root / Path(value).expanduser()
            if path.exists() and not path.resolve().is_relative_to(settings.root.resolve()):
                places.append(path)
    return places


def _tell(paths: set[str], root: Path) -> str:
    names = sorted(os.path.relpath(path, root) for path in paths)
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more} changed"


def _say(session: Session, text: str) -> None:
    say(session.err.paint(text, "dim"))
