"""Whatever pandas, numpy and Python can hold comes back exactly, and is the same artifact again."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dagbuild.artifacts import Artifacts
from dagbuild.codecs.selecting import select_columns
from dagbuild.model.node import Columns
from dagbuild.store.local import LocalStore
from dagbuild.testing.memory import MemoryStore
from tests.exact import assert_same
from tests.scramble import scramble

several = settings(
    deadline=None,
    max_examples=120,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return [Artifacts(MemoryStore()), Artifacts(LocalStore(tmp_path_factory.mktemp("cache")))]


def check(stores: Any, value: Any) -> None:
    """Save, load, compare; save again where there is no pickle inside; change what was loaded, and load once more."""
    for artifacts in stores:
        artifact = artifacts.save(value)
        loaded = artifacts.load(artifact)
        assert_same(value, loaded)
        if not artifact.code:
            assert artifacts.digest(loaded) == artifact.digest
        scramble(loaded)
        assert_same(value, artifacts.load(artifact))


texts = st.text(st.characters(exclude_categories=[]), max_size=8)
zones: st.SearchStrategy[Any] = st.sampled_from(
    [None, dt.UTC, ZoneInfo("Europe/Paris"), dt.timezone(dt.timedelta(minutes=-90), "x")]
)
moments = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1), timezones=zones)
atoms = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), texts, st.binary(max_size=8), st.complex_numbers(),
    st.dates(), moments, st.times(), st.timedeltas(), st.decimals(), st.fractions(), st.uuids(),
    st.sampled_from([np.nan, pd.NA, pd.NaT, np.float32(1), np.int64(2), pd.Timestamp("2020", tz="UTC"), ...]),
)  # fmt: skip
keys = st.one_of(st.none(), st.booleans(), st.integers(), texts, st.dates(), st.tuples(st.integers(), texts))
values = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.tuples(inner, inner), st.dictionaries(keys, inner, max_size=4),
        st.sets(keys, max_size=4), st.frozensets(keys, max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip
names = st.one_of(
    st.none(), texts, st.integers(), st.floats(allow_nan=False), st.tuples(st.integers(), st.text(max_size=2))
)


@st.composite
def arrays(draw: Any, rows: Any) -> Any:
    """Draw a column of any kind."""
    kind = draw(st.sampled_from(sorted(_KINDS)))
    return _KINDS[kind](draw, rows)


def _numpy(draw: Any, rows: Any) -> Any:
    dtype = draw(st.sampled_from(["f8", "f4", "i8", "i1", "u2", "?", "c16", "M8[ns]", "M8[s]", "m8[us]"]))
    array = draw(hnp.arrays(dtype, rows))
    if draw(st.booleans()):
        array = np.repeat(array, 2)[::2]  # lies in memory with gaps
    return array


def _cells(draw: Any, rows: Any) -> Any:
    pool = draw(st.lists(st.one_of(atoms, st.lists(st.integers(), max_size=2)), min_size=1, max_size=4))
    column = np.empty(rows, object)
    for row in range(rows):
        column[row] = draw(st.sampled_from(pool))
    return column


def _masked(draw: Any, rows: Any) -> Any:
    dtype, name = draw(
        st.sampled_from([("i8", "Integer"), ("u1", "Integer"), ("f8", "Floating"), ("?", "Boolean")])
    )
    data, mask = draw(hnp.arrays(dtype, rows)), draw(hnp.arrays("?", rows))
    return getattr(pd.arrays, f"{name}Array")(data, mask)


def _text(draw: Any, rows: Any) -> Any:
    dtype = draw(
        st.sampled_from([
            pd.StringDtype("pyarrow", np.nan), pd.StringDtype("pyarrow", pd.NA), pd.StringDtype("python", np.nan),
            pd.StringDtype("python", pd.NA), pd.ArrowDtype(pa.string()), pd.ArrowDtype(pa.large_string()),
        ])
    )  # fmt: skip
    cells = draw(st.lists(st.one_of(st.none(), st.text(max_size=5)), min_size=rows, max_size=rows))
    return pd.array(cells, dtype=dtype)


def _category(draw: Any, rows: Any) -> Any:
    categories = draw(st.one_of(
        st.lists(st.text(max_size=3), min_size=1, max_size=4, unique=True),
        st.lists(st.integers(-(2**60), 2**60), min_size=1, max_size=4, unique=True),
    ))  # fmt: skip
    codes = draw(st.lists(st.integers(-1, len(categories) - 1), min_size=rows, max_size=rows))
    return pd.Categorical.from_codes(
        codes, pd.Index(categories, name=draw(names)), ordered=draw(st.booleans())
    )


def _zoned(draw: Any, rows: Any) -> Any:
    unit, zone = draw(st.sampled_from(["s", "ms", "us", "ns"])), draw(zones.filter(bool))
    counts = draw(hnp.arrays("i8", rows, elements=st.integers(0, 10**9)))
    return pd.DatetimeIndex(counts.astype(f"M8[{unit}]")).tz_localize("UTC").tz_convert(zone).array


def _arrow(draw: Any, rows: Any) -> Any:
    kind = draw(st.sampled_from([
        pa.int8(), pa.float64(), pa.bool_(), pa.date32(), pa.decimal128(20, 3), pa.binary(), pa.list_(pa.int16()),
        pa.timestamp("ms", "Asia/Tokyo"), pa.time64("us"), pa.struct([("a", pa.int8())]),
    ]))  # fmt: skip
    cell: Any = {"a": 1} if pa.types.is_struct(kind) else [1, None] if pa.types.is_list(kind) else None
    if pa.types.is_binary(kind):
        cell = b"\0a"
    known = [None, cell if cell is not None else pa.scalar(1, pa.int8()).cast(_step(kind)).cast(kind).as_py()]
    cells = draw(st.lists(st.sampled_from(known), min_size=rows, max_size=rows))
    cut = draw(st.integers(0, rows))
    return pd.arrays.ArrowExtensionArray(
        pa.chunked_array([pa.array(part, kind) for part in (cells[:cut], cells[cut:])])
    )


def _step(kind: Any) -> Any:
    """Return the type through which a small int becomes one of these."""
    if (
        pa.types.is_decimal(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_int8(kind)
    ):
        return pa.int8()
    return pa.int32() if pa.types.is_date32(kind) else pa.int64()


def _sparse(draw: Any, rows: Any) -> Any:
    cells = draw(hnp.arrays(draw(st.sampled_from(["f8", "i4", "?"])), rows))
    return pd.arrays.SparseArray(cells, kind=draw(st.sampled_from(["integer", "block"])))


def _period(draw: Any, rows: Any) -> Any:
    freq = draw(st.sampled_from(["M", "Q-NOV", "D", "h", "Y-JUN", "W-TUE"]))
    ordinals = draw(hnp.arrays("i8", rows, elements=st.integers(0, 1000)))
    return pd.arrays.PeriodArray(ordinals, dtype=pd.PeriodDtype(freq))


def _interval(draw: Any, rows: Any) -> Any:
    left = draw(hnp.arrays("i8", rows, elements=st.integers(-100, 100)))
    if draw(st.booleans()):
        left = left.astype("f8")
    closed = draw(st.sampled_from(["left", "right", "both", "neither"]))
    return pd.arrays.IntervalArray.from_arrays(left, left + 1, closed=closed)


_KINDS = {
    "numpy": _numpy, "cells": _cells, "masked": _masked, "text": _text, "category": _category, "zoned": _zoned,
    "arrow": _arrow, "sparse": _sparse, "period": _period, "interval": _interval,
}  # fmt: skip


@st.composite
def indexes(draw: Any, rows: Any) -> Any:
    """Draw an index of any kind."""
    kind = draw(st.sampled_from(["range", "column", "freq", "multi"]))
    name = draw(names)
    if kind == "range":
        start, step = draw(st.integers(-9, 9)), draw(st.sampled_from([1, 2, -3]))
        return pd.RangeIndex(start, start + rows * step, step, name=name)
    if kind == "freq":
        freq = draw(st.sampled_from(["D", "2h", "BME", "W-TUE", "QS-FEB", "15min", "-1D"]))
        return pd.date_range("2020-02-01", periods=rows, freq=freq, tz=draw(zones), name=name)
    if kind == "multi":
        parts = [draw(arrays(rows).filter(_hashable)) for _ in range(draw(st.integers(1, 3)))]
        made = pd.MultiIndex.from_arrays(parts, names=[draw(names) for _ in parts])
        return made[: draw(st.integers(0, rows))].append(made)[-rows:] if rows else made
    return pd.Index(draw(arrays(rows).filter(_hashable)), name=name)


def _hashable(array: Any) -> bool:
    try:
        pd.MultiIndex.from_arrays([array])
        pd.Index(array)
        list(map(hash, array))
    except (TypeError, ValueError, NotImplementedError, pa.ArrowException, RuntimeError):
        return False
    return True


@st.composite
def frames(draw: Any) -> Any:
    """Draw a frame: any index, any columns, names twice, attrs and flags."""
    rows, width = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    columns = [pd.Series(draw(arrays(rows)), copy=False) for _ in range(width)]
    index = draw(indexes(rows))
    frame: Any = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(rows))
    frame.index = index
    frame.columns = draw(st.one_of(
        st.just(frame.columns), indexes(width), st.lists(st.text(max_size=2), min_size=width, max_size=width)
    ))  # fmt: skip
    frame.attrs = draw(st.dictionaries(st.text(max_size=3), values, max_size=2))
    if frame.columns.is_unique and frame.index.is_unique and draw(st.booleans()):
        frame.flags.allows_duplicate_labels = False
    return frame


@several
@given(value=values)
def test_plain_values(stores: Any, value: Any) -> None:
    """Plain values and containers of them come back exactly."""
    check(stores, value)


@several
@given(array=hnp.arrays(
    st.one_of(hnp.scalar_dtypes(), hnp.array_dtypes(), hnp.unicode_string_dtypes(), hnp.byte_string_dtypes()),
    hnp.array_shapes(min_dims=0, min_side=0, max_dims=3), fill=st.nothing(),
))  # fmt: skip
def test_numpy_arrays(stores: Any, array: Any) -> None:
    """Arrays of any dtype, shape and order come back exactly."""
    for arranged in (array, np.asfortranarray(array), array[..., ::-1] if array.ndim else array):
        check(stores, arranged)


@several
@given(index=st.integers(0, 5).flatmap(indexes))
def test_indexes(stores: Any, index: Any) -> None:
    """Indexes of any kind come back exactly."""
    check(stores, index)


@several
@given(data=st.data())
def test_series(stores: Any, data: Any) -> None:
    """Series of any column and index come back exactly."""
    rows = data.draw(st.integers(0, 5))
    series = pd.Series(
        data.draw(arrays(rows)), index=data.draw(indexes(rows)), name=data.draw(names), copy=False
    )

    check(stores, series)


@several
@given(frame=frames())
def test_frames(stores: Any, frame: Any) -> None:
    """Frames of any columns come back exactly."""
    check(stores, frame)


@several
@given(frame=frames(), data=st.data())
def test_how_a_frame_lies_in_memory_is_no_part_of_it(stores: Any, frame: Any, data: Any) -> None:
    """A copy, and a slice of a longer frame, are the same artifact as the frame itself."""
    artifacts = stores[0]
    rows = len(frame)
    longer = frame.set_flags(allows_duplicate_labels=True).iloc[[*range(rows), *range(rows)]].iloc[:rows]
    longer.index, longer.attrs = frame.index, frame.attrs
    longer = longer.set_flags(allows_duplicate_labels=frame.flags.allows_duplicate_labels)
    artifact = artifacts.save(frame)

    assert artifacts.digest(frame.copy()) == artifact.digest or artifact.code
    assert artifacts.digest(longer) == artifact.digest or artifact.code


def _choose(draw: Any, frame: Any) -> Any:
    """Draw some of a frame's columns, by name and in any order; none where no name can be written."""
    labels = [label for label in dict.fromkeys(frame.columns) if _is_name(label)]
    return draw(st.lists(st.sampled_from(labels), min_size=1, unique=True)) if labels else []


