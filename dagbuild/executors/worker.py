"""Run one step: load what the function takes, call it, store what it gives, and put its record.

The same code in the driver's process and in a worker far away. Knows nothing of plans or of other steps; deals in
artifacts, so that values never travel through an executor. Guards: the record is put before the step's lease ends, so
that of two builds side by side one computes and the other finds.
"""

from __future__ import annotations

import contextlib
import copy
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
from dagbuild.executors.base import Work
from dagbuild.ground.digits import tell
from dagbuild.ground.errors import (
    BlobDamagedError,
    BlobMissingError,
    CodecError,
    ColumnsError,
    StoreError,
    did_you_mean,
)
from dagbuild.ground.filetree import changed_since
from dagbuild.ground.stamps import file_clock
from dagbuild.model.node import Columns, File, Files, Group, Node, Parameter, Source, Value
from dagbuild.model.outcome import Done, Failure, Found, Lost, Outcome
from dagbuild.model.record import UNOBSERVED, Key, Record
from dagbuild.observe import Observer, ProjectCode, Seen, Watch
from dagbuild.observe.wording import tell_forbidden
from dagbuild.store import FileDigests

LOG_LIMIT = 64 * 1024
"""Characters of a node's output that its record keeps: the last ones."""

_PACKAGE = str(Path(__file__).parent.parent)


class _LostError(Exception):
    """An upstream value cannot be read back."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name = name
        self.why = why


class Worker:
    """Runs steps: knows where values lie, whose code it runs and, with `watch`, how steps are to be observed."""

    def __init__(
        self, artifacts: Artifacts, code: ProjectCode, files: FileDigests, watch: Watch | None
    ) -> None:
        self._store = artifacts.store
        self._artifacts = artifacts
        self._code = code
        self._files = files
        self.watch = watch

    def run(self, work: Work, on_wait: Callable[[str], None] = lambda _: None) -> Outcome:
        """Make the call that `work` describes, and put its record; whatever the node raises is an outcome.

        Its record is put before its lease ends, so that who waits for it finds that. `on_wait` is told who is waited
        for. KeyboardInterrupt is raised.
        """
        if work.lease is None:
            with _staying_here():
                return self._run(work)
        with self._store.lease(work.lease, on_wait) as waited, _staying_here():
            # Also without a wait: another build may have begun and ended since this one was planned.
            record = self._find_finished(work.lease, local=not waited)
            return Found(record) if record else self._run(work)

    def _find_finished(self, key: Key, *, local: bool) -> Record | None:
        """Return a record that has come to the step's key, of a value that is there and can be read here, or None."""
        for record in self._store.find_records([key], local=local).get(key, []):
            if self._artifacts.is_usable(record.artifact, local=local) and self._holds(record):
                return record
        return None

    def _holds(self, record: Record) -> bool:
        if record.observations and self.watch is None:
            return False
        return self._code.holds(record)

    def flush(self) -> None:
        """Make what was stored so far visible to workers elsewhere."""
        self._store.flush()

    # -- the call ------------------------------------------------------------------------------------------------

    def _run(self, work: Work) -> Outcome:
        log = _Log()
        arguments: dict[str, Any] = {}
        started, since, wall = time.time(), file_clock(), time.perf_counter()
        before = resource.getrusage(resource.RUSAGE_SELF)
        observer = self._observer(work)
        call = observer.call if observer else _call
        try:
            with log.capture() if self._may_touch() else contextlib.nullcontext():
                arguments = _bind(work, self._artifacts, call)
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
        }
        seen = observer.finish() if observer else Seen(() if self._may_touch() else (UNOBSERVED,))
        return self._finish(work, value, facts, seen, changed_since(since))

    def _may_touch(self) -> bool:
        """Tell whether the process may be changed, for as long as a node runs, to see what it does."""
        return self.watch is None or self.watch.observes

    def _observer(self, work: Work) -> Observer | None:
        if self.watch is None or not self.watch.observes:
            return None
        observer = Observer(self.watch.places, self._files)
        observer.declare(map(str, self._artifacts.copies))
        for node in (work.node, *work.views):
            for pattern in node.reads:
                observer.declare_pattern(pattern)
        for name in work.files:
            paths = self._artifacts.load(work.values[name])
            observer.declare([paths] if isinstance(paths, str) else paths)
        return observer

    # -- what came of it -----------------------------------------------------------------------------------------

    def _finish(self, work: Work, value: Any, facts: dict[str, Any], seen: Seen, takes: Takes) -> Outcome:
        """Store what the call returned, where it is to be kept and the node may have read what it read."""
        strict = self.watch is not None and self.watch.undeclared == "error"
        if strict and (told := tell_forbidden(seen.observations)):
            return Failure("UndeclaredRead", f"it {told[0]}\n  try: {told[1]}", "")
        if work.draft is None:
            return Done(held=True, value=value)
        name, form = work.node.name, work.node.cache.format
        trouble = ""
        try:
            artifact = self._artifacts.save(value, form, takes)
        except CodecError as error:
            return Failure("CodecError", str(error), "", {}, error)
        except StoreError as error:
            artifact, trouble = self._artifacts.encode(value, form, takes)[0], str(error)
        facts["observations"] = (*seen.observations, *self._code.observe(seen.ran, work.manifests))
        record = work.draft.complete(self._code.carry(artifact), **facts)
        if trouble:
            line = f"the value of '{name}' could not be stored: {trouble}"
            return Done(record, held=True, value=value, notices=(line,), notes=seen.notes)
        record, *notices = self._record(work, record, seen)
        return Done(record, notices=tuple(notices), notes=seen.notes)

    def _record(self, work: Work, record: Record, seen: Seen) -> tuple[Record, *tuple[str, ...]]:
        """Put the record, unless its value may be of another state of what was read; with what is to be told of that.

        Where another build was first with a usable one, the first result stays.
        """
        name = record.node
        if seen.unstable:
            files = ", ".join(seen.unstable)
            return record, f"{files} changed while '{name}' read it: its value is used, but not recorded"
        if not self._is_as_declared(work):
            return record, f"an input of '{name}' changed while it ran: its value is used, but not recorded"
        try:
            first = None if record.forced else self._find_first(record)
            if first is not None:
                return first, f"'{name}' is not deterministic: its first result stays"
            self._store.put_records([record])
        except StoreError as error:
            return record, f"the record of '{name}' could not be stored: {error}"
        return (record,)

    def _is_as_declared(self, work: Work) -> bool:
        """Tell whether the files that the node takes are still those that its key was made of."""
        try:
            return all(files.digest(self._files) == digest for files, digest in work.declared)
        except OSError:
            return False

    def _find_first(self, record: Record) -> Record | None:
        """Return a usable record of another value that has come to the content key meanwhile, or None."""
        for first in self._store.find_records([record.content]).get(record.content, []):
            if first.observations == record.observations and self._artifacts.is_usable(first.artifact):
                return first if first.artifact.digest != record.artifact.digest else None
        return None


def _call(function: Callable[..., Any], /, **arguments: Any) -> Any:
    return function(**arguments)


@contextlib.contextmanager
def _staying_here() -> Iterator[None]:
    """A node that goes to another folder does not take the next one of this process along."""
    here = None
    with contextlib.suppress(OSError):
        here = os.getcwd()  # noqa: PTH109 - the same text goes back
    try:
        yield
    finally:
        if here is not None:
            with contextlib.suppress(OSError):
                os.chdir(here)


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
        text = tell(value)
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
