"""Run one step: load what the function takes, call it, store what it gives.

The same code in the driver's process and in a worker far away. Knows nothing of plans or of other steps; deals in
artifacts, so that values never travel through an executor.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import io
import itertools
import os
import platform
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from dagbuild.artifacts import Artifacts
from dagbuild.errors import BlobDamagedError, BlobMissingError, CodecError, StoreError
from dagbuild.events import Failure
from dagbuild.executors.base import Done, Found, Lost, Outcome, Work
from dagbuild.node import File, Files, Group, Node, Parameter, Source, Value
from dagbuild.observe import Observer, Seen, Watch, holds
from dagbuild.observe.words import tell_forbidden
from dagbuild.record import Record
from dagbuild.store import FileDigests
from dagbuild.store.base import Store

LOG_LIMIT = 64 * 1024
"""Characters of a node's output that its record keeps: the last ones."""

_PACKAGE = str(Path(__file__).parent.parent)


class _LostError(Exception):
    """An upstream value cannot be read back."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name = name
        self.why = why


@contextlib.contextmanager
def run_step(
    work: Work, store: Store, artifacts: Artifacts, on_wait: Callable[[str], None] = lambda _: None
) -> Iterator[Outcome]:
    """Make the call that `work` describes; whatever the node raises is an outcome, except KeyboardInterrupt.

    The lease is held until the context is left: leave it when the outcome is recorded, so that who waits for it finds
    the record.
    """
    if work.lease is None:
        yield _run(work, artifacts)
        return
    with store.lease(work.lease, on_wait) as waited:
        # Also without a wait: another build may have begun and ended since this one was planned.
        record = None if work.again else find_finished(store, work, local=not waited)
        yield Found(record) if record else _run(work, artifacts)


def find_finished(store: Store, work: Work, *, local: bool) -> Record | None:
    """Return a record that has come to the step's key, with all its blobs, or None."""
    assert work.lease is not None
    for record in store.find_records([work.lease], local=local).get(work.lease, []):
        refs = record.artifact.blobs
        if len(store.has_blobs(refs, local=local)) == len(set(refs)) and _holds(record, work.watch):
            return record
    return None


def _holds(record: Record, watch: Watch | None) -> bool:
    if not record.observations:
        return True
    return watch is not None and holds(
        record.observations, watch.places, os.environ, _open_digests(watch.memo)
    )


@functools.cache
def _open_digests(memo: str | None) -> FileDigests:
    # On another machine the folder may not be there, and is not for us to make.
    return FileDigests(Path(memo) if memo and Path(memo).is_dir() else None)


def _watch(work: Work, artifacts: Artifacts) -> Observer | None:
    if work.watch is None:
        return None
    observer = Observer(work.watch.places, _open_digests(work.watch.memo))
    for node in (work.node, *work.views):
        for pattern in node.reads:
            observer.declare_pattern(pattern)
    for name in work.files:
        paths = artifacts.load(work.values[name])
        observer.declare([paths] if isinstance(paths, str) else paths)
    return observer


def _call(function: Callable[..., Any], /, **arguments: Any) -> Any:
    return function(**arguments)


def _run(work: Work, artifacts: Artifacts) -> Outcome:
    log = _Log()
    arguments: dict[str, Any] = {}
    started, wall, cpu = time.time(), time.perf_counter(), time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    observer = _watch(work, artifacts)
    call = observer.call if observer else _call
    try:
        with log.capture():
            arguments = _bind(work, artifacts, call)
            value = call(work.node.function, **arguments)
    except _LostError as lost:
        return Lost({lost.name: lost.why})
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit in a node ends the node, not the build
        return make_failure(error, arguments)
    facts: dict[str, Any] = {
        "started": started,
        "duration": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "memory": max(0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) * _RSS_UNIT,
        "host": platform.node(),
        "log": log.text(),
        "seen": observer.finish() if observer else Seen(),
    }
    return _finish(work, artifacts, value, facts)


def _finish(work: Work, artifacts: Artifacts, value: Any, facts: dict[str, Any]) -> Outcome:
    """Store what the call returned, where it is to be kept and the node may have read what it read."""
    strict = work.watch is not None and work.watch.undeclared == "error"
    if strict and (told := tell_forbidden(facts["seen"].observations)):
        return Failure("UndeclaredRead", f"it {told[0]}\n  try: {told[1]}", "")
    if not work.keep:
        return Done(None, stored=False, value=value, **facts)
    try:
        return Done(artifacts.save(value, work.node.cache.format), **facts)
    except CodecError as error:
        return Failure("CodecError", str(error), "", {}, error)
    except StoreError as error:
        artifact, _ = artifacts.encode(value, work.node.cache.format)
        return Done(artifact, stored=False, value=value, trouble=str(error), **facts)