def _is_name(label: Any) -> Any:
    return all(type(part) in (str, int) for part in (label if isinstance(label, tuple) else (label,)))


@several
@given(frame=frames(), data=st.data())
def test_some_columns_of_a_frame(stores: Any, frame: Any, data: Any) -> None:
    """Read alone they are what they are when taken from the whole frame, and whatever is beside them."""
    names = _choose(data.draw, frame)
    if not names:
        return
    wanted = Columns(*names)
    selected = select_columns(frame, names)
    for artifacts in stores:
        artifact = artifacts.save(frame)
        assert_same(selected, artifacts.load(artifact, wanted))
        alone = artifacts.save(selected)
        if not artifact.code:
            assert artifacts.excerpt(artifact, wanted).digest == artifacts.excerpt(alone, wanted).digest


@several
@given(frame=frames(), data=st.data())
def test_what_is_seen_of_some_columns_counts(stores: Any, frame: Any, data: Any) -> None:
    """Two frames of which the same is said to be taken give the same value."""
    names = _choose(data.draw, frame)
    if not names:
        return
    wanted, artifacts = Columns(*names), stores[0]
    other = frame.copy()
    change = data.draw(st.sampled_from(["cell", "index", "attrs", "name", "order", "flag", "dtype"]))
    place = data.draw(st.integers(0, frame.shape[1] - 1))
    others = list(other._iter_column_arrays())
    match change:
        case "cell" | "dtype":
            rows = len(frame)
            array = data.draw(arrays(rows)) if change == "cell" else others[place].astype(object)
            parts = [pd.Series(array if at == place else part, copy=False) for at, part in enumerate(others)]
            other = pd.concat(parts, axis=1).set_axis(frame.columns, axis=1).set_axis(frame.index)
            other.attrs = frame.attrs
        case "index":
            other.index = data.draw(indexes(len(frame)))
        case "attrs":
            other.attrs = data.draw(st.dictionaries(st.text(max_size=3), values, max_size=2))
        case "name":
            other.columns = other.columns.set_names([data.draw(st.text(max_size=2))] * other.columns.nlevels)
        case "order":
            other = other.iloc[:, ::-1]
        case "flag":
            if not (frame.columns.is_unique and frame.index.is_unique):
                return
            other = other.set_flags(allows_duplicate_labels=not frame.flags.allows_duplicate_labels)
    first, second = artifacts.save(frame), artifacts.save(other)

    if artifacts.excerpt(first, wanted).digest == artifacts.excerpt(second, wanted).digest:
        assert_same(artifacts.load(first, wanted), artifacts.load(second, wanted))
