"""What a program can tell of the libraries that dagbuild watches: `python -m ... HOW`, as JSON.

Run in processes of several kinds, of which one has no dagbuild; what they tell must be the same. HOW is plain,
installed, watched, after (a Driver has built something) or node (all of it happens inside one).
"""

from __future__ import annotations

import copy
import inspect
import json
import os
import pickle
import sys
import threading
import traceback
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

LIBRARIES = ("duckdb", "h5py", "polars", "pyarrow.csv", "pyarrow.parquet", "pyarrow.dataset", "pyarrow.json")

# fmt: off
READERS = (
    "duckdb.sql", "duckdb.query", "duckdb.execute",
    "duckdb.connect", "duckdb.read_csv", "duckdb.DuckDBPyConnection.sql",
    "duckdb.DuckDBPyConnection.execute", "duckdb.DuckDBPyConnection.executemany", "h5py.File",
    "h5py.File.__init__", "polars.read_csv", "polars.scan_parquet",
    "polars.DataFrame.write_parquet", "pyarrow.csv.read_csv", "pyarrow.json.read_json",
    "pyarrow.memory_map", "pyarrow.parquet.read_schema", "pyarrow.parquet.ParquetFile.__init__",
    "pyarrow.dataset.dataset", "threading.Thread.start", "multiprocessing.process.BaseProcess.start",
)
# fmt: on


def find(path: str) -> Any:
    """Return the object of a dotted name."""
    module, _, rest = path.partition(".")
    found: Any = sys.modules[module]
    for part in rest.split("."):
        found = getattr(found, part)
    return found


def attempt(call: Callable[[], Any]) -> str:
    """Return what a call gives, or raises."""
    try:
        return repr(call())
    except Exception as error:
        return f"{type(error).__name__}: {error}".replace(str(Path.cwd()), ".").partition(" at 0x")[0]


def tell_reader(path: str) -> Iterator[tuple[str, str]]:
    """Yield what can be asked of a callable."""
    reader = find(path)
    home = sys.modules.get(getattr(reader, "__module__", "") or "")
    name = getattr(reader, "__qualname__", "")
    yield "signature", attempt(lambda: str(inspect.signature(reader)))
    yield "same each time", attempt(lambda: find(path) is reader)
    yield "where it is defined", attempt(lambda: attrgetter(home, name) is reader)
    yield "names", repr([getattr(reader, each, "-") for each in ("__module__", "__name__", "__qualname__")])
    yield "doc", str(getattr(reader, "__doc__", ""))
    yield "defaults", repr([getattr(reader, each, "-") for each in ("__defaults__", "__kwdefaults__")])
    yield "annotations", repr(getattr(reader, "__annotations__", "-"))
    yield "source", attempt(lambda: inspect.getsource(reader))
    yield "lines", attempt(lambda: inspect.getsourcelines(reader)[1])
    yield "is a class", repr(inspect.isclass(reader))
    yield "is a routine", repr(inspect.isroutine(reader))
    yield "shown as", repr(reader).partition(" at 0x")[0]
    yield "copied", attempt(lambda: copy.copy(reader) is reader)
    if isinstance(reader, types.FunctionType | type):
        yield "pickled", attempt(lambda: pickle.loads(pickle.dumps(reader)) is reader)
        yield "kind", type(reader).__qualname__
        yield "attributes", repr(sorted(vars(reader)))
        yield "unwrapped", repr(inspect.unwrap(reader) is reader)
        code = reader.__code__ if isinstance(reader, types.FunctionType) else None
        if code is not None:
            yield (
                "code",
                repr((code.co_name, code.co_filename, code.co_firstlineno, code.co_flags, code.co_varnames)),
            )
    else:
        yield "callable", repr(callable(reader))


def attrgetter(home: Any, name: str) -> Any:
    for part in name.split("."):
        home = getattr(home, part)
    return home


table: Any = None
"""The global that queries name."""


def get_duckdb() -> Any:
    """Return the module with no types: that `sql` may give None, for what is no query, is no matter here."""
    import duckdb

    return duckdb


