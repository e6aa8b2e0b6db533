"""Wrap the readers that open files outside Python's sight: pyarrow, polars, duckdb, h5py.

They are wrapped once, when their modules are imported, and only report paths: a wrapper has the name, the place and
the signature of what it wraps, passes everything on and costs one test while no collector is open. What they do with
a path, and file systems other than the local one, is not looked at.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from dagbuild.code.origin import STANDS_FOR
from dagbuild.observe import active
from dagbuild.observe.collect import Collector, read_query


@dataclass(frozen=True, slots=True)
class Entry:
    """A callable to wrap: its dotted name below the module, which argument counts and what it is.

    `does` is read, write, query or process.
    """

    attribute: str
    position: int
    keyword: str
    does: str = "read"


def _all(names: str, position: int, keyword: str, does: str = "read") -> tuple[Entry, ...]:
    return tuple(Entry(name, position, keyword, does) for name in names.split())


_DUCKDB_READ = "read_csv read_json read_parquet from_csv_auto from_parquet"
_DUCKDB_QUERY = "sql query execute executemany from_query"

_SCHEMA = _all("read_schema read_metadata", 0, "where")

ENTRIES: Mapping[str, tuple[Entry, ...]] = {
    "pyarrow.parquet": _SCHEMA,
    # Methods where it can be, since they are found however the functions that use them were imported.
    "pyarrow.parquet.core": (
        *_SCHEMA,
        *_all("ParquetFile.__init__", 1, "source"),
        *_all("ParquetDataset.__init__", 1, "path_or_paths"),
        *_all("ParquetWriter.__init__", 1, "where", "write"),
    ),
    "pyarrow.dataset": (*_all("dataset", 0, "source"), *_all("parquet_dataset", 0, "metadata_path")),
    "pyarrow.csv": _all("read_csv open_csv", 0, "input_file"),
    "pyarrow.json": _all("read_json open_json", 0, "input_file"),
    "pyarrow.feather": (
        *_all("read_table read_feather", 0, "source"),
        *_all("write_feather", 1, "dest", "write"),
    ),
    "pyarrow.orc": _all("ORCFile.__init__", 1, "source"),
    "pyarrow": _all("memory_map", 0, "path"),
    "polars": (
        *_all(
            "read_avro read_csv read_excel read_ipc read_ipc_schema read_ipc_stream read_json read_lines",
            0,
            "source",
        ),
        *_all(
            "read_ndjson read_ods read_parquet read_parquet_metadata read_parquet_schema read_delta",
            0,
            "source",
        ),
        *_all("scan_csv scan_ipc scan_ndjson scan_parquet scan_lines scan_delta", 0, "source"),
        *_all("DataFrame.write_parquet DataFrame.write_csv DataFrame.write_ipc", 1, "file", "write"),
        *_all("LazyFrame.sink_parquet LazyFrame.sink_csv LazyFrame.sink_ipc", 1, "path", "write"),
    ),
    "duckdb": (
        *_all("connect", 0, "database"),
        *_all(_DUCKDB_READ, 0, "path_or_buffer"),
        *_all(_DUCKDB_QUERY, 0, "query", "query"),
        *(
            Entry(f"DuckDBPyConnection.{name}", 1, keyword, does)
            for names, keyword, does in (
                (_DUCKDB_READ, "path_or_buffer", "read"),
                (_DUCKDB_QUERY, "query", "query"),
            )
            for name in names.split()
        ),
    ),
    "h5py": _all("File.__init__", 1, "name"),
    "multiprocessing.process": _all("BaseProcess.start", 0, "self", "process"),
}


def wrap_readers() -> None:
    """Wrap the readers of modules that are imported, and of the others as soon as they are."""
    for name in ENTRIES:
        if (module := sys.modules.get(name)) is not None:
            _wrap_module(module)
    sys.meta_path.insert(0, _Finder())


def _wrap_module(module: ModuleType) -> None:
    for entry in ENTRIES[module.__name__]:
        *path, name = entry.attribute.split(".")
        owner: Any = module
        for part in path:
            owner = getattr(owner, part, None)
        call = vars(owner).get(name) if owner is not None else None
        if call is not None and not hasattr(call, STANDS_FOR):  # other versions may lack it
            reader = _wrap(call, entry)
            setattr(owner, name, reader)
            home = sys.modules.get(getattr(call, "__module__", None) or "")
            there = getattr(call, "__name__", name)
            if getattr(home, there, None) is call:
                setattr(home, there, reader)  # pickle asks for it where it says that it is defined


def _wrap(call: Callable[..., Any], entry: Entry) -> Callable[..., Any]:
    @functools.wraps(call)
    def reader(*args: Any, **kwargs: Any) -> Any:
        if not active._open or not (collectors := active.find_collectors()):
            return call(*args, **kwargs)
        given = args[entry.position] if len(args) > entry.position else kwargs.get(entry.keyword)
        with active.quiet():
            for collector in collectors:
                # What is wrong with its argument the reader itself will tell.
                with contextlib.suppress(Exception):
                    _report(collector, entry, given, kwargs.get("filesystem"))
        return call(*args, **kwargs)

    setattr(reader, STANDS_FOR, call)  # the fingerprint looks through it
    return reader


def _report(collector: Collector, entry: Entry, given: Any, filesystem: Any) -> None:
    if entry.does == "process":
        collector.note("process", "starts a process")
    elif entry.does == "query":
        if isinstance(given, str):
            read_query(collector, given)
    elif filesystem is not None and "Local" not in type(filesystem).__name__:
        collector.note("network", f"reads from a {type(filesystem).__name__}")
    else:
        for path in given if isinstance(given, list | tuple | set) else [given]:
            if not isinstance(path, str | os.PathLike) or path in {"", ":memory:"}:
                continue  # an open file was seen when it was opened
            if entry.does == "write":
                collector.write(path)
            else:
                collector.read_any(path)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds nothing of its own: lets the others find, and wraps what they load."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec that the next finder gives, with a loader that wraps when it has executed the module."""
        if name not in ENTRIES:
            return None
        spec = _find_next(self, name, path, target)
        loader = spec.loader if spec else None
        if loader is None:
            return spec
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            _wrap_module(module)

        # On the loader itself, so that its type, and what others ask of it, stay as they are.
        loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _find_next(
    me: _Finder, name: str, path: Sequence[str] | None, target: ModuleType | None
) -> importlib.machinery.ModuleSpec | None:
    for finder in sys.meta_path:
        if finder is not me and (spec := finder.find_spec(name, path, target)) is not None:
            return spec
    return None
