"""What is stored once, what an edit writes, and how little a record holds."""

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.codecs.cuts import CUT_ROWS, cut
from dagbuild.codecs.packing import VERSION, Packing, Run
from dagbuild.ground.errors import CodecError
from dagbuild.testing.memory import MemoryStore

pytestmark = pytest.mark.leaves_threads

ROWS = 200_000


@pytest.fixture
def frame() -> Any:
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {f"c{i}": rng.normal(size=ROWS) for i in range(10)}
    columns["text"] = [f"customer {i}" for i in range(ROWS)]
    return pd.DataFrame(columns, index=pd.Index(rng.permutation(ROWS), name="id"))


def new_bytes(artifacts: Any, before: Any, after: Any) -> Any:
    """Return the bytes of `after` that `before` did not store."""
    known = set(artifacts.save(before).blobs)
    return sum(blob.size for blob in set(artifacts.save(after).blobs) - known)


def test_a_column_of_a_frame_is_stored_once(artifacts: Any, frame: Any) -> None:
    """A Series, a frame of one column and an array of its own have the blobs that the frame has."""
    known = set(artifacts.save(frame).blobs)

    for value in (
        frame["c3"],
        frame["text"],
        frame[["c5"]],
        frame.index,
        frame["c1"].to_numpy(),
        frame["c2"].array,
    ):
        blobs = set(artifacts.save(value).blobs)
        assert blobs
        assert blobs <= known


def test_text_is_one_set_of_blobs_in_pandas_arrow_and_polars(artifacts: Any, frame: Any) -> None:
    """A column of text is the same blobs whatever library holds it."""
    import polars as pl

    known = set(artifacts.save(frame["text"]).blobs)
    table = pa.table({"t": pa.chunked_array(frame["text"].array.__arrow_array__())})

    assert set(artifacts.save(table["t"]).blobs) <= known
    assert set(artifacts.save(pl.from_arrow(table)).blobs) <= known


def test_tables_inside_objects_share_columns(artifacts: Any, frame: Any) -> None:
    """A frame in a dict, or in an object that is pickled, is stored by column."""
    known = set(artifacts.save(frame).blobs)

    assert set(artifacts.save({"a": frame, "b": [1]}).blobs) <= known
    in_pickle = artifacts.save({"frame": frame, "type": Holder})
    assert in_pickle.code
    assert known <= set(in_pickle.blobs)


class Holder:
    """Something that only a pickle can name."""


def test_a_changed_column_writes_one_column(artifacts: Any, frame: Any) -> None:
    """One column of eleven changed means that one is written."""
    assert new_bytes(artifacts, frame, frame.assign(c4=frame["c4"] + 1)) == ROWS * 8


def test_a_new_frame_of_old_columns_writes_nothing(artifacts: Any, frame: Any) -> None:
    """Chosen, renamed and reordered columns are there already."""
    assert new_bytes(artifacts, frame, frame[["c7", "c2"]].rename(columns={"c7": "x"})) == 0


