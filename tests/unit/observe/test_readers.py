"""Readers that open files outside Python's sight."""

import importlib
import inspect
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet as pq
import pytest

from dagbuild.code.closure import SourceReader
from dagbuild.ground.digest import digest_bytes
from dagbuild.observe.observer import install
from dagbuild.observe.places import ABSENT
from tests.unit.observe.support import digests, names, watch

install()  # which wraps them as they are imported
import duckdb  # noqa: E402
import h5py  # noqa: E402
import polars as pl  # noqa: E402

pytestmark = pytest.mark.leaves_threads


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"a": [1, 2]})
    frame.to_csv("x.csv", index=False)
    frame.to_parquet("x.parquet")
    frame.to_feather("x.feather")
    pyarrow.orc.write_table(pa.table(frame), "x.orc")
    (tmp_path / "x.json").write_text('{"a": 1}\n{"a": 2}\n')
    Path("parts").mkdir()
    frame.to_parquet("parts/1.parquet")
    frame.to_parquet("parts/2.parquet")
    with h5py.File("x.h5", "w") as file:
        file["a"] = np.arange(2)
    with duckdb.connect("x.duckdb") as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")
    return tmp_path


def rows_of(relation: duckdb.DuckDBPyRelation | None) -> Any:
    assert relation is not None
    return relation.fetchall()


def _map(path: str) -> bytes:
    with pa.memory_map(path) as mapped:
        return bytes(mapped.read(1))


def _h5(path: str) -> Any:
    with h5py.File(path, "r") as file:
        return file["a"][:]


def _duckdb(path: str) -> Any:
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute("SELECT * FROM t").fetchall()


def _own_connection(query: str) -> Any:
    with duckdb.connect() as connection:
        return connection.sql(query).fetchall()


ONE_FILE: dict[str, tuple[Callable[[str], Any], str]] = {
    "pandas.read_parquet": (pd.read_parquet, "x.parquet"),
    "pandas.read_feather": (pd.read_feather, "x.feather"),
    "pandas.read_orc": (pd.read_orc, "x.orc"),
    "pq.read_table": (pq.read_table, "x.parquet"),
    "pq.ParquetFile": (lambda path: pq.ParquetFile(path).read(), "x.parquet"),
    "pq.read_schema": (pq.read_schema, "x.parquet"),
    "pyarrow.dataset": (lambda path: pyarrow.dataset.dataset(path).to_table(), "x.parquet"),
    "pyarrow.csv": (lambda path: pyarrow.csv.read_csv(path), "x.csv"),
    "pyarrow.feather": (lambda path: pyarrow.feather.read_table(path), "x.feather"),
    "pyarrow.orc": (lambda path: pyarrow.orc.ORCFile(path).read(), "x.orc"),
    "memory_map": (_map, "x.csv"),
    "pl.read_csv": (lambda path: pl.read_csv(path), "x.csv"),
    "pl.scan_csv": (lambda path: pl.scan_csv(path).collect(), "x.csv"),
    "pl.read_parquet": (lambda path: pl.read_parquet(path), "x.parquet"),
    "pl.scan_parquet": (lambda path: pl.scan_parquet(path).collect(), "x.parquet"),
    "pl.read_ipc": (lambda path: pl.read_ipc(path), "x.feather"),
    "pl.read_ndjson": (lambda path: pl.read_ndjson(path), "x.json"),
    "duckdb.connect": (_duckdb, "x.duckdb"),
    "duckdb.read_csv": (lambda path: duckdb.read_csv(path).fetchall(), "x.csv"),
    "duckdb.sql": (lambda path: rows_of(duckdb.sql(f"SELECT * FROM '{path}'")), "x.parquet"),
    "connection.sql": (lambda path: _own_connection(f"FROM read_csv('{path}')"), "x.csv"),
    "h5py.File": (_h5, "x.h5"),
}


