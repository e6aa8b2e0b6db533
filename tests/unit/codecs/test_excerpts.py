"""Some columns of a stored table: which blobs they are read from, and what their digest says."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.codecs.selecting import NoSuchColumns, NoTable, select_columns
from dagbuild.model.node import Columns
from dagbuild.store.local import LocalStore
from tests.exact import assert_same
from tests.unit.codecs.counting import CountingStore

pytestmark = pytest.mark.leaves_threads


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
def artifacts(store: CountingStore) -> Artifacts:
    return Artifacts(store)


def make_frame(rows: Any) -> Any:
    return pd.DataFrame(
        {
            "a": np.arange(rows) * 1.5, "b": np.arange(rows), "c": [f"name {i}" for i in range(rows)],
            "d": pd.Categorical(["x", "y"] * (rows // 2)), "e": pd.array([1, None] * (rows // 2), "Int64"),
        },
        index=pd.date_range("2020", periods=rows, freq="h"),
    )  # fmt: skip


def make_table(rows: Any, library: Any) -> Any:
    table = pa.table({"a": np.arange(rows) * 1.5, "b": np.arange(rows), "c": [str(i) for i in range(rows)]})
    return pl.from_arrow(table) if library == "polars" else table


def sizes(refs: Any) -> Any:
    return sum(ref.size for ref in refs)


@pytest.mark.parametrize("names", [("a",), ("e", "c"), ("d", "b", "a")])
def test_reads_the_blobs_of_the_columns_and_of_the_index_only(
    store: CountingStore, artifacts: Artifacts, names: Any
) -> None:
    """These are what an excerpt names; the digest itself needs none."""
    frame = make_frame(200_000)
    artifact = artifacts.save(frame)

    excerpt = artifacts.excerpt(artifact, Columns(*names))
    assert store.read == []
    loaded = artifacts.load(artifact, Columns(*names))

    assert_same(select_columns(frame, names), loaded)
    assert set(store.read) == set(excerpt.blobs)
    alone = artifacts.save(frame[list(names)])
    assert sizes(excerpt.blobs) == sizes(alone.blobs)


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_reads_the_blobs_of_the_columns_of_other_tables(
    store: CountingStore, artifacts: Artifacts, library: Any
) -> None:
    """Their schema is known without any."""
    table = make_table(200_000, library)
    artifact = artifacts.save(table)

    excerpt = artifacts.excerpt(artifact, Columns("c", "a"))
    assert store.read == []
    loaded = artifacts.load(artifact, Columns("c", "a"))

    assert_same(table.select(["c", "a"]), loaded)
    assert set(store.read) == set(excerpt.blobs) < set(artifact.blobs)


def test_of_thousands_of_small_columns_a_few_are_read(store: CountingStore, artifacts: Artifacts) -> None:
    """Of what is packed together, the blobs around them; and what tells of ten thousand columns is a blob itself."""
    frame = pd.DataFrame(np.random.default_rng(1).random((500, 10_000)))
    artifact = artifacts.save(frame)
    store.read.clear()

    excerpt = artifacts.excerpt(artifact, Columns(7, 8_000))
    loaded = artifacts.load(artifact, Columns(7, 8_000))

    assert_same(select_columns(frame, [7, 8_000]), loaded)
    assert len(excerpt.blobs) <= 3
    assert sizes(set(store.read)) < sizes(artifact.blobs) / 20
    frame[9_000] = 0.0
    assert artifacts.excerpt(artifacts.save(frame), Columns(7, 8_000)).digest == excerpt.digest


def test_the_digest_does_not_depend_on_where_the_columns_lie(artifacts: Artifacts) -> None:
    """Inside the record, in a pack or beside other columns."""
    tiny = make_frame(4)
    crowd = pd.concat([pd.Series(range(4), tiny.index, name=f"x{i}") for i in range(400)], axis=1)
    beside = pd.concat([crowd, tiny], axis=1)[["x1", "e", "d", "x7", "c", "b", "a", *crowd.columns[20:]]]
    names = Columns("a", "c", "d", "e")

    digests = {
        artifacts.excerpt(artifacts.save(frame), names).digest for frame in (tiny, tiny.copy(), beside)
    }

    assert len(digests) == 1


def test_empty_buffers_in_the_pack_are_told_apart_too(artifacts: Artifacts) -> None:
    """A sparse column without any point has nothing to pack."""
    frame = pd.DataFrame({f"x{i}": np.arange(60.0) + i for i in range(20)})
    frame["none"] = pd.arrays.SparseArray(np.zeros(60))
    other = frame.assign(x0=1.0)

    first, second = (artifacts.excerpt(artifacts.save(each), Columns("none")) for each in (frame, other))

    assert first.digest == second.digest
    assert first.digest != artifacts.digest(frame)


def test_columns_come_back_as_one_block_of_their_own(tmp_path: Path) -> None:
    """Numbers of one dtype are a block, over mapped files; changing it changes nothing that is stored."""
    artifacts = Artifacts(LocalStore(tmp_path))
    frame = pd.DataFrame(np.arange(900_000.0).reshape(-1, 9), columns=list("abcdefghi"))
    artifact = artifacts.save(frame)

    loaded = artifacts.load(artifact, Columns("h", "b", "e"))
    loaded.iloc[0, 0] = -1.0

    assert loaded._mgr.nblocks == 1
    assert_same(frame[["h", "b", "e"]], artifacts.load(artifact, Columns("h", "b", "e")))


LABELS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "numbers": (pd.Index([2019, 2020, 2021]), (2021, 2019)),
    "a range": (pd.RangeIndex(3), (2, 0)),
    "levels": (
        pd.MultiIndex.from_tuples([("a", "x"), ("b", "x"), ("b", "y")], names=["u", "v"]),
        (("b", "y"),),
    ),
    "twice": (pd.Index(["a", "b", "a"]), ("a",)),
    "of several kinds": (pd.Index([1, "1", None], dtype=object), ("1", 1)),
    "categories": (pd.CategoricalIndex(["a", "b", "c"]), ("c", "a")),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_any_kind(artifacts: Artifacts, kind: Any) -> None:
    """A label is meant whole; one that is there twice means both, as in pandas."""
    labels, names = LABELS[kind]
    frame = pd.DataFrame([[1, 2.0, "x"], [3, 4.0, "y"]], columns=labels)

    loaded = artifacts.load(artifacts.save(frame), Columns(*names))

    assert_same(select_columns(frame, names), loaded)
    assert list(loaded.columns) == [label for name in names for label in labels if label == name]


def test_levels_keep_no_trace_of_other_columns(artifacts: Artifacts) -> None:
    """Else a change of another column's name would be seen."""
    labels = pd.MultiIndex.from_tuples([("a", "x"), ("b", "secret")])
    frame = pd.DataFrame([[1, 2]], columns=labels)

    loaded = artifacts.load(artifacts.save(frame), Columns(("a", "x")))

    assert [list(level) for level in loaded.columns.levels] == [["a"], ["x"]]


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_missing_columns_are_named(artifacts: Artifacts, library: str) -> None:
    """With those that there are; nothing is read for it."""
    value = make_frame(4) if library == "pandas" else make_table(4, library)
    with pytest.raises(NoSuchColumns) as caught:
        artifacts.load(artifacts.save(value), Columns("a", "z"))

    assert caught.value.missing == ["z"]
    assert {"a", "b", "c"} <= set(caught.value.known)


