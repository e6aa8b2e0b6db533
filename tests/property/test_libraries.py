"""What polars, pyarrow, numpy, scipy and classes of one's own can hold comes back exactly, and is the consumer's own."""

import collections
import dataclasses
import enum
import tempfile
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pydantic
import pytest
import scipy.sparse as sp
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from polars.testing.parametric import dataframes, series

from dagbuild.artifacts import Artifacts
from dagbuild.store.local import LocalStore
from dagbuild.testing.memory import MemoryStore
from tests.property.test_round_trip import atoms, check, frames, keys, several, values

pytestmark = pytest.mark.leaves_threads


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return [Artifacts(MemoryStore()), Artifacts(LocalStore(tmp_path_factory.mktemp("cache")))]


# -- polars --------------------------------------------------------------------------------------------------------

objects = st.lists(st.one_of(st.none(), st.integers(), st.frozensets(st.integers())), min_size=1, max_size=5)


@several
@given(frame=dataframes(max_cols=4, max_size=5))
def test_polars_frames(stores: Any, frame: Any) -> None:
    """Any dtype that polars can make up: nested, categorical, enum, decimal, zoned."""
    check(stores, frame)


@several
@given(column=series(max_size=5), name=st.text(max_size=3), descending=st.booleans())
def test_polars_series(stores: Any, column: Any, name: Any, descending: Any) -> None:
    """Named and unnamed, and what polars was told of their order."""
    check(stores, column.rename(name))
    if column.dtype.is_numeric():
        check(stores, column.sort(descending=descending))


@several
@given(cells=objects, place=st.integers(0, 2))
def test_polars_columns_of_objects(stores: Any, cells: Any, place: Any) -> None:
    """Python objects, alone and between other columns."""
    column = pl.Series("o", cells, dtype=pl.Object)
    frame = pl.DataFrame({"a": range(len(cells)), "": ["x"] * len(cells)}).insert_column(place, column)

    for value in (column, frame, frame.select("o")):
        check(stores, value)


# -- pyarrow -------------------------------------------------------------------------------------------------------

leaves = st.sampled_from([
    (pa.int8(), st.integers(-128, 127)), (pa.uint64(), st.integers(0, 2**64 - 1)), (pa.float32(), st.floats(width=32)),
    (pa.bool_(), st.booleans()), (pa.string(), st.text(max_size=4)), (pa.large_string(), st.text(max_size=4)),
    (pa.string_view(), st.text(max_size=20)), (pa.binary(), st.binary(max_size=4)), (pa.binary(3), st.binary(min_size=3, max_size=3)),
    (pa.date32(), st.dates()), (pa.timestamp("us", "Asia/Tokyo"), st.integers(0, 10**15)), (pa.null(), st.none()),
    (pa.decimal128(9, 2), st.decimals(-1000, 1000, places=2)), (pa.duration("s"), st.integers(0, 10**6)),
    (pa.dictionary(pa.int8(), pa.string()), st.sampled_from(["a", "b", ""])),
    (pa.dictionary(pa.int16(), pa.int64(), ordered=True), st.integers(0, 3)),
])  # fmt: skip


def _nested(inner: Any) -> Any:
    def lists(pair: Any) -> Any:
        kind, cells = pair
        some = st.lists(_or_none(cells), max_size=3)
        return st.sampled_from([
            (pa.list_(kind), some), (pa.large_list(kind), some),
            (pa.list_(kind, 2), st.lists(_or_none(cells), min_size=2, max_size=2)),
            (pa.struct([pa.field("f", kind), pa.field("g", pa.int8(), metadata={"m": "x"})]), st.fixed_dictionaries({"f": _or_none(cells), "g": st.none()})),
            (pa.map_(pa.string(), kind), st.dictionaries(st.text(max_size=2), _or_none(cells), max_size=2).map(lambda d: list(d.items()))),
        ])  # fmt: skip

    return inner.flatmap(lists)


def _or_none(cells: Any) -> Any:
    return st.one_of(st.none(), cells)