def frames() -> Iterator[tuple[str, str]]:
    """Yield what DuckDB finds in the frames of who asks it."""
    duckdb = get_duckdb()

    global table
    table = duckdb.from_df(_frame([1, 2])).df()
    ask = "select sum(a) from t"
    connection = duckdb.connect()

    ways: dict[str, Callable[..., Any]] = {
        "sql": lambda t: duckdb.sql(ask).fetchall(),
        "query": lambda t: duckdb.query(ask).fetchall(),
        "execute": lambda t: duckdb.execute(ask).fetchall(),
        "execute by name": lambda t: duckdb.execute(query=ask).fetchall(),
        "from_query": lambda t: duckdb.from_query(ask).fetchall(),
        "connection.sql": lambda t: connection.sql(ask).fetchall(),
        "connection.query": lambda t: connection.query(ask).fetchall(),
        "connection.execute": lambda t: connection.execute(ask).fetchall(),
        "connection in a with": lambda t: _in_a_with(t, ask),
        "bound method": lambda t: _held(connection.execute, t, ask),
        "cursor": lambda t: connection.cursor().execute(ask).fetchall(),
        "relation": lambda t: duckdb.sql("select * from t").aggregate("sum(a)").fetchall(),
        "relation.query": lambda t: (
            duckdb.sql("select 1 as b").query("r", "select sum(a) from t, r").fetchall()
        ),
        "insert": lambda t: _insert(duckdb.connect(), t),
    }
    for name, way in ways.items():
        yield f"parameter, {name}", attempt(lambda way=way: way(_frame([3, 4])))  # type: ignore[misc]
        yield f"thread, {name}", attempt(lambda way=way: _in_thread(way, _frame([5, 6])))  # type: ignore[misc]
    yield "local", attempt(lambda: _local(ask))
    yield "global", attempt(_global)
    yield "closure that uses it", attempt(lambda: _closure(_frame([7]), uses=True))
    yield "closure that does not", attempt(lambda: _closure(_frame([7]), uses=False))
    yield "generator", attempt(lambda: list(_generator(_frame([8, 9]))))
    yield "comprehension", attempt(lambda: [duckdb.sql("select 1 as a").fetchall() for t in [_frame([1])]])
    yield "class body", attempt(_class_body)
    yield "nothing of that name", attempt(lambda: duckdb.sql("select * from wrapper").fetchall())
    for name in ("args", "kwargs", "look", "call", "code", "known", "frame", "owner", "stand_in"):
        yield f"name of ours: {name}", attempt(lambda name=name: duckdb.execute(f"select * from {name}"))  # type: ignore[misc]
    yield "all frames", attempt(lambda: _all_frames(_frame([4, 4])))


def _frame(values: list[int]) -> Any:
    import pandas as pd

    return pd.DataFrame({"a": values})


def _in_a_with(t: Any, ask: str) -> Any:
    duckdb = get_duckdb()

    with duckdb.connect() as connection:
        return connection.execute(ask).fetchall()


def _held(execute: Any, t: Any, ask: str) -> Any:
    return execute(ask).fetchall()


def _insert(connection: Any, t: Any) -> Any:
    connection.execute("create table kept as select * from t")
    connection.executemany("insert into kept values (?)", [[1], [2]])
    return connection.execute("select sum(a) from kept").fetchall()


def _in_thread(way: Any, t: Any) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(way, t).result()


def _local(ask: str) -> Any:
    duckdb = get_duckdb()

    t = _frame([10, 20])
    return duckdb.sql(ask).fetchall(), len(t)


def _global() -> Any:
    duckdb = get_duckdb()

    return duckdb.sql('select sum(a) from "table"').fetchall(), duckdb.execute(
        'select sum(a) from "table"'
    ).fetchall()


def _closure(t: Any, *, uses: bool) -> Any:
    duckdb = get_duckdb()

    def with_it() -> Any:
        return len(t), duckdb.sql("select sum(a) from t").fetchall()

    def without() -> Any:
        return duckdb.sql("select sum(a) from t").fetchall()

    return with_it() if uses else without()


def _generator(t: Any) -> Iterator[Any]:
    duckdb = get_duckdb()

    yield duckdb.sql("select sum(a) from t").fetchall()
    t = _frame([100])  # noqa: F841 - the query finds it
    yield duckdb.execute("select sum(a) from t").fetchall()


def _class_body() -> Any:
    duckdb = get_duckdb()

    class Body:
        t = _frame([6, 6])
        found = duckdb.sql("select sum(a) from t").fetchall()

    return Body.found


def _all_frames(t: Any) -> Any:
    duckdb = get_duckdb()

    connection = duckdb.connect()
    connection.execute("set python_scan_all_frames = true")

    def inner() -> Any:
        return connection.execute("select sum(a) from t").fetchall()

    return inner()