@pytest.mark.parametrize("reader", ONE_FILE)
@pytest.mark.parametrize("as_path", [False, True])
def test_reader_of_one_file_is_seen(root: Path, reader: str, as_path: bool) -> None:
    read, name = ONE_FILE[reader]
    expected = {name: digest_bytes((root / name).read_bytes())}
    if name.endswith(".duckdb"):
        expected[f"{name}.wal"] = ABSENT
    if as_path and reader in {"duckdb.sql", "memory_map"}:
        pytest.skip("takes texts only")

    seen = watch(root, lambda: read(root / name if as_path else str(root / name)))  # type: ignore[arg-type]

    assert digests(seen) == expected and not seen.unstable and not seen.notes


MANY: dict[str, tuple[Callable[[], Any], str]] = {
    "pq.read_table folder": (lambda: pq.read_table("parts"), "parts/**"),
    "dataset folder": (lambda: pyarrow.dataset.dataset("parts", format="parquet").to_table(), "parts/**"),
    "polars pattern": (lambda: pl.scan_parquet("parts/*.parquet").collect(), "parts/*.parquet"),
    "duckdb pattern": (lambda: rows_of(duckdb.sql("FROM 'parts/*.parquet'")), "parts/*.parquet"),
}


@pytest.mark.parametrize("reader", MANY)
def test_reader_of_many_files_is_seen_with_the_listing(root: Path, reader: str) -> None:
    call, listing = MANY[reader]

    seen = watch(root, call)

    assert names(seen) == ["parts/1.parquet", "parts/2.parquet"]
    assert names(seen, "listing") == [listing]


def test_list_of_files_and_file_url(root: Path) -> None:
    seen = watch(root, lambda: (pl.read_parquet(["parts/1.parquet", "parts/2.parquet"]),
                                pd.read_parquet(f"file://{root}/x.parquet")))  # fmt: skip

    assert names(seen) == ["parts/1.parquet", "parts/2.parquet", "x.parquet"]


def test_what_a_library_wrote_for_the_node_is_its_own(root: Path) -> None:
    def call() -> None:
        pq.write_table(pa.table({"a": [1]}), "own.parquet")
        pl.DataFrame({"a": [1]}).write_parquet("own2.parquet")
        duckdb.sql("COPY (SELECT 1 AS a) TO 'own3.parquet' (FORMAT parquet)")
        for name in ("own", "own2", "own3"):
            pq.read_table(f"{name}.parquet")

    assert watch(root, call).observations == ()


def test_database_in_memory_reads_nothing(root: Path) -> None:
    seen = watch(
        root, lambda: (duckdb.connect().sql("SELECT 'a' AS a").fetchall(), duckdb.connect(":memory:"))
    )

    assert seen.observations == ()


def test_wrapped_readers_look_and_pickle_as_before() -> None:
    for reader in (
        pl.read_csv,
        pl.scan_parquet,
        pyarrow.dataset.dataset,
        pyarrow.csv.read_csv,
        duckdb.read_csv,
    ):
        assert pickle.loads(pickle.dumps(reader)) is reader
        assert reader.__doc__
    assert next(iter(inspect.signature(pl.read_csv).parameters)) == "source"
    assert pl.read_csv.__name__ == "read_csv" and pl.read_csv.__module__ == "polars.io.csv.functions"
    assert inspect.isclass(h5py.File) and inspect.isclass(pq.ParquetFile)


def test_errors_of_a_reader_are_its_own(root: Path) -> None:
    def call() -> None:
        with pytest.raises(FileNotFoundError):
            pl.read_csv("none.csv")
        with pytest.raises(TypeError):
            pl.read_csv()

    assert names(watch(root, call)) == ["none.csv"]


_FINGERPRINT = """
import sys
{first}
import fingerprinted
from dagbuild.code.closure import SourceReader
closure = SourceReader([fingerprinted]).closure([fingerprinted.f])
print(closure.digest, closure.packages)
"""