_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def _bind(work: Work, artifacts: Artifacts, call: Callable[..., Any]) -> dict[str, Any]:
    views: dict[str, Any] = {}

    def get(name: str) -> Any:
        if name in views:
            value, views[name] = hand_out(views[name])
            return value
        if name in work.held:
            return hand_out(work.held[name])[0]
        try:
            return artifacts.load(work.values[name])
        except (BlobMissingError, BlobDamagedError, CodecError) as error:
            raise _LostError(name, str(error)) from error

    known = {*work.values, *work.held, *(view.name for view in work.views)}
    for view in work.views:
        views[view.name] = call(view.function, **_arguments(view, known, get))
    return _arguments(work.node, known, get)


def _arguments(node: Node, known: set[str], get: Callable[[str], Any]) -> dict[str, Any]:
    """Return the keywords to call the node's function with; an optional parameter without a value is left out."""
    return {p.name: _argument(p, get) for p in node.parameters if all(name in known for name in p.upstream)}


def _argument(parameter: Parameter, get: Callable[[str], Any]) -> Any:
    # A path is stored as plain text; its type is the parameter's.
    if parameter.type is File:
        return File(_bound(parameter, get))
    if parameter.type is Files:
        return Files(File(path) for path in _bound(parameter, get))
    return _bound(parameter, get)


def _bound(parameter: Parameter, get: Callable[[str], Any]) -> Any:
    def item(binding: Source | Value) -> Any:
        return get(binding.name) if isinstance(binding, Source) else copy.deepcopy(binding.value)

    match parameter.binding:
        case Group(items, None):
            return [item(binding) for binding in items]
        case Group(items, keys):
            return {key: item(binding) for key, binding in zip(keys or (), items, strict=True)}
        case binding:
            return item(binding)


def hand_out(value: Any) -> tuple[Any, Any]:
    """Return a value for one consumer, and what to keep for the next: neither can change the other."""
    if isinstance(value, Iterator):
        mine, rest = itertools.tee(value)
        return mine, rest
    if type(value).__module__.partition(".")[0] == "pandas" and hasattr(value, "copy"):
        return value.copy(deep=False), value
    try:
        return copy.deepcopy(value), value
    except Exception:
        return value, value  # a connection, a lock: there is one, and everybody gets it


def make_failure(error: BaseException, arguments: Mapping[str, Any]) -> Failure:
    """Describe an exception for people: the user's own frames and what the inputs were."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(_PACKAGE)]
    return Failure(
        kind=type(error).__name__,
        message=str(error),
        frames="".join(traceback.format_list(frames)),
        inputs={name: describe_value(value) for name, value in arguments.items()},
        error=error,
    )


def describe_value(value: Any) -> str:
    """Return one line about a value: its type and shape, or a short repr; never raises."""
    kind = type(value).__name__
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"{kind} {' x '.join(map(str, shape))}"
    try:
        text = repr(value)
    except Exception:
        return kind
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{kind} {text[:70]}..."


class _Log:
    """Keeps the last of what is printed, and lets it through."""

    def __init__(self) -> None:
        self._kept = io.StringIO()

    def text(self) -> str:
        return self._kept.getvalue()[-LOG_LIMIT:]

    @contextlib.contextmanager
    def capture(self) -> Iterator[None]:
        out, err = _Tee(sys.stdout, self._kept), _Tee(sys.stderr, self._kept)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            yield


class _Tee(io.TextIOBase):
    def __init__(self, through: TextIO, kept: io.StringIO) -> None:
        self._through = through
        self._kept = kept

    def write(self, text: str, /) -> int:
        self._kept.write(text)
        if self._kept.tell() > 4 * LOG_LIMIT:
            tail = self._kept.getvalue()[-LOG_LIMIT:]
            self._kept.seek(0)
            self._kept.truncate()
            self._kept.write(tail)
        return self._through.write(text)

    def flush(self) -> None:
        self._through.flush()

    def isatty(self) -> bool:
        return self._through.isatty()

    def fileno(self) -> int:
        return self._through.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # read-only here, as in the stream behind it
        return self._through.encoding or "utf-8"
