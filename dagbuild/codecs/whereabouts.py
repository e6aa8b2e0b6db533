"""Find where inside a value one of its parts is: ['k'][0], .deep, column 'bad', row 3.

Knows values and no codecs; asked only when a value cannot be stored. Runs no code of the user's but what looking at
items and attributes runs, and gives up on values with too many parts: no place is told rather than a wrong one.
"""

from __future__ import annotations

import functools
import sys
import types
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

MOST = 500_000
"""Parts that are looked at; about half a second."""

_LONGEST = 40
_LEAVES = (
    str,
    bytes,
    bytearray,
    int,
    float,
    complex,
    bool,
    type(None),
    type,
    types.FunctionType,
    types.ModuleType,
)
_PLAIN_KEYS = (str, bytes, int, float, bool, type(None))


class Step(NamedTuple):
    """How to get from a value to a part of it; `word` stands apart from what is before it: column 'bad'."""

    text: str
    word: bool = False


class Place(NamedTuple):
    """Where a part is; `instance` says that the part is the class of what is there."""

    steps: tuple[Step, ...]
    instance: bool = False

    def __str__(self) -> str:
        text = ""
        for step in self.steps:
            text += f"{', ' if text and step.word else ''}{step.text}"
        return f"{'in' if self.steps and self.steps[0].word else 'at'} {text}" if text else ""


def find_part(value: Any, part: Any) -> Place | None:
    """Return the shortest way from a value to one of its parts, or to an instance of it where it is a class."""
    found: list[tuple[Any, int, Step]] = [(value, -1, Step(""))]
    met = {id(value)}
    todo = deque([0])
    left = MOST
    while todo:
        here = todo.popleft()
        thing = found[here][0]
        if thing is part or type(thing) is part:
            return Place(_steps_to(found, here), thing is not part)
        for step, child in islice(_open(thing), left):
            left -= 1
            if child is part or not isinstance(child, _LEAVES):
                if id(child) in met:
                    continue
                met.add(id(child))  # `found` holds it, so that its id stays its own
                found.append((child, here, step))
                todo.append(len(found) - 1)
    return None


def _steps_to(found: list[tuple[Any, int, Step]], here: int) -> tuple[Step, ...]:
    steps: list[Step] = []
    while here > 0:
        _, before, step = found[here]
        steps.append(step)
        here = before
    return tuple(reversed(steps))


def _open(value: Any) -> Iterator[tuple[Step, Any]]:
    """Yield what a value is made of; nothing more of one whose own code fails."""
    try:
        if isinstance(value, _LEAVES):
            return
        if isinstance(value, dict):
            yield from _open_dict(value)
        elif isinstance(value, tuple) and (names := getattr(type(value), "_fields", None)):
            yield from ((Step(f".{name}"), item) for name, item in zip(names, value, strict=False))
        elif isinstance(value, (list, tuple, deque)):
            yield from ((Step(f"[{place}]"), item) for place, item in enumerate(value))
        elif isinstance(value, (set, frozenset)):
            yield from ((Step("an item of the set", word=True), item) for item in value)
        elif isinstance(value, functools.partial):
            yield from ((Step(f".{name}"), getattr(value, name)) for name in ("func", "args", "keywords"))
        elif isinstance(value, types.MethodType):
            yield Step(".__self__"), value.__self__
        elif isinstance(value, _Cells):
            yield from value.open()
            return
        elif (tables := _open_table(value)) is not None:
            yield from tables
            return
        yield from _open_object(value)
    except Exception:  # whatever a stranger's items and attributes raise
        return


def _open_dict(value: dict[Any, Any]) -> Iterator[tuple[Step, Any]]:
    if hasattr(value, "default_factory"):
        yield Step(".default_factory"), value.default_factory
    for key, item in value.items():
        yield Step(f"[{_short(key)}]"), item
        yield Step("a key", word=True), key


