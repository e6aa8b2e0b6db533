"""Our codecs keep what every codec promises, and so does one of somebody else's."""

import dataclasses
import datetime as dt
import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID, SafeUUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.linear_model import LinearRegression

from dagbuild.codecs import Codec, Declined, codec
from dagbuild.codecs.cuts import CUT_ROWS
from dagbuild.testing import CodecContract
from tests.exact import assert_same, differences

LONG = 200_000
"""Rows that make several blobs of a column of eight bytes."""


@dataclasses.dataclass
class Point:
    x: int
    frame: pd.DataFrame | None = None


class ExactContract(CodecContract):
    """Of our own codecs: no difference is small enough."""

    def assert_same(self, saved: Any, loaded: Any) -> None:
        assert_same(saved, loaded)


class TestPlain(ExactContract):
    name = "plain/1"

    def values(self) -> Any:
        return [
            None, True, False, 0, 1, -1, 2**63 - 1, 2**63, -(2**70), 10**5000,
            0.0, -0.0, 0.1, 1e300, 5e-324, math.inf, -math.inf, float("nan"), math.nan, np.nan, 1.0,
            "", "a", "1", "é", "😀", "\ud83d\ude00", "a\udc80", "x" * 600, "é" * 100_000, "\x00",
            b"", b"a", b"b" * 600, b"c" * 100_000, bytearray(b"a"), 1j, complex(-0.0, math.nan),
            dt.date(2020, 1, 1), dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
            dt.datetime(2020, 1, 1, tzinfo=ZoneInfo("UTC")), dt.datetime(2020, 10, 25, 2, fold=1),
            dt.datetime(2020, 1, 1, tzinfo=ZoneInfo("Europe/Paris")),
            dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=-3, microseconds=5))),
            dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1), "here")),
            dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(0), "UTC")),
            dt.time(1, 2, 3, 4), dt.timedelta(-1, 2, 3), dt.UTC, ZoneInfo("Asia/Tokyo"),
            Decimal("1.10"), Decimal("1.1"), Decimal("-0"), Decimal("NaN"), Decimal("sNaN12"), Fraction(1, 3),
            UUID(int=5), Path("a/b"), PurePosixPath("a/b"), range(3), range(0, 3, 2), ...,
            Fraction(10**5000, 7), range(10**5000),
        ]  # fmt: skip


@pytest.mark.leaves_threads
class TestContainers(ExactContract):
    name = "plain/1"

    def values(self) -> Any:
        frame = pd.DataFrame({"a": np.arange(LONG)})
        return [
            [], (), {}, set(), frozenset(), [[]], [()], [1, 2], (1, 2), {1, 2}, frozenset({1, 2}),
            {"a": 1, "b": 2}, {"b": 2, "a": 1}, {1: "a"}, {True: "a"}, {1.0: "a"}, {None: None}, {("a", 1): [1]},
            {"a", "b", "c", "d"}, {frozenset({"a", "b"}), frozenset({"c"})}, {("x" * 600,), ("y" * 600,)},
            {"frame": frame, "list": [frame["a"], {"array": np.arange(5)}]}, [1] * 50_000,
            [dt.date(2020, 1, 1), None, "a"], [pd.Timestamp("2020"), np.float32(1)],
            {"table": pa.table({"a": [1]}), "polars": pl.DataFrame({"a": [1]})},
        ]  # fmt: skip


