"""How the columns of a frame lie in memory is no part of it: same artifact, same blobs, same digests of columns."""

import tracemalloc
from base64 import b64decode
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.api.internals import create_dataframe_from_blocks  # type: ignore[import-not-found]  # which the stubs leave out

from dagbuild.ground.digest import raw_digest
from dagbuild.model.node import Columns
from tests.exact import assert_same

COLUMNS = 7


def spread(values: Any) -> Any:
    """Return an array with these values that has others between them, and backwards."""
    wide = np.zeros((values.shape[0] * 2 + 1, values.shape[1] * 3 + 2), values.dtype)
    view = wide[::-2, ::-3][: values.shape[0], : values.shape[1]]
    view[:] = values
    return view


def read_only(values: Any) -> Any:
    copy = values.copy()
    copy.flags.writeable = False
    return pd.DataFrame(copy, copy=False)


def column_by_column(values: Any) -> Any:
    frame = pd.DataFrame(index=range(len(values)))
    for place in range(values.shape[1]):
        frame[place] = values[:, place].copy()
    return frame.set_axis(pd.RangeIndex(values.shape[1]), axis=1)


def shuffled(values: Any) -> Any:
    """Return a frame whose columns are in another order in memory, some of them alone."""
    places = [*range(1, values.shape[1], 2), *range(0, values.shape[1], 2)]
    frame = pd.DataFrame(values[:, places].copy(), columns=places)
    frame.insert(2, "between", 1)
    frame = frame[list(range(values.shape[1]))]
    frame[3] = values[:, 3].copy()
    return frame.set_axis(pd.RangeIndex(values.shape[1]), axis=1)


def places_of_their_own(values: Any) -> Any:
    """Return a frame made of blocks whose columns are in no order, one of them without any."""
    places = np.array([3, 0, 6, 1])
    rest = np.array([2, 4, 5])
    nothing = np.empty((0, len(values)), "u1")
    blocks = [(nothing, rest[:0]), (values.T[rest], rest), (values.T[places], places)]
    index = pd.RangeIndex(len(values))
    return create_dataframe_from_blocks(blocks, index=index, columns=pd.RangeIndex(COLUMNS))


def one_block_in_no_order(values: Any) -> Any:
    places = np.array([3, 0, 6, 1, 2, 5, 4])
    index = pd.RangeIndex(len(values))
    return create_dataframe_from_blocks(
        [(values.T[places], places)], index=index, columns=pd.RangeIndex(COLUMNS)
    )


LAYOUTS = {
    "row by row": lambda values: pd.DataFrame(np.ascontiguousarray(values), copy=False),
    "column by column": lambda values: pd.DataFrame(np.asfortranarray(values), copy=False),
    "transposed": lambda values: pd.DataFrame(np.ascontiguousarray(values.T)).T,
    "with gaps, backwards": lambda values: pd.DataFrame(spread(values), copy=False),
    "backwards": lambda values: (
        pd.DataFrame(values[::-1, ::-1].copy())
        .iloc[::-1, ::-1]
        .set_axis(range(len(values)))
        .set_axis(range(COLUMNS), axis=1)
    ),
    "a slice": lambda values: (
        pd.DataFrame(np.pad(values, 3))
        .iloc[3 : 3 + len(values), 3 : 3 + COLUMNS]
        .set_axis(range(len(values)))
        .set_axis(range(COLUMNS), axis=1)
    ),
    "read-only": read_only,
    "a block for each": column_by_column,
    "shuffled": shuffled,
    "places of their own": places_of_their_own,
    "one block in no order": one_block_in_no_order,
}  # fmt: skip

ROWS = {"none": 0, "one": 1, "inside the metadata": 20, "a pack": 1000, "a pack with gaps": 1003, "files": 5000,
        "two files each": 70_000}  # fmt: skip


def make_values(rows: Any, dtype: Any = "f8") -> Any:
    numbers = np.random.default_rng(0).normal(size=(rows, COLUMNS)) * 100
    return numbers.astype("i8").astype(dtype) if np.dtype(dtype).kind in "Mm" else numbers.astype(dtype)


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_equal_frames_are_one_artifact(artifacts: Any, layout: Any, rows: Any) -> None:
    """However its columns lie in memory, a frame has the same blobs and comes back."""
    values = make_values(rows)
    usual = pd.DataFrame(values.copy())
    frame = LAYOUTS[layout](values)
    assert_same(usual, frame)

    artifact = artifacts.save(frame)

    assert artifact == artifacts.save(usual)
    assert_same(usual, artifacts.load(artifact))