uuids = st.just((pa.uuid(), st.binary(min_size=16, max_size=16)))  # pyarrow makes no lists of them
kinds = st.one_of(st.recursive(leaves, _nested, max_leaves=3), uuids)


@st.composite
def arrow_arrays(draw: Any, rows: Any) -> Any:
    """Draw an array of any type, perhaps a slice of a longer one."""
    kind, cells = draw(kinds)
    before, after = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    count = before + rows + after
    made = draw(st.lists(_or_none(cells), min_size=count, max_size=count))
    return pa.array(made, kind).slice(before, rows)


@st.composite
def arrow_values(draw: Any) -> Any:
    """Draw an array, a chunked one, a batch or a table with metadata."""
    rows = draw(st.integers(0, 5))
    form = draw(st.sampled_from(["array", "chunks", "batch", "table"]))
    if form == "array":
        return draw(arrow_arrays(rows))
    if form == "chunks":
        array = draw(arrow_arrays(rows))
        cut = draw(st.integers(0, rows))
        return pa.chunked_array([array[:cut], array[cut:]], array.type)
    columns = [draw(arrow_arrays(rows)) for _ in range(draw(st.integers(1, 3)))]
    metadata = draw(st.none() | st.dictionaries(st.text(max_size=2), st.text(max_size=2), max_size=2))
    fields = [pa.field(draw(st.text(max_size=2)), column.type, metadata=metadata) for column in columns]
    kind = pa.RecordBatch if form == "batch" else pa.Table
    return kind.from_arrays(columns, schema=pa.schema(fields, metadata))


@several
@given(value=arrow_values())
def test_arrow(stores: Any, value: Any) -> None:
    """Nested, dictionary-encoded, extension and sliced arrays, with the metadata of fields and schemas."""
    check(stores, value)


# -- numpy and scipy -----------------------------------------------------------------------------------------------

shapes = hnp.array_shapes(min_dims=0, min_side=0, max_dims=3, max_side=4)


@st.composite
def odd_arrays(draw: Any) -> Any:
    """Draw an array that is more, or less, than numbers side by side."""
    shape = draw(shapes)
    kind = draw(
        st.sampled_from(["object", "masked", "text", "record", "matrix", "memmap", "subclass", "fields"])
    )
    if kind == "object":
        return np.asarray(draw(hnp.arrays(object, shape, elements=atoms)), order=draw(st.sampled_from("CF")))
    if kind == "text":
        missing = draw(st.sampled_from([{}, {"na_object": None}, {"na_object": np.nan}, {"coerce": False}]))
        cells = draw(hnp.arrays(object, shape, elements=st.text(max_size=20)))
        return np.array(cells.tolist(), np.dtypes.StringDType(**missing)).reshape(shape)
    numbers = draw(hnp.arrays(draw(hnp.scalar_dtypes()), shape))
    if kind == "masked":
        fill = numbers.dtype.type() if draw(st.booleans()) else None
        mask = draw(st.sampled_from([np.ma.nomask, True]) | hnp.arrays(bool, shape))
        return np.ma.MaskedArray(numbers, mask, fill_value=fill, hard_mask=draw(st.booleans()))
    if kind == "record":
        columns = [numbers.ravel(), np.arange(numbers.size)]
        return np.rec.fromarrays(columns, formats=[c.dtype for c in columns], names=["n", "place"])
    if kind == "fields":
        fields = np.zeros(shape, [("n", numbers.dtype), ("o", object), ("p", "i2", (2,))])
        fields["n"] = numbers
        return fields
    if kind == "matrix":
        return np.matrix(numbers.reshape(1, -1))
    if kind == "subclass":
        return numbers.view(Measured)
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, np.uint8, "w+", shape=(max(numbers.nbytes, 1),))
        mapped[: numbers.nbytes] = np.frombuffer(numbers.tobytes(), np.uint8)
        return mapped


class Measured(np.ndarray):
    """An array of a project's own kind."""