class TestNumpy(ExactContract):
    name = "numpy/1"

    def values(self) -> Any:
        aligned = np.zeros(3, np.dtype([("a", "i1"), ("b", "f8")], align=True))
        return [
            np.array(1), np.array([1]), np.array([[1]]), np.arange(6).reshape(2, 3),
            np.asfortranarray(np.arange(6).reshape(2, 3)), np.arange(6).reshape(3, 2), np.empty((0, 3)), np.empty(0),
            np.arange(12).reshape(3, 4)[:, ::2], np.arange(5)[::-1], np.arange(LONG * 2.0),
            np.arange(LONG * 2.0).reshape(-1, 4).T, np.array([0.0, -0.0, np.nan, np.inf]),
            *(np.array([1, 0], kind) for kind in ("i1", ">i4", "u8", "f2", ">f8", "c8", "c16", "g", "?")),
            np.array(["a", "bcd"]), np.array([b"a", b"bc\0d"]), np.array([b"ab"], "V2"),
            *(np.array([1 / 3], "g").astype(kind) / 7 for kind in (">g", ">G")), np.zeros(2, [("a", "i1"), ("b", ">g")]),
            np.array(["2020", "NaT"], "M8[D]"), np.array(["2020"], "M8[ns]"), np.array([1], "m8[3s]"),
            np.zeros(2, [("a", "i1"), ("b", "f8", (2,))]), aligned, np.zeros(3, [("x", [("y", "U3")])]),
            np.float64(1.5), np.float32(1.5), np.int8(3), np.bool_(True), np.complex64(1j), np.longdouble("0.1"),
            np.datetime64("2020-01-01"), np.datetime64("2020-01-01T00"), np.timedelta64(5, "s"), np.str_("a"),
            np.bytes_(b"a"), np.array([3]).astype("M8")[0],
        ]  # fmt: skip


def frame_of_everything(rows: Any = 6) -> Any:
    rng = np.random.default_rng(1)
    half = rows // 2
    return pd.DataFrame({
        "float": rng.normal(size=rows), "other": rng.normal(size=rows), "int": np.arange(rows),
        "bool": [True, False] * half, "str": [f"x{i}" for i in range(rows)], "gaps": ["a", None] * half,
        "date": pd.date_range("2020", periods=rows), "zone": pd.date_range("2020", periods=rows, tz="Europe/Paris"),
        "delta": pd.timedelta_range("1D", periods=rows), "Int64": pd.array([1, None] * half, "Int64"),
        "Float32": pd.array([1.5, None] * half, "Float32"), "boolean": pd.array([True, None] * half, "boolean"),
        "cat": pd.Categorical(["b", "a"] * half, ["b", "a", "unused"], ordered=True),
        "period": pd.period_range("2020-01", periods=rows, freq="M"),
        "interval": pd.interval_range(0, rows), "sparse": pd.arrays.SparseArray([0, 1] * half),
        "arrow": pd.array([1, None] * half, pd.ArrowDtype(pa.int32())),  # type: ignore[call-overload]  # the stubs know no ArrowDtype
        "decimal": pd.array([Decimal("1.1"), None] * half, pd.ArrowDtype(pa.decimal128(5, 2))),  # type: ignore[call-overload]
        "string": pd.array(["a", None] * half, "string[python]"),
        "mixed": pd.Series([1, "a"] * half, dtype=object), "complex": np.arange(rows) * 1j,
    })  # fmt: skip


class TestFrames(ExactContract):
    name = "pandas/2"

    def values(self) -> Any:
        one = pd.DataFrame({"a": [1, 2]})
        with_attrs, unique = one.copy(), one.set_flags(allows_duplicate_labels=False)
        with_attrs.attrs = {"unit": ("EUR", 1), "when": dt.date(2020, 1, 1)}
        return [
            one, with_attrs, unique, frame_of_everything(), frame_of_everything(LONG)[["float", "str", "Int64", "zone"]],
            pd.DataFrame(), pd.DataFrame(index=[1, 2]), pd.DataFrame(index=pd.RangeIndex(2)), pd.DataFrame(columns=["a"]),
            pd.DataFrame({"a": np.array([], "f4")}), frame_of_everything().iloc[:0],
            pd.DataFrame([[1, 2.0, 3]], columns=["a", "b", "a"]), pd.DataFrame([[1, 2]], columns=[1, "b"]),
            pd.DataFrame([[1, 2]], columns=pd.date_range("2020", periods=2)), pd.DataFrame([[1, 2]]),
            pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", None])),
            pd.DataFrame([[1, 2]], columns=pd.Index(["a", "b"], name=("n", 1))),
            pd.DataFrame([[1, 2]], columns=pd.Index(["a", "b"], dtype=object)), pd.DataFrame([[1]], columns=[None]),
            pd.DataFrame([[1]], columns=pd.Index(["\ud800"], dtype=object)), pd.DataFrame([[1]], columns=[np.nan]),
            pd.DataFrame([[1, 2]], columns=pd.CategoricalIndex(["a", "b"])), pd.DataFrame(np.ones((3, 300))),
            pd.DataFrame(np.ones((5000, 3))), pd.DataFrame({"a": pd.Series([dt.date(2020, 1, 1), None, 1.5])}),
        ]  # fmt: skip