def _open_object(value: Any) -> Iterator[tuple[Step, Any]]:
    for name, item in (getattr(value, "__dict__", None) or {}).items():
        yield Step(f".{name}"), item
    for cls in type(value).__mro__:
        for name, slot in vars(cls).items():
            if isinstance(slot, types.MemberDescriptorType) and not isinstance(value, BaseException):
                try:
                    yield Step(f".{name}"), slot.__get__(value)
                except AttributeError:
                    continue
    if isinstance(value, BaseException):
        yield Step(".args"), value.args


# -- tables and arrays -------------------------------------------------------------------------------


def _open_table(value: Any) -> Iterator[tuple[Step, Any]] | None:
    """Return the parts of an array or table, where its library is loaded; None for anything else."""
    tops = {cls.__module__.partition(".")[0] for cls in type(value).__mro__}
    for library, opener in (("pandas", _open_pandas), ("numpy", _open_numpy), ("polars", _open_polars)):
        if library in tops and library in sys.modules:
            return opener(sys.modules[library], value)
    return None


def _open_pandas(pd: Any, value: Any) -> Iterator[tuple[Step, Any]]:
    if isinstance(value, pd.DataFrame):
        bare = pd.DataFrame(
            value, copy=False
        )  # without attrs: pandas 3.1 makes deep copies of them for each column
        for place, label in enumerate(bare.columns):
            yield Step(f"column {_short(label)}", word=True), _Cells(bare.iloc[:, place].array)
        yield Step("the column labels", word=True), value.columns
    elif isinstance(value, pd.Series):
        yield from _Cells(value.array).open()
        yield Step("the name", word=True), value.name
    elif isinstance(value, pd.MultiIndex):
        for place, name in enumerate(value.names):
            yield Step(f"level {_short(name)}", word=True), value.get_level_values(place)
    elif isinstance(value, pd.Index):
        yield from _Cells(value.array).open()
        yield Step("the name", word=True), value.name
    elif isinstance(value, pd.api.extensions.ExtensionArray):
        yield from _Cells(value).open()
    if isinstance(value, (pd.DataFrame, pd.Series)):
        yield Step("the index", word=True), value.index
        yield Step(".attrs"), value.attrs
    yield from _open_object(value)


def _open_numpy(np: Any, value: Any) -> Iterator[tuple[Step, Any]]:
    if isinstance(value, np.ndarray) and value.dtype.names is not None:
        for name in value.dtype.names if value.dtype.hasobject else ():
            yield Step(f"[{name!r}]"), value[name]
    elif isinstance(value, np.ndarray) and value.dtype == object:
        for place, cell in zip(np.ndindex(*value.shape), value.ravel(), strict=True):
            yield Step(f"[{', '.join(map(str, place))}]"), cell
    yield from _open_object(value)


def _open_polars(pl: Any, value: Any) -> Iterator[tuple[Step, Any]]:
    if isinstance(value, pl.DataFrame):
        for series in value.get_columns():
            yield Step(f"column {_short(series.name)}", word=True), series
    elif isinstance(value, pl.Series) and value.dtype == pl.Object:
        yield from _rows(value.to_list())


class _Cells:
    """A column of a table, whose items are rows."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def open(self) -> Iterator[tuple[Step, Any]]:
        array = self.array
        dtype = getattr(array, "dtype", None)
        if hasattr(array, "categories"):
            yield Step("the categories", word=True), array.categories
        elif str(getattr(dtype, "numpy_dtype", dtype)) == "object":
            yield from _rows(array.to_numpy() if hasattr(array, "to_numpy") else array)
        elif type(array).__module__.partition(".")[0] != "pandas":
            yield from _open_object(array)


def _rows(cells: Any) -> Iterator[tuple[Step, Any]]:
    return ((Step(f"row {place}", word=True), cell) for place, cell in enumerate(cells))


def _short(key: Any) -> str:
    """Return how people write a key or label; runs no `__repr__` of the user's."""
    plain = all(type(each) in _PLAIN_KEYS for each in (key if type(key) is tuple else (key,)))
    text = repr(key) if plain else f"<{type(key).__name__}>"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