@pytest.mark.parametrize(
    "dtype", ["?", "i1", "u2", "f4", ">f8", ">i2", "c8", "c16", "M8[s]", "m8[ns]", "longdouble"]
)
@pytest.mark.parametrize("layout", ["row by row", "with gaps, backwards", "a block for each"])
def test_that_goes_for_each_dtype(artifacts: Any, layout: Any, dtype: Any) -> None:
    """Whatever the width of a number, and whatever lies in its padding."""
    for rows in (30, 1001):
        values = make_values(rows, dtype)
        frame = LAYOUTS[layout](values)

        artifact = artifacts.save(frame)

        assert artifact == artifacts.save(pd.DataFrame(values.copy()))
        assert_same(frame, artifacts.load(artifact))


def make_mixed(rows: Any) -> Any:
    rng = np.random.default_rng(1)
    return pd.DataFrame({
        "float": rng.normal(size=rows), "text": [f"row {i}" for i in range(rows)], "int": rng.integers(0, 9, rows),
        "time": pd.date_range("2020", periods=rows, freq="s"), "gaps": pd.array(rng.integers(0, 9, rows), "Int64"),
        "float 2": rng.normal(size=rows), "zone": pd.date_range("2020", periods=rows, tz="Europe/Paris"),
        "zone 2": pd.date_range("2021", periods=rows, tz="Europe/Paris"), "flag": rng.random(rows) < 0.5,
        "object": pd.Series([1, "a"] * rows, dtype=object)[:rows], "kind": pd.Categorical(["a", "b"] * rows)[:rows],
        "object 2": pd.Series([None, 2.5] * rows, dtype=object)[:rows], "small": np.arange(rows).astype("i2"),
        "time 2": pd.date_range("2021", periods=rows, freq="s"), "span": pd.to_timedelta(np.arange(rows), "s"),
    })  # fmt: skip


@pytest.mark.parametrize("rows", [0, 1, 200, 5000])
def test_columns_of_all_kinds_may_be_mixed(artifacts: Any, rows: Any) -> None:
    """Numbers between other columns, in blocks of their own or in common ones, in any order, some of one name."""
    frame = make_mixed(rows)
    loose = pd.concat([frame[[name]] for name in frame], axis=1)
    turned = frame.iloc[:, ::-1]
    twice = pd.concat([frame, frame], axis=1)

    assert artifacts.digest(loose) == artifacts.digest(frame) == artifacts.digest(frame.copy())
    assert artifacts.digest(turned) == artifacts.digest(turned.copy()) != artifacts.digest(frame)
    for value in (frame, loose, turned, twice, frame.iloc[:, :0]):
        assert_same(value, artifacts.load(artifacts.save(value)))


def test_a_frame_without_columns_has_rows(artifacts: Any) -> None:
    """Its index is all there is, whether it had columns once or not."""
    frame = pd.DataFrame(index=range(5), columns=pd.Index([], dtype="str"))
    emptied = make_mixed(5)[[]]

    assert_same(frame, artifacts.load(artifacts.save(frame)))
    assert_same(emptied, artifacts.load(artifacts.save(emptied)))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("rows", [20, 600, 1003, 5000])
def test_a_column_is_what_it_is_alone(artifacts: Any, layout: Any, rows: Any) -> None:
    """Who depends on one column sees no difference between a frame of many, in whatever order, and one of just that."""
    frame = LAYOUTS[layout](make_values(rows)).add_prefix("c")
    whole = artifacts.save(frame)

    for name in ("c0", "c3", "c6"):
        column = Columns(name)
        alone = artifacts.save(frame[[name]].copy())
        assert artifacts.excerpt(whole, column).digest == artifacts.excerpt(alone, column).digest
        assert_same(frame[[name]], artifacts.load(whole, column))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("rows", [600, 1003])