class TestSeries(ExactContract):
    name = "pandas/2"

    def values(self) -> Any:
        columns = frame_of_everything()
        return [
            *(columns[name] for name in columns), pd.Series([1], name=("a", 1)), pd.Series([], dtype=object),
            pd.Series([1], name=2.5), pd.Series([1.0, -0.0]), pd.Series([1.0, 0.0]), pd.Series([None, None], dtype=object),
            pd.Series(["a", np.nan], dtype=object), pd.Series(["a", float("nan")], dtype=object),
            pd.Series(["a", pd.NA, pd.NaT, None, True, 1, 2.0, b"b", Decimal("1.0")], dtype=object),
            pd.Series(["a"], dtype="string[pyarrow]"), pd.Series(["a"], dtype=pd.StringDtype("python", np.nan)),
            pd.Series(pd.array([np.datetime64("2020", "s")])), pd.Series(range(LONG)), pd.Series(np.array([1], np.float32)),
            pd.Series([dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2)))]),
            pd.Series([dt.datetime(2020, 1, 1, tzinfo=dt.UTC)]),
            pd.Series(pd.Categorical([1.5, None])), pd.Series(pd.Categorical(pd.interval_range(0, 3))),
            pd.Series(pd.arrays.SparseArray([1.5, np.nan], kind="block")),
            pd.Series([[1], None], dtype=pd.ArrowDtype(pa.list_(pa.int8()))),
            pd.Series([{"a": 1}], dtype=pd.ArrowDtype(pa.struct([("a", pa.int8())]))),
            pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(["a", "b"]).dictionary_encode()]))),
        ]  # fmt: skip


class TestIndexes(ExactContract):
    name = "pandas/2"

    def values(self) -> Any:
        days = pd.date_range("2020", periods=5)
        return [
            pd.RangeIndex(3), pd.RangeIndex(1, 9, 3, name="n"), pd.RangeIndex(0), pd.Index([], dtype="i8"),
            pd.Index([1, 2]), pd.Index([1, 2], dtype="i1"), pd.Index([1.5]), pd.Index([True]), pd.Index(["a"]),
            pd.Index(["a"], dtype=object), pd.Index(["a", 1]), pd.Index([1, None], dtype="Int64"), pd.Index([1j]),
            days, days[[0, 2]], days.rename("d"), days.tz_localize("Asia/Tokyo"), days.as_unit("ns"), days[::-1],
            pd.date_range("2020", periods=3, freq="BME"), pd.date_range("2020", periods=3, freq="W-TUE"),
            pd.timedelta_range("1h", periods=3), pd.period_range("2020", periods=3, freq="Q-NOV"),
            pd.period_range("2020", periods=3, freq="M"), pd.interval_range(0, 3), pd.interval_range(0, 3, closed="both"),
            pd.IntervalIndex.from_breaks(days), pd.CategoricalIndex(["b", "a"], ["b", "a"]),
            pd.CategoricalIndex(["b", "a"], ["a", "b"]), pd.MultiIndex.from_product([["a", "b"], days], names=["x", "y"]),
            pd.MultiIndex.from_product([["a", "b", "c"], [1, 2]])[:2], pd.MultiIndex.from_arrays([[], []]),
            pd.Index(["a", None], dtype="string[pyarrow]"), pd.Index(range(LONG), dtype="f8"),
        ]  # fmt: skip


