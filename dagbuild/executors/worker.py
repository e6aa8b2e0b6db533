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
import pickle
import platform
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any, TextIO, TypeAlias

from dagbuild.artifacts import Artifacts
from dagbuild.codecs.selecting import NoSuchColumns, NoTable, select_columns
from dagbuild.codecs.writer import Takes
from dagbuild.executors.base import Done, Found, Lost, Outcome, Work
from dagbuild.ground.errors import (
    BlobDamagedError,
    BlobMissingError,
    CodecError,
    ColumnsError,
    StoreError,
    did_you_mean,
)
from dagbuild.ground.filetree import changed_since, file_clock
from dagbuild.model.node import Columns, File, Files, Group, Node, Parameter, Source, Value
from dagbuild.model.record import Record
from dagbuild.observe import Observer, Seen, Watch, holds
from dagbuild.observe.wording import tell_forbidden
from dagbuild.plan.events import Failure
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
        record = find_finished(store, artifacts, work, local=not waited)
        yield Found(record) if record else _run(work, artifacts)


def find_finished(store: Store, artifacts: Artifacts, work: Work, *, local: bool) -> Record | None:
    """Return a record that has come to the step's key, of a value that is there and can be read here, or None."""
    assert work.lease is not None
    for record in store.find_records([work.lease], local=local).get(work.lease, []):
        refs = record.artifact.blobs
        there = len(store.has_blobs(refs, local=local)) == len(set(refs))
        if there and artifacts.find_obstacle(record.artifact) is None and _holds(record, work.watch):
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
    observer.declare(map(str, artifacts.copies))
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
    here = None
    with contextlib.suppress(OSError):
        here = os.getcwd()  # noqa: PTH109 - the same text goes back
    try:
        return _run_here(work, artifacts)
    finally:
        # A node that goes elsewhere must not take the next one of this process along.
        if here is not None:
            with contextlib.suppress(OSError):
                os.chdir(here)


def _run_here(work: Work, artifacts: Artifacts) -> Outcome:
    log = _Log()
    arguments: dict[str, Any] = {}
    started, since, wall = time.time(), file_clock(), time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_SELF)
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
    after = resource.getrusage(resource.RUSAGE_SELF)
    facts: dict[str, Any] = {
        "started": started,
        "duration": time.perf_counter() - wall,
        "cpu": after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime,
        "memory": max(0, after.ru_maxrss - before.ru_maxrss) * _RSS_UNIT,
        "host": platform.node(),
        "log": log.text(),
        "seen": observer.finish() if observer else Seen(),
    }
    return _finish(work, artifacts, value, facts, changed_since(since))


def _finish(work: Work, artifacts: Artifacts, value: Any, facts: dict[str, Any], takes: Takes) -> Outcome:
    """Store what the call returned, where it is to be kept and the node may have read what it read."""
    strict = work.watch is not None and work.watch.undeclared == "error"
    if strict and (told := tell_forbidden(facts["seen"].observations)):
        return Failure("UndeclaredRead", f"it {told[0]}\n  try: {told[1]}", "")
    if not work.keep:
        return Done(None, stored=False, value=value, **facts)
    try:
        return Done(artifacts.save(value, work.node.cache.format, takes), **facts)
    except CodecError as error:
        return Failure("CodecError", str(error), "", {}, error)
    except StoreError as error:
        artifact, _ = artifacts.encode(value, work.node.cache.format, takes)
        return Done(artifact, stored=False, value=value, trouble=str(error), **facts)


_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def _bind(work: Work, artifacts: Artifacts, call: Callable[..., Any]) -> dict[str, Any]:
    views: dict[str, Any] = {}
    takers = (*work.views, work.node) if work.views else ()
    wanted = Counter(name for node in takers for p in node.parameters for name in p.upstream)

    def get(name: str, columns: Columns | None) -> Any:
        if name in views:
            wanted[name] -= 1
            value = views[name]
            if wanted[name]:  # the last to ask, and most often there is one only, gets the value itself
                value, views[name] = hand_out(value)
            return select_columns(value, columns.names) if columns else value
        if name in work.held:
            value = hand_out(work.held[name])[0]
            return select_columns(value, columns.names) if columns else value
        try:
            return artifacts.load(work.values[name], columns)
        except (BlobMissingError, BlobDamagedError, CodecError) as error:
            raise _LostError(name, str(error)) from error

    known = {*work.values, *work.held, *(view.name for view in work.views)}
    for view in work.views:
        views[view.name] = call(view.function, **_arguments(view, known, get))
    return _arguments(work.node, known, get)


_Get: TypeAlias = Callable[[str, Columns | None], Any]


def _arguments(node: Node, known: set[str], get: _Get) -> dict[str, Any]:
    """Return the keywords to call the node's function with; an optional parameter without a value is left out.

    Raises ColumnsError when a value has not the columns that the node asks for.
    """

    def get_for(name: str, columns: Columns | None) -> Any:
        try:
            return get(name, columns)
        except (NoSuchColumns, NoTable) as reason:
            raise _no_columns(node, name, reason) from None

    return {
        p.name: _argument(p, get_for) for p in node.parameters if all(name in known for name in p.upstream)
    }


def _no_columns(node: Node, upstream: str, reason: NoSuchColumns | NoTable) -> ColumnsError:
    if isinstance(reason, NoTable):
        return ColumnsError(
            f"'{node.name}' asks for columns of '{upstream}', which is of type '{reason}' and has none",
            where=str(node.where),
            hint="return a DataFrame or Table of pandas, polars or pyarrow, or take Columns(...) away",
        )
    missing = ", ".join(map(repr, reason.missing))
    known = [str(label) for label in reason.known]
    shown = ", ".join(map(repr, reason.known[:20])) + (", …" if len(known) > 20 else "")
    return ColumnsError(
        f"'{node.name}' asks for {missing} of '{upstream}', whose columns are {shown or 'none at all'}",
        where=str(node.where),
        hint=did_you_mean(str(reason.missing[0]), known) or f"name a column of '{upstream}' in Columns(...)",
    )


def _argument(parameter: Parameter, get: _Get) -> Any:
    # A path is stored as plain text; its type is the parameter's.
    if parameter.type is File:
        return File(_bound(parameter, get))
    if parameter.type is Files:
        return Files(map(File, _list_files(_bound(parameter, get))))
    return _bound(parameter, get)


def _list_files(value: Any) -> list[Any]:
    """Return the files that a value of paths stands for: those in a folder, where it is one path."""
    if not isinstance(value, str | PurePath):
        return list(value)
    path = Path(value)
    return sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]


def _bound(parameter: Parameter, get: _Get) -> Any:
    columns = parameter.columns

    def item(binding: Source | Value) -> Any:
        return get(binding.name, columns) if isinstance(binding, Source) else copy.deepcopy(binding.value)

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
    # Pickle first: a deep copy of a DataFrame shares the lists in its cells.
    for make_copy in (_through_pickle, copy.deepcopy):
        try:
            return make_copy(value), value
        except Exception:
            continue
    return value, value  # a connection, a lock: there is one, and everybody gets it


def _through_pickle(value: Any) -> Any:
    buffers: list[pickle.PickleBuffer] = []  # each copied once, where a pickle would hold them, too
    data = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    return pickle.loads(data, buffers=[bytearray(buffer.raw()) for buffer in buffers])


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