def test_the_record_tells_what_each_column_in_the_pack_is(artifacts: Any, layout: Any, rows: Any) -> None:
    """By the digest of its bytes, without those between it and the next one."""
    values = make_values(rows)

    artifact = artifacts.save(LAYOUTS[layout](values))

    digests = [raw_digest(values[:, place].tobytes()) for place in range(COLUMNS)]
    assert b64decode(artifact.meta["packed"]) == b"".join(digests)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_column_is_stored_as_a_series_is(artifacts: Any, layout: Any) -> None:
    """A column with a file of its own is the very blob that a Series of it is."""
    values = make_values(5000)

    blobs = artifacts.save(LAYOUTS[layout](values)).blobs

    assert blobs == tuple(artifacts.save(pd.Series(values[:, place])).blobs[0] for place in range(COLUMNS))


@pytest.mark.skipif(np.finfo(np.longdouble).nmant != 63, reason="a long double has no padding here")
@pytest.mark.parametrize("layout", ["row by row", "column by column", "a block for each"])
def test_padding_is_no_part_of_a_number(artifacts: Any, layout: Any) -> None:
    """Long doubles have bytes that may hold anything."""
    values = make_values(50, "longdouble")
    holes = values.copy()
    holes.view(np.uint8).reshape(-1, values.itemsize)[:, 10:] = 255
    assert (values == holes).all()

    assert artifacts.digest(LAYOUTS[layout](holes)) == artifacts.digest(LAYOUTS[layout](values))


def test_only_a_part_is_made_at_a_time(artifacts: Any) -> None:
    """A frame that must be turned to be stored is never in memory twice."""
    frame = pd.DataFrame(np.ones((1000, 4000)), copy=False)
    assert not frame._mgr.blocks[0].values.flags.c_contiguous
    artifacts.digest(frame.iloc[:, :2])

    tracemalloc.start()
    artifacts.digest(frame)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < frame.memory_usage().sum() / 5


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (["a", "b"], True), ([1, "b"], True), ([1, -(1 << 63)], True), (["", ""], True), ([1, 1 << 63], False),
        ([True, False], False), ([1, True], False), (["a", "\n"], False), (["a", "x" * 512], True),
        (["a", "x" * 513], False), (["a", None], False), ([1.5, "b"], False), ([np.int64(1), "b"], False),
        ([np.str_("a"), "b"], False), (["\ud800", "b"], False), ([], True),
    ],
)  # fmt: skip
def test_labels_of_any_kind(artifacts: Any, labels: Any, told: Any) -> None:
    """Plain labels are told without any data; all come back as they were."""
    frame = pd.DataFrame([range(len(labels))], columns=pd.Index(labels, dtype=object))

    artifact = artifacts.save(frame)

    assert (artifact.meta["form"]["columns"][0][0] == "labels") is told
    assert_same(frame, artifacts.load(artifact))


GOLDEN = [
    "xxh3-444a7da7945f71dfdb56f64b6010ecf5",
    "xxh3-faf0d0bd5a0dd7dd3b01642ba8649bd6",
    "xxh3-8c1f7d2569e6d06af30bfada320e4181",
    "xxh3-41a7d6954641c8d48bf5eea6b930b466",
    "xxh3-95c27e916511f563b2fcc340a74a99a5",
]


def test_what_is_stored_stays(artifacts: Any) -> None:
    """A value keeps its digest from one release to the next; where it cannot, a codec or the layout has a new number."""
    numbers = np.arange(7 * 1003).reshape(1003, 7) % 97 / 8
    frame = (
        pd.DataFrame(numbers)
        .add_prefix("c")
        .assign(c0=np.arange(1003), c5=numbers[:, 5] > 3, c7=numbers[:, 0])
    )

    digests = [
        artifacts.digest(value) for value in (frame, frame[:9], pd.concat([frame] * 9), frame["c3"], numbers)
    ]

    assert digests == GOLDEN


def test_small_texts_are_the_same_whenever_they_are_made(artifacts: Any) -> None:
    """Texts are kept or made again by their size, and nothing of that shows."""
    for rows in (10, 300, 600, 5000):
        cells = [None if row % 5 == 0 else f"row {row}" for row in range(rows)]
        array = pd.array(cells, "str")
        halves = pd.concat([pd.Series(array[: rows // 2]), pd.Series(array[rows // 2 :])], ignore_index=True)

        artifact = artifacts.save(pd.Series(array))
        assert artifact == artifacts.save(halves)
        assert_same(pd.Series(array), artifacts.load(artifact))