LONG = 2_000_000
COLUMNS: dict[str, Callable[[], Any]] = {
    "floats": lambda: np.random.default_rng(0).normal(size=LONG),
    "integers": lambda: np.arange(LONG),
    "flags": lambda: np.arange(LONG) % 3 == 0,
    "kinds": lambda: pd.Categorical(["a", "b"] * (LONG // 2)),
    "nullable": lambda: pd.array(np.arange(LONG) % 100, "Int8"),
    "times": lambda: pd.date_range("2020", periods=LONG, freq="s"),
    "zoned": lambda: pd.date_range("2020", periods=LONG, freq="s", tz="Europe/Paris"),
    "text": lambda: pd.array([f"row {i}" for i in range(LONG)], "str"),
    "objects": lambda: np.array([f"row {i}" for i in range(LONG)], object),
    "arrow": lambda: pd.array(np.arange(LONG), "int32[pyarrow]"),  # type: ignore[call-overload]  # unknown to the stubs
}


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("before", [LONG * 99 // 100, 30 * CUT_ROWS - 1])
def test_appending_writes_the_tail(kind: Any, before: Any) -> None:
    """Appending a hundredth to two million rows writes less than a twentieth, wherever the last cut was."""
    from dagbuild.artifacts import Artifacts
    from dagbuild.testing.memory import MemoryStore

    artifacts = Artifacts(MemoryStore())
    after = pd.Series(COLUMNS[kind]()).iloc[: before * 101 // 100]
    size = artifacts.save(after).size

    assert new_bytes(artifacts, after.iloc[:before], after) < 0.05 * size


def test_many_small_columns_are_one_pack(artifacts: Any) -> None:
    """Ten thousand columns make few blobs and a small record, and come back as one block."""
    wide = pd.DataFrame(np.arange(1_000_000.0).reshape(100, 10_000), columns=[f"c{i}" for i in range(10_000)])
    artifact = artifacts.save(wide)
    loaded = artifacts.load(artifact)

    assert len(artifact.blobs) <= 20
    assert len(json.dumps(artifact.to_json())) < 16 * 1024
    assert len(loaded._mgr.blocks) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded["new"] = 1
    assert artifacts.describe(artifact)["columns"][9999] == {
        "name": "c9999",
        "dtype": "float64",
        "bytes": 800,
    }


def test_columns_of_one_dtype_come_back_as_one_block(artifacts: Any, frame: Any) -> None:
    """Columns in files of their own are seen as one block."""
    loaded = artifacts.load(artifacts.save(frame))

    assert len(loaded._mgr.blocks) == 2
    assert loaded["c0"].sum() == frame["c0"].sum()


FRAMES = {
    "a pack": lambda: pd.DataFrame(np.ones((100, 3000))),
    "a file for each column": lambda: pd.DataFrame(np.ones((10_000, 150))),
    "several files for each column": lambda: pd.DataFrame(np.ones((CUT_ROWS + 1, 120))),
    "kinds by turns": lambda: pd.DataFrame({i: np.arange(5000).astype(["f8", "i4", "M8[s]", "?"][i % 4]) for i in range(400)}),
    "columns of their own": lambda: pd.DataFrame({i: pd.array([str(i)] * 9000, "str") for i in range(3)} | dict.fromkeys(range(3, 200), 1.0)),
}  # fmt: skip


@pytest.mark.parametrize("kind", FRAMES)
def test_a_loaded_frame_is_as_quick_as_any(artifacts: Any, kind: Any) -> None:
    """Pandas finds one block for each dtype, columns side by side in it, and has nothing to say about that."""
    fresh = FRAMES[kind]().copy()  # which makes one block of many
    frame = artifacts.load(artifacts.save(fresh))

    blocks, usual = (
        sorted(f._mgr.blocks, key=lambda block: block.mgr_locs.as_array[0]) for f in (frame, fresh)
    )
    assert frame._mgr.is_consolidated()
    assert [list(block.mgr_locs) for block in blocks] == [list(block.mgr_locs) for block in usual]
    for block in blocks:
        if isinstance(block.values, np.ndarray):
            assert block.values.strides[1] == block.values.itemsize
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in range(-5, 0):
            frame[name] = frame[3] * 2
        frame.insert(0, "first", 1)


def test_small_values_need_no_blob(artifacts: Any) -> None:
    """Plain values, and small tables, are inside the record."""
    for value in (1, "a", {"a": [1, 2]}, np.arange(10), pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})):
        assert artifacts.save(value).blobs == ()


def test_what_is_hidden_is_no_part_of_the_value(artifacts: Any) -> None:
    """What lies under a mask, a null or between the fields of a struct does not count."""
    masks = [np.array([False, True]), np.array([False, True])]
    masked = [
        pd.arrays.IntegerArray(np.array([1, hidden]), mask)
        for hidden, mask in zip((5, 9), masks, strict=True)
    ]
    bitmap = pa.array([1, None]).buffers()[0]
    nulls = [
        pa.Array.from_buffers(pa.int64(), 2, [bitmap, pa.py_buffer(np.array([1, hidden]))])
        for hidden in (5, 9)
    ]
    offsets = [pa.py_buffer(np.array(ends, "i4")) for ends in ([0, 1, 1], [0, 1, 3])]
    hidden_text = [
        pa.Array.from_buffers(pa.string(), 2, [bitmap, ends, pa.py_buffer(b"abc")]) for ends in offsets
    ]
    aligned = np.dtype([("a", "i1"), ("b", "f8")], align=True)
    structs = [np.frombuffer(bytes([1]) + bytes([fill]) * 7 + bytes(8), aligned) for fill in (3, 9)]

    for pair in (masked, nulls, hidden_text, structs):
        assert artifacts.digest(pair[0]) == artifacts.digest(pair[1])


@pytest.mark.parametrize("kind", ["string", "large_string", "binary", "large_binary"])
@pytest.mark.parametrize("gaps", [False, True])
def test_a_slice_of_text_is_as_if_made_alone(artifacts: Any, kind: Any, gaps: Any) -> None:
    """Neither what lies around a slice nor its chunks are part of the value."""
    cells = [None if gaps and row % 3 == 0 else ("x" * (row % 9)).encode() for row in range(2000)]

    def make(some: Any) -> Any:
        return pa.array(some, "large_binary" if "large" in kind else "binary").view(kind)

    long = make(cells)
    for start, stop in ((0, 1), (1, 8), (3, 3), (5, 70), (8, 1500), (0, 1999)):
        alone = pa.chunked_array([make(cells[start:stop])])
        middle = (start + stop) // 2
        pieces = pa.chunked_array([long[start:middle], long[middle:stop]])
        assert (
            artifacts.digest(pa.chunked_array([long[start:stop]]))
            == artifacts.digest(alone)
            == artifacts.digest(pieces)
        )


def test_what_is_shown_counts(artifacts: Any) -> None:
    """Signs of zero, bits of NaN and the order of categories are part of a value."""
    pairs = [
        (np.array([0.0]), np.array([-0.0])), (np.array([np.nan]), np.array([-np.nan])),
        (pd.Categorical(["a"], ["a", "b"]), pd.Categorical(["a"], ["b", "a"])), (1, True), (1, 1.0),
        (np.zeros((2, 2)), np.zeros((2, 2), order="F")), ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ]  # fmt: skip

    for left, right in pairs:
        assert artifacts.digest(left) != artifacts.digest(right)


FIRST = CUT_ROWS * 8


@pytest.mark.parametrize("item", [1, 8, 16, 1000])
@pytest.mark.parametrize("size", [0, 1, FIRST - 1, FIRST, FIRST + 1, 10**8, 10**11, 10**13])
def test_cuts_cover_everything_and_stay(size: Any, item: Any) -> None:
    """Blobs add up to the whole; appending leaves all but the last where they are."""
    sizes = cut(size, item)

    assert sum(sizes) == size
    assert cut(size + size // 100 + 1, item)[: len(sizes) - 1] == sizes[:-1]
    assert all(part % 65536 == 0 for part in sizes[:-1])
    assert len(sizes) < 600


def test_a_layout_is_its_json() -> None:
    """The plain form gives back all places."""
    layout = Packing.of([
        Run(2, 5, inline=(b"12345", b"54321")), Run(1, 600), Run(20, 600), Run(1, 40_000), Run(3, 3_000_000),
        Run(1, 3_000_000, 1), Run(2, 0), Run(2, 0, inline=(b"", b"")),
    ])  # fmt: skip

    again = Packing.from_json(json.loads(json.dumps(layout.to_json())))

    assert (again.places, again.pack, again.blobs) == (layout.places, layout.pack, layout.blobs)
    assert len(layout.places) == 32
    assert again.to_json()[3:5] == [[600, 21], 40_000]
    with pytest.raises(ValueError, match="layout 99"):
        Packing.from_json([99, 5])
    with pytest.raises(ValueError, match="an item of -1 bytes"):  # would never end
        Packing.from_json([VERSION, [1_000_000, 1, -1]])


@pytest.mark.parametrize("value", [7, 0.5, "text", True])
def test_a_value_in_its_record_is_read_of_this_layout_only(value: Any) -> None:
    """Also a number, for which nothing has to be opened."""
    artifacts = Artifacts(MemoryStore())
    artifact = artifacts.save(value)
    assert artifacts.load(artifact) == value

    other = replace(artifact, meta={**artifact.meta, "buffers": [VERSION + 1]})
    with pytest.raises(CodecError, match=f"layout {VERSION + 1}"):
        artifacts.load(other)