@several
@given(array=odd_arrays())
def test_odd_arrays(stores: Any, array: Any) -> None:
    """Objects, masks, texts of any length, records, matrices, mapped files and subclasses."""
    check(stores, array)


@several
@given(
    dense=hnp.arrays(st.sampled_from(["f8", "i4", "?", "c16"]), hnp.array_shapes(min_dims=2, max_dims=2, max_side=5)),
    form=st.sampled_from(["csr", "csc", "coo", "bsr", "dia", "dok", "lil"]),
    array=st.booleans(),
)  # fmt: skip
def test_sparse_matrices(stores: Any, dense: Any, form: Any, array: Any) -> None:
    """Every format, as matrix and as array."""
    made = sp.coo_array(dense) if array else sp.coo_matrix(dense)

    check(stores, made.asformat(form))


# -- classes -------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Open:
    part: Any


@dataclasses.dataclass(frozen=True)
class Frozen:
    part: Any


@dataclasses.dataclass(slots=True)
class Slotted:
    part: Any


@dataclasses.dataclass(frozen=True, slots=True)
class Fixed:
    part: Any


class Named(NamedTuple):
    part: Any
    more: int = 1


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
    part: Any
    prices: dict[str, Decimal] = {"a": Decimal("1.10")}


class Colour(enum.Enum):
    RED = (1, "a")
    BLUE = "b"


class Level(enum.IntEnum):
    LOW = 1


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


class Words(dict[Any, Any]):
    """A dict of a project's own kind."""


class Row(list[Any]):
    """A list with a name."""

    name = ""


def _row(part: Any) -> Any:
    row = Row([part])
    row.name = "n"
    return row


HOLDERS = [
    Open, Frozen, Slotted, Fixed, Named, lambda part: Model(part=part), lambda part: Words(a=part), _row,
    lambda part: collections.OrderedDict(b=1, a=part), lambda part: collections.defaultdict(list, a=[part]),
    lambda part: collections.deque([part, 1], maxlen=3), lambda part: {"a": (part, [part])},
    lambda part: Open(Slotted([part, Colour.RED])),
]  # fmt: skip
parts = st.one_of(
    values, frames(), arrow_values(), odd_arrays(), st.sampled_from([*Colour, *Level, *Rights, Rights.READ | Rights.WRITE])
)  # fmt: skip


@several
@example(holder=Open, part=np.ma.array(np.zeros(3, ">i2")))  # its fill value is of another type
@given(holder=st.sampled_from(HOLDERS), part=parts)
def test_holders(stores: Any, holder: Any, part: Any) -> None:
    """Dataclasses, named tuples, models, enums and subclasses of containers, with any value inside."""
    check(stores, holder(part))


@several
@given(items=st.lists(keys, max_size=6))
def test_counters(stores: Any, items: Any) -> None:
    """A Counter stays one, in its order."""
    check(stores, collections.Counter(items))


class Prices(pd.DataFrame):
    """A frame with more to it than a frame."""

    _metadata = ["currency"]  # noqa: RUF012 - as pandas asks for it
    currency: Any

    @property
    def _constructor(self) -> Any:
        return Prices


class Rates(pd.Series):
    """A Series with more to it."""

    _metadata = ["_name", "per"]  # noqa: RUF012 - as pandas asks for it
    per: Any

    @property
    def _constructor(self) -> Any:
        return Rates


@several
@given(frame=frames(), currency=st.none() | st.text(max_size=3))
def test_subclasses_of_frames(stores: Any, frame: Any, currency: Any) -> None:
    """They keep their class and what it carries."""
    prices = Prices(frame)
    prices.attrs = frame.attrs
    prices.currency = currency
    for artifacts in stores:
        loaded = artifacts.load(artifacts.save(prices))
        assert loaded.currency == currency
    check(stores, prices)
    for place in range(frame.shape[1]):
        rates = Rates(frame.iloc[:, place])
        rates.per = currency
        check(stores, rates)