def test_what_is_no_table_has_none(artifacts: Artifacts) -> None:
    """A dict is no table, whatever is in it."""
    artifact = artifacts.save({"a": 1})

    assert artifacts.excerpt(artifact, Columns("a")).digest == artifact.digest
    with pytest.raises(NoTable, match="dict"):
        artifacts.load(artifact, Columns("a"))


def test_what_is_only_a_plan_is_cut_too() -> None:
    """A view may give a lazy frame."""
    lazy = make_table(4, "polars").lazy()

    assert select_columns(lazy, ["c", "a"]).collect().columns == ["c", "a"]
    with pytest.raises(NoSuchColumns):
        select_columns(lazy, ["z"])


def test_a_column_name_that_looks_like_a_pattern_is_a_name(artifacts: Artifacts) -> None:
    """polars would take such a text for a pattern."""
    frame = pl.DataFrame({"^a.*$": [1], "ab": [2]})

    assert select_columns(frame, ["^a.*$"]).columns == ["^a.*$"]
    assert artifacts.load(artifacts.save(frame), Columns("^a.*$")).columns == ["^a.*$"]


def test_what_polars_knows_of_a_column_goes_with_it(artifacts: Artifacts) -> None:
    """That it is sorted counts, for that column alone."""
    frame = pl.DataFrame({"a": [1, 2], "b": [2, 1], "c": [3, 4]})
    down = frame.with_columns(pl.col("b").set_sorted(descending=True))
    plain, marked = artifacts.save(frame), artifacts.save(down)

    assert_same(down.select("c", "b"), artifacts.load(marked, Columns("c", "b")))
    assert artifacts.load(marked, Columns("c", "b"))["b"].flags["SORTED_DESC"]
    for name, same in (("a", True), ("b", False)):
        digests = {artifacts.excerpt(each, Columns(name)).digest for each in (plain, marked)}
        assert (len(digests) == 1) is same


def test_a_frame_with_columns_of_objects_is_cut_as_a_whole(artifacts: Artifacts) -> None:
    """Whichever column is asked for."""
    frame = pl.DataFrame({"a": [1, 2], "o": pl.Series([object, int], dtype=pl.Object)})
    artifact = artifacts.save(frame)

    assert artifacts.load(artifact, Columns("o"))["o"].to_list() == [object, int]
    assert_same(frame.select("a"), artifacts.load(artifact, Columns("a")))
    assert artifacts.excerpt(artifact, Columns("a")).digest == artifact.digest


def test_files_beside_columns_are_their_own(tmp_path: Path) -> None:
    """A frame may carry files in its attrs; those of one choice of columns are not taken for those of another."""
    store = LocalStore(tmp_path / "cache")
    artifacts = Artifacts(store)
    frame = make_frame(4)
    for name in ("first", "second"):
        (tmp_path / name).write_text(name)
    frame.attrs = {"files": [tmp_path / "first", tmp_path / "second"]}
    artifact = artifacts.save(frame, takes=lambda _: True)

    for columns in (None, Columns("a"), Columns("c", "a")):
        files = artifacts.load(artifact, columns).attrs["files"]
        assert [file.read_text() for file in files] == ["first", "second"]


@pytest.mark.parametrize("names", [(), ("a", "a"), (["a", "b"],), (1.5,), (None,), ((1, None),)])
def test_names_that_can_be_none_are_refused(names: Any) -> None:
    """When the module is imported, not when the node runs."""
    with pytest.raises(ValueError, match="Columns"):
        Columns(*names)
