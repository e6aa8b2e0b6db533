"""See what is read by those who open files outside Python's sight: pyarrow, polars, duckdb, h5py.

From the moment their modules are imported, the paths that their readers are given are reported before they work, which
costs one test while no log is open. What they do with a path, and file systems other than the local one, is not
looked at. Knows nothing of how a call is looked at.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType
from typing import Any

from dagbuild.ground.import_hook import Execute, ImportHook
from dagbuild.ground.matching import is_pattern
from dagbuild.ground.override import override
from dagbuild.observe import active
from dagbuild.observe.ahead import look_ahead
from dagbuild.observe.read_log import ReadLog, find_matching
from dagbuild.observe.world import PROCESS


@dataclass(frozen=True, slots=True)
class Reader:
    """A callable to look at: its dotted name below the module, which argument counts and what it is.

    `does` is read, write, query, process or, of DuckDB's, database; or mode, where the next argument says which.
    """

    attribute: str
    position: int
    keyword: str
    does: str = "read"


def _all(names: str, position: int, keyword: str, does: str = "read") -> tuple[Reader, ...]:
    return tuple(Reader(name, position, keyword, does) for name in names.split())


_DUCKDB_READ = "read_csv read_json read_parquet from_csv_auto from_parquet"
_DUCKDB_QUERY = "sql query execute executemany from_query"

_SCHEMA = _all("read_schema read_metadata", 0, "where")

READERS: Mapping[str, tuple[Reader, ...]] = {
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
        *_all("connect", 0, "database", "database"),
        *_all(_DUCKDB_READ, 0, "path_or_buffer"),
        *_all(_DUCKDB_QUERY, 0, "query", "query"),
        *(
            Reader(f"DuckDBPyConnection.{name}", 1, keyword, does)
            for names, keyword, does in (
                (_DUCKDB_READ, "path_or_buffer", "read"),
                (_DUCKDB_QUERY, "query", "query"),
            )
            for name in names.split()
        ),
    ),
    "h5py": _all("File.__init__", 1, "name", "mode"),
    "multiprocessing.process": _all("BaseProcess.start", 0, "self", "process"),
}


def watch_readers() -> None:
    """Report what readers are given: those of modules that are imported, and of the others as soon as they are."""
    for name in READERS:
        if (module := sys.modules.get(name)) is not None:
            _watch_module(module)
    sys.meta_path.insert(0, _Hook())


def _watch_module(module: ModuleType) -> None:
    for reader in READERS[module.__name__]:
        *path, name = reader.attribute.split(".")
        owner: Any = module
        for part in path:
            owner = getattr(owner, part, None)
        if owner is not None:  # other versions may lack it
            look_ahead(owner, name, partial(_look, reader))


def _look(reader: Reader, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    if not (read_logs := active.find_read_logs()):
        return
    given = args[reader.position] if len(args) > reader.position else kwargs.get(reader.keyword)
    if reader.does == "mode":
        mode = args[reader.position + 1] if len(args) > reader.position + 1 else kwargs.get("mode")
        reader = replace(
            reader, does="write" if mode in {"w", "w-", "x"} else "change" if mode in {"a", "r+"} else "read"
        )
    with active.quiet():
        for read_log in read_logs:
            # What is wrong with its argument the reader itself will tell.
            with contextlib.suppress(Exception):
                _report(read_log, reader, given, kwargs.get("filesystem"))


def _report(read_log: ReadLog, reader: Reader, given: Any, filesystem: Any) -> None:
    if reader.does == "process":
        read_log.note("process", PROCESS)
    elif reader.does == "query":
        if isinstance(given, str):
            _read_query(read_log, given)
    elif filesystem is not None and "Local" not in type(filesystem).__name__:
        read_log.note_network(type(filesystem).__name__)
    else:
        for path in given if isinstance(given, list | tuple | set) else [given]:
            if not isinstance(path, str | os.PathLike) or path in {"", ":memory:"}:
                continue  # an open file was seen when it was opened
            if reader.does == "write":
                read_log.write(path)
            elif reader.does == "change":
                read_log.read_any(path)
                read_log.write(path, whole=False)
            elif reader.does == "database":
                read_log.read_any(path)
                read_log.read(f"{os.fspath(path)}.wal")  # what was written last, also when that comes later
            else:
                read_log.read_any(path)


_QUOTED = re.compile(r"(\bto\s+)?'([^'\n]+)'", re.IGNORECASE)


def _read_query(read_log: ReadLog, text: str) -> None:
    """Note the files that a query names: each text in quotes that is a file, or a pattern that matches some."""
    for target, path in _QUOTED.findall(text):
        if target:
            read_log.write(path)
        elif os.path.isfile(path) or (is_pattern(path) and find_matching(path)):  # noqa: PTH113
            read_log.read_any(path)


class _Hook(ImportHook):
    """Looks at what was loaded."""

    @override
    def wants(self, name: str) -> bool:
        return name in READERS

    @override
    def execute(self, execute: Execute, module: ModuleType) -> None:
        execute(module)
        _watch_module(module)
