"""What is said of a value that holds something which cannot be stored: where in it that is."""

import functools
import json
import re
import sqlite3
import threading
from collections import OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.codecs import whereabouts
from dagbuild.ground.errors import CodecError
from dagbuild.testing.memory import MemoryStore

pytestmark = pytest.mark.leaves_threads

LOCK = threading.Lock()


@dataclass
class Model:
    deep: Any = None
    more: dict[str, Any] = field(default_factory=dict)


class Slotted:
    __slots__ = ("first", "second")

    def __init__(self, second: Any) -> None:
        self.second = second


class Own(pd.DataFrame):
    pass


Pair = namedtuple("Pair", "left right")


def local_instance() -> Any:
    class Row:
        pass

    return Row()


def with_attrs(frame: Any) -> Any:
    frame.attrs["source"] = {"connection": LOCK}
    return frame


def structured() -> Any:
    array = np.zeros(2, dtype=[("a", "i8"), ("b", object)])
    array["b"][1] = LOCK
    return array


BAD_FRAME = pd.DataFrame({"good": [1, 2], "bad": [None, LOCK]})

# What holds it, and how one gets there.
PLACES = {
    "dict": ({"rows": [1], "guard": LOCK}, "at ['guard']"),
    "list": ([1, [2, LOCK]], "at [1][1]"),
    "tuple": ((1, LOCK), "at [1]"),
    "named tuple": (Pair(1, [LOCK]), "at .right[0]"),
    "key of a dict": ({"a": {("x", LOCK): 1}}, "at ['a'], a key[1]"),
    "key of a number": ({1: {2.5: LOCK}}, "at [1][2.5]"),
    "set": ({"a": {1, LOCK}}, "at ['a'], an item of the set"),
    "deque": (deque([LOCK]), "at [0]"),
    "ordered dict": (OrderedDict(a=LOCK), "at ['a']"),
    "factory": (defaultdict(lambda: 0), "at .default_factory"),
    "partial": (functools.partial(sorted, reverse=LOCK), "at .keywords['reverse']"),
    "bound method": (Model(LOCK).__init__, "at .__self__.deep"),  # type: ignore[misc]  # a method that is bound
    "dataclass": (Model(deep={"k": [LOCK]}), "at .deep['k'][0]"),
    "field in a field": (Model(more={"m": Model(LOCK)}), "at .more['m'].deep"),
    "slots": (Slotted([LOCK]), "at .second[0]"),
    "exception": (ValueError("x", LOCK), "at .args[1]"),
    "column": (BAD_FRAME, "in column 'bad', row 1"),
    "in a cell": (pd.DataFrame({"bad": [{"k": LOCK}]}), "in column 'bad', row 0['k']"),
    "column by number": (pd.DataFrame({0: [LOCK]}), "in column 0, row 0"),
    "column of two": (pd.DataFrame({("a", "b"): [LOCK]}), "in column ('a', 'b'), row 0"),
    "index": (pd.DataFrame({"a": [1]}, index=pd.Index([LOCK], dtype=object)), "in the index, row 0"),
    "level": (
        pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_arrays([[1], [LOCK]], names=["x", "y"])),
        "in the index, level 'y', row 0",
    ),
    "labels": (pd.DataFrame([[1]], columns=pd.Index([LOCK], dtype=object)), "in the column labels, row 0"),
    "attrs": (with_attrs(pd.DataFrame({"a": [1]})), "at .attrs['source']['connection']"),
    "series": (pd.Series([1, LOCK], name="s"), "in row 1"),
    "attrs of a series": (with_attrs(pd.Series([1])), "at .attrs['source']['connection']"),
    "category": (pd.Series([LOCK, LOCK], dtype="category"), "in the categories, row 0"),
    "frame in a dict": ({"tables": [BAD_FRAME]}, "at ['tables'][0], column 'bad', row 1"),
    "frame in an object": (Model(BAD_FRAME), "at .deep, column 'bad', row 1"),
    "frame of one's own class": (Own({"bad": [LOCK]}), "in column 'bad', row 0"),
    "array": (np.array([[1, LOCK]], dtype=object), "at [0, 1]"),
    "field of an array": (structured(), "at ['b'][1]"),
    "polars": (pl.DataFrame({"a": [1], "bad": pl.Series([LOCK], dtype=pl.Object)}), "in column 'bad', row 0"),
    "polars series": ([pl.Series([LOCK], dtype=pl.Object)], "at [0], row 0"),
}