class TestPandasScalars(ExactContract):
    name = "pandas/2"

    def values(self) -> Any:
        return [
            pd.NaT, pd.NA, pd.Timestamp("2020"), pd.Timestamp("2020").as_unit("ns"), pd.Timestamp("2020", tz="UTC"),
            pd.Timestamp("2020-10-25 00:30", tz="UTC").tz_convert("Europe/Paris"),
            pd.Timestamp("2020-10-25 01:30", tz="UTC").tz_convert("Europe/Paris"),
            pd.Timestamp("9999-12-31").as_unit("s"), pd.Timedelta("1D"), pd.Timedelta(1, "ns"), pd.Period("2020", "M"),
            pd.Period("2020", "Q-NOV"), pd.Interval(1, 2), pd.Interval(1.0, 2.0, "both"),
            pd.Categorical(["a"]), pd.array([1, None]), pd.array([1], "f4"),
        ]  # fmt: skip


class TestArrow(ExactContract):
    name = "pyarrow/2"

    def values(self) -> Any:
        table = pa.table({
            "n": pa.array([1, None], pa.int8()), "s": ["a", None], "b": [True, None], "view": pa.array(["a", "b"], pa.string_view()),
            "l": [[1, None], None], "d": pa.array(["a", "b"]).dictionary_encode(), "m": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int8())),
            "t": pa.array([0, 1], pa.timestamp("s", "Europe/Paris")), "x": pa.array([None, None]),
        }, metadata={"k": "v"})  # fmt: skip
        table = table.set_column(0, pa.field("n", pa.int8(), metadata={"a": "b"}), table["n"])
        long = pa.table({"s": [f"x{i}" for i in range(LONG)], "n": range(LONG)})
        return [
            table, table.slice(1), table.to_batches()[0], long, long.to_batches()[0], long["s"], long["s"].chunk(0),
            pa.table({}), table.select([]), table.select([]).to_batches()[0], table.slice(0, 0), pa.chunked_array([], pa.int8()),
            pa.array([]), pa.array([1, None]), pa.array(["a"]), pa.array(["a"], pa.large_string()), pa.array([b"a"]),
            pa.array([Decimal("1.1")]), pa.array(["a", None, "a"]).dictionary_encode(), pa.array([{"a": [1]}, None]),
            *(pa.RecordBatch.from_arrays([pa.nulls(0, kind)], ["a"]) for kind in (
                pa.list_(pa.uuid()), pa.dictionary(pa.int8(), pa.list_(pa.int8())),
            )),
            pa.chunked_array([], pa.dictionary(pa.int8(), pa.timestamp("s"))),
            pa.array([b"ab"], pa.binary(2)), pa.array([b"a"], pa.binary_view()), pa.chunked_array([[1], [2]]),
        ]  # fmt: skip


@pytest.mark.leaves_threads
class TestPolars(ExactContract):
    name = "polars/2"

    def values(self) -> Any:
        # Of numpy's times: polars starts threads for Python's, and this is asked before any test runs.
        times = np.array(["2020-01-01", "NaT"], "datetime64[us]")
        frame = pl.DataFrame({
            "n": [1, None], "f": [0.5, None], "s": ["a", None], "l": [[1], None], "st": [{"a": 1}, None],
            "c": pl.Series(["b", "a"], dtype=pl.Categorical), "e": pl.Series(["b", "a"], dtype=pl.Enum(["b", "a", "c"])),
            "d": [Decimal("1.10"), None], "t": times, "b": [b"x", None], "date": [dt.date(2020, 1, 1)] * 2,
            "ar": pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int8, 2)), "du": [dt.timedelta(1), None],
        })  # fmt: skip
        return [frame, frame[:0], pl.DataFrame(), *(frame[name] for name in frame.columns),
                pl.DataFrame({"a": range(LONG), "s": [str(i) for i in range(LONG)]})]  # fmt: skip