def test_the_fingerprint_looks_through_the_wrapping(tmp_path: Path) -> None:
    """A project that imports readers by name has the same digest and libraries with and without them being wrapped."""
    (tmp_path / "fingerprinted.py").write_text(
        "from polars import read_csv\nfrom pyarrow.csv import read_csv as arrow\nfrom pyarrow.dataset import dataset\n"
        "from pyarrow.feather import read_table\nfrom duckdb import read_parquet\nfrom h5py import File\n"
        "READERS = {'csv': read_csv}\n"
        "def f():\n    return read_csv, arrow, dataset, read_table, read_parquet, File, READERS\n"
    )
    path = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(Path.cwd())!r}]"
    told = [
        subprocess.run(
            [sys.executable, "-c", _FINGERPRINT.format(first=f"{path}; {first}")],
            capture_output=True, text=True, check=True,
        ).stdout
        for first in ("pass", "import dagbuild.observe.observer as o; o.install()", "import polars, pyarrow.csv, "
                      "pyarrow.dataset, pyarrow.feather, duckdb, h5py, dagbuild.observe.observer as o; o.install()")
    ]  # fmt: skip

    assert "polars" in told[0] and len(set(told)) == 1


def test_module_that_is_imported_in_the_node_is_wrapped_in_time(root: Path) -> None:
    code = (
        "import sys; from tests.unit.observe.support import watch, names; from pathlib import Path\n"
        "for name in [n for n in sys.modules if n.startswith('pyarrow')]: pass\n"
        "assert 'duckdb' not in sys.modules and 'h5py' not in sys.modules\n"
        "def call():\n"
        "    import duckdb, h5py\n"
        "    duckdb.sql(\"FROM 'x.csv'\").fetchall(); h5py.File('x.h5', 'r').close()\n"
        "print(names(watch(Path.cwd(), call)))\n"
    )
    path = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r})\n"

    told = subprocess.run(
        [sys.executable, "-c", path + code], capture_output=True, text=True, cwd=root, check=False
    )

    assert told.stdout.strip() == "['x.csv', 'x.h5']", told.stderr


def test_reader_of_python_that_was_bound_before_is_seen(root: Path) -> None:
    """It is the library's own function that tells, not another in its place."""
    code = (
        "from duckdb import sql, read_csv; from polars import read_csv as pl_read\n"
        "import duckdb; ask = duckdb.DuckDBPyConnection.sql\n"
        "from pathlib import Path; from tests.unit.observe.support import watch, names\n"
        "def call():\n"
        "    sql(\"FROM 'x.parquet'\").fetchall(); read_csv('x.csv').fetchall(); pl_read('parts.csv')\n"
        "    ask(duckdb.connect(), \"FROM 'parts/1.parquet'\").fetchall()\n"
        "print(names(watch(Path.cwd(), call)))\n"
    )
    (root / "parts.csv").write_text("a\n1\n")
    path = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r})\n"

    told = subprocess.run(
        [sys.executable, "-c", path + code], capture_output=True, text=True, cwd=root, check=False
    )

    assert told.stdout.strip() == "['parts.csv', 'parts/1.parquet', 'x.csv', 'x.parquet']", told.stderr


def test_every_reader_exists() -> None:
    """A release of a library that moves an entry point shows here."""
    from dagbuild.code.stand_ins import is_stand_in
    from dagbuild.observe.readers import READERS

    missing = []
    for module, readers in READERS.items():
        for reader in readers:
            found: Any = importlib.import_module(module)
            for part in reader.attribute.split("."):
                found = getattr(found, part, None)
            if not is_stand_in(found):
                missing.append(f"{module}.{reader.attribute}")

    assert missing == []


def test_closure_names_the_library_of_a_wrapped_reader() -> None:
    assert "polars" in SourceReader([]).closure([_uses_polars]).packages


def _uses_polars() -> Any:
    return pl.read_csv