@pytest.mark.parametrize(("value", "place"), PLACES.values(), ids=PLACES)
def test_names_the_place(value: Any, place: str) -> None:
    """Whatever it is in, the message leads to it."""
    with pytest.raises(CodecError) as caught:
        Artifacts(MemoryStore()).save(value)

    said = caught.value.problems[0].message
    assert f" {place}" in said
    assert said.endswith(place) or said.partition(place)[2].startswith((" (", ":"))


def generator() -> Any:
    return (i for i in range(3))


# What cannot be stored, what it is called and what to do instead.
PARTS = {
    "lock": (threading.Lock, "'_thread.lock'", "leave it out"),
    "generator": (generator, "'generator'", "list of its items"),
    "handle": (lambda: open("/dev/null"), "'_io.TextIOWrapper'", "the path of the file"),
    "connection": (lambda: sqlite3.connect(":memory:"), "'sqlite3.Connection'", "plain data"),
    "local instance": (local_instance, "an instance of the class 'local_instance.<locals>.Row'", "top level"),
    "local class": (lambda: type(local_instance()), "the class 'local_instance.<locals>.Row'", "top level"),
    "lambda": (lambda: lambda x: x, "<lambda>'", "top level"),
    "module": (lambda: json, "'module'", "import the module"),
}
HOLDERS = {
    "itself": (lambda part: part, ""),
    "dict": (lambda part: {"k": part}, " at ['k']"),
    "list": (lambda part: [1, part], " at [1]"),
    "dataclass": (lambda part: Model(part), " at .deep"),
    "column": (lambda part: pd.DataFrame({"c": pd.Series([part], dtype=object)}), " in column 'c', row 0"),
    "series": (lambda part: pd.Series([part], dtype=object), " in row 0"),
    "array": (lambda part: np.fromiter([part], object, 1), " at [0]"),
    "nested": (lambda part: {"a": [Model(more={"b": part})]}, " at ['a'][0].more['b']"),
}


@pytest.mark.parametrize(("hold", "place"), HOLDERS.values(), ids=HOLDERS)
@pytest.mark.parametrize(("make", "name", "remedy"), PARTS.values(), ids=PARTS)
def test_every_part_in_every_holder(make: Any, name: str, remedy: str, hold: Any, place: str) -> None:
    """The part is named with its place, and told with what to return in its stead."""
    part = make()
    try:
        with pytest.raises(CodecError) as caught:
            Artifacts(MemoryStore()).save(hold(part))
    finally:
        if hasattr(part, "close"):
            part.close()

    problem = caught.value.problems[0]
    assert re.search(re.escape(name) + r"[^ ]*" + re.escape(place), problem.message)
    assert "cannot be stored" in problem.message
    assert remedy in (problem.hint or "")
    assert '@cache("never")' in (problem.hint or "")


def test_what_its_codec_refuses_has_a_place_too() -> None:
    """A plan is no value, nor is one in a list."""
    with pytest.raises(CodecError, match=r"LazyFrame' at \[1\]: it is a plan, not a value\n.*collect\(\)"):
        Artifacts(MemoryStore()).save([1, pl.LazyFrame({"a": [1]})])


def test_an_error_crosses_processes() -> None:
    """It does so without the part, which no pickle can hold."""
    import pickle

    with pytest.raises(CodecError) as caught:
        Artifacts(MemoryStore()).save({"k": LOCK})

    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_looking_ends_where_there_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """The part is named all the same, without a place."""
    monkeypatch.setattr(whereabouts, "MOST", 100)
    with pytest.raises(CodecError, match=r"because of a value of type '_thread\.lock' inside it"):
        Artifacts(MemoryStore()).save([*range(200), LOCK])


def test_what_holds_itself_is_looked_through_once() -> None:
    """A circle has an end."""
    circle: list[Any] = []
    circle += [circle, {"circle": circle, "k": LOCK}]
    with pytest.raises(CodecError, match=r"at \[1\]\['k'\]"):
        Artifacts(MemoryStore()).save(circle)


def test_attributes_that_raise_end_the_search_there() -> None:
    """The search is no second fault."""

    class Angry(dict[str, Any]):
        def items(self) -> Any:
            raise RuntimeError("no")

    assert whereabouts.find_part(Angry(k=LOCK), LOCK) is None