class TestPickles(ExactContract):
    name = "pickle/2"
    code = True
    stable = False  # which texts are one object is seen by a pickle and not kept by loading it

    def values(self) -> Any:
        frame = frame_of_everything()
        shared = [1]
        model = LinearRegression().fit(np.arange(40_000.0).reshape(-1, 4), np.arange(10_000.0))
        return [
            Point(1), Point(2), Point(1, frame), {"point": Point(1), "frame": frame}, [Point(1, frame), Point(1, frame)],
            np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]).view(np.ndarray), np.zeros(1, [("a", (np.record, [("x", "i1")]))]),
            *([Point(0), pd.date_range("2020", periods=3, freq=freq)] for freq in (pd.DateOffset(months=1, days=2), pd.offsets.Easter())),
            ZoneInfo.no_cache("Europe/Paris"), UUID(int=5, is_safe=SafeUUID.safe),
            pa.chunked_array([pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), list(map(str, range(i, i + 99)))) for i in (0, 99)]),
            pa.RecordBatch.from_arrays([pa.StructArray.from_arrays([pa.RunEndEncodedArray.from_arrays([2], [1])], ["a"])], ["x"]).slice(0, 0),
            len, Point, dt.date, ValueError, type(None), (Point(3), shared, shared), np.array([1, "a"], object),
            np.ma.masked_array([1, 2], [True, False]).data.view(np.matrix), model, {Decimal: {Point, dt.date, int}},
        ]  # fmt: skip


@dataclasses.dataclass
class Price:
    """A value of somebody else's."""

    amount: Decimal
    currency: str
    notes: list[str] = dataclasses.field(default_factory=list)


@codec(Price)
class PriceCodec(Codec):
    name = "price/1"

    def encode(self, value: Any, writer: Any) -> Any:
        if type(value.currency) is not str:
            raise Declined
        return [value.currency, writer.add_value(value.amount), writer.add_value(value.notes)]

    def decode(self, meta: Any, reader: Any) -> Price:
        currency, amount, notes = meta
        return Price(reader.value(amount), currency, reader.value(notes))


class TestCodecOfAUser(CodecContract):
    """The suite as it stands, with nothing but a name and values."""

    name = "price/1"

    def values(self) -> Any:
        return [
            Price(Decimal("1.10"), "EUR"), Price(Decimal("1.1"), "EUR"), Price(Decimal("1.10"), "é"),
            Price(Decimal("1.10"), "EUR", ["rounded"]), Price(Decimal(0), "", ["x" * 100_000]),
        ]  # fmt: skip


def test_the_comparator_sees_small_differences() -> None:
    """A comparator that says yes to everything would make this whole file say nothing."""
    pairs = [
        (0.0, -0.0), (1, True), (1, 1.0), ("a", b"a"), ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (pd.Series([1.0, np.nan]), pd.Series([1.0, -np.nan])), (pd.Series([1], name="a"), pd.Series([1], name="b")),
        (pd.DataFrame([[1]]), pd.DataFrame([[1]], index=[0])), (pd.Index(["a"]), pd.Index(["a"], dtype=object)),
        (pd.date_range("2020", periods=2), pd.DatetimeIndex(list(pd.date_range("2020", periods=2)))),
        (pd.Series(["a", None], dtype=object), pd.Series(["a", np.nan], dtype=object)),
        (pd.Categorical(["a"], ["a", "b"]), pd.Categorical(["a"], ["b", "a"])), (np.zeros((2, 2)), np.zeros((2, 2), order="F")),
        (pd.Series(["a"], dtype="string"), pd.Series(["a"])), (pa.array([1]), pa.array([1], pa.int8())),
        (pd.array([1, None], "Int64"), pd.array([1, 0], "Int64")),
    ]  # fmt: skip

    assert [pair for pair in pairs if not differences(*pair)] == []


def test_long_values_are_cut() -> None:
    """The long values of this file are long enough for several blobs."""
    assert LONG > CUT_ROWS