def failures() -> Iterator[tuple[str, str]]:
    """Yield what a user sees when a call goes wrong, and who is on the stack then."""
    duckdb = get_duckdb()
    import h5py
    import polars as pl
    import pyarrow.csv

    calls: dict[str, Callable[[], Any]] = {
        "duckdb.sql": lambda: duckdb.sql("select * from nowhere"),
        "duckdb.execute": lambda: duckdb.execute("select * from nowhere"),
        "duckdb.execute, no query": lambda: duckdb.execute(),
        "connection.execute": lambda: duckdb.connect().execute("select * from nowhere"),
        "polars": lambda: pl.read_csv("nowhere.csv"),
        "polars, no source": lambda: pl.read_csv(),
        "pyarrow.csv": lambda: pyarrow.csv.read_csv("nowhere.csv"),
        "pyarrow.csv, no file": lambda: pyarrow.csv.read_csv(),
        "h5py": lambda: h5py.File("nowhere.h5", "r"),
        "environment": lambda: os.environ["NO_SUCH_VARIABLE"],
        "environment, no text": lambda: os.environ[1],  # type: ignore[index]
        "thread twice": _start_twice,
    }
    for name, call in calls.items():
        yield f"traceback of {name}", _traceback(call)
    Path("x.csv").write_text("a\n1\n")
    for name, read in {"polars": pl.read_csv, "pyarrow.csv": pyarrow.csv.read_csv, "h5py": h5py.File}.items():
        path = Stacked("x.csv")
        _traceback(lambda read=read, path=path: read(path))  # type: ignore[misc]
        yield f"stack in {name}", repr(path.stack)


class Stacked(os.PathLike[str]):
    """A path that notes who was on the stack when it was last asked for its text."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.stack: list[tuple[str, str]] = []

    def __fspath__(self) -> str:
        stack = traceback.extract_stack()
        begin = max(place for place, frame in enumerate(stack) if frame.name == "_traceback")
        # What looks ahead asks too, once more; who asks on the library's behalf must have the library's stack.
        if not any("/dagbuild/observe/" in frame.filename for frame in stack[begin:]):
            self.stack = [(frame.filename, frame.name) for frame in stack[begin:]]
        return self.path


def _start_twice() -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    thread.start()


def _traceback(call: Callable[[], Any]) -> str:
    try:
        call()
    except Exception:
        return traceback.format_exc()
    return ""


def classes() -> Iterator[tuple[str, str]]:
    """Yield what comes of classes whose methods are looked at."""
    import h5py
    import pyarrow.parquet as pq

    class Mine(h5py.File):  # type: ignore[misc]  # which has no types
        def __init__(self, name: str) -> None:
            super().__init__(name, "w")

    with Mine("mine.h5") as file:
        yield (
            "subclass",
            repr((isinstance(file, h5py.File), type(file).__mro__[1] is h5py.File, file.filename)),
        )
    yield "is a class", repr((isinstance(h5py.File, type), isinstance(pq.ParquetFile, type)))
    yield "class pickled", repr(pickle.loads(pickle.dumps(h5py.File)) is h5py.File)
    yield "loaders", repr([sorted(vars(sys.modules[name].__spec__.loader)) for name in LIBRARIES])  # type: ignore[union-attr]
    yield (
        "environment",
        repr((type(os.environ).__qualname__, os.environ.get("NO_SUCH_VARIABLE"), "HOME" in os.environ)),
    )
    yield "environment copied", repr(dict(os.environ) == os.environ.copy())


def tell() -> dict[str, str]:
    """Return all of it."""
    import multiprocessing.process  # noqa: F401
    from importlib import import_module

    for name in LIBRARIES:
        import_module(name)
    told = {f"{path}: {what}": text for path in READERS for what, text in tell_reader(path)}
    return {**told, **dict(frames()), **dict(failures()), **dict(classes())}


def in_a_node() -> dict[str, str]:
    """Return what is told while a node runs."""
    return tell()


def main(how: str) -> None:
    """Tell it in a process of one kind."""
    me = sys.modules["__main__"]
    if how == "installed":
        from dagbuild.observe.observer import install

        install()
    if how in {"plain", "installed"}:
        told = tell()
    elif how == "watched":
        from tests.unit.observe.support import watch

        found: list[dict[str, str]] = []
        watch(Path.cwd(), lambda: found.append(tell()))
        (told,) = found
    else:
        from dagbuild import Driver

        module = types.ModuleType("nodes")
        source = "def told() -> dict[str, str]:\n    import __main__\n    return __main__.in_a_node()\n"
        source += "def one() -> int:\n    return 1\n"
        exec(source, module.__dict__)
        driver = Driver({}, module, cache=None)
        if how == "after":
            driver.execute(["one"])
            told = tell()
        else:
            told = driver.execute(["told"])["told"]
    assert me is sys.modules["__main__"]
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
