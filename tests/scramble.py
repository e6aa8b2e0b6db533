"""Change a value in place wherever it lets one, as a careless consumer might.

Knows nothing of codecs: it tries every way in that pandas, numpy, polars, pyarrow and Python offer, and goes on where
one is refused.
"""

from __future__ import annotations

import contextlib
import warnings
from collections import deque
from collections.abc import Callable
from enum import Enum
from types import FunctionType
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import scipy.sparse as sp


def scramble(value: Any) -> None:
    """Change the value and what is in it, in place."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _scramble(value, set())


def _scramble(value: Any, seen: set[int]) -> None:
    if id(value) in seen or isinstance(value, (type, Enum, FunctionType)):
        return
    seen.add(id(value))
    for kinds, change in _WAYS:
        if isinstance(value, kinds):
            change(value, seen)
            return
    for name in [*getattr(value, "__dict__", ()), *getattr(type(value), "__slots__", ())]:
        _scramble(getattr(value, name, None), seen)
        _try(setattr, value, name, None)


def _try(action: Callable[..., Any], *arguments: Any) -> None:
    # Half scrambled values are against all that libraries take for granted: they may raise anything.
    with contextlib.suppress(Exception):
        action(*arguments)


def _fill(array: Any) -> None:
    """Overwrite every byte of an array, by force if need be."""
    _try(lambda: setattr(array.flags, "writeable", True))
    if array.dtype.hasobject:
        _try(lambda: array.fill(None))
    else:
        _try(lambda: np.frombuffer(memoryview(array).cast("B"), np.uint8).fill(7))
        _try(lambda: array.reshape(-1).view(np.uint8).fill(7))
        _try(lambda: array.fill(1))


def _array(value: Any, seen: set[int]) -> None:
    if value.dtype.hasobject:
        for cell in value.ravel().tolist():
            _scramble(cell, seen)
    _fill(value)


def _frame(value: Any, seen: set[int]) -> None:
    _scramble(value.attrs, seen)
    for place in range(value.shape[1]):
        column = value.iloc[:, place]
        _scramble(column.array, seen)
        _try(lambda column: column.iloc.__setitem__(slice(None), column.iloc[::-1].array), column)
        _try(lambda place: value.iloc.__setitem__((0, place), value.iloc[-1, place]), place)
        _try(lambda place: value.iloc.__setitem__((slice(None), place), None), place)
    _scramble(value.index, seen)
    _try(lambda: value.insert(0, "scrambled", 1))
    _try(lambda: setattr(value, "index", range(len(value))))
    value.attrs["scrambled"] = True


def _series(value: Any, seen: set[int]) -> None:
    _scramble(value.attrs, seen)
    _scramble(value.array, seen)
    _try(lambda: value.iloc.__setitem__(slice(None), value.iloc[::-1].array))
    _try(lambda: value.iloc.__setitem__(slice(None), None))
    _scramble(value.index, seen)
    value.name = "scrambled"


def _index(value: Any, seen: set[int]) -> None:
    for level in value.levels if isinstance(value, pd.MultiIndex) else ():
        _scramble(level, seen)
    _try(lambda: _fill(value.to_numpy()))
    _try(lambda: _fill(value.values))
    _try(lambda: value.rename("scrambled", inplace=True))


def _extension(value: Any, seen: set[int]) -> None:
    for name in ("_data", "_mask", "_ndarray", "_codes", "_left", "_right", "_sparse_values"):
        part = getattr(value, name, None)
        if part is not None:
            _scramble(part, seen)
    _try(lambda: value.__setitem__(slice(None), value[::-1]))
    _try(lambda: value.__setitem__(slice(None), None))


def _polars(value: Any, seen: set[int]) -> None:
    series = value.get_columns() if isinstance(value, pl.DataFrame) else [value]
    for each in series:
        _try(lambda each: _fill(each.to_numpy(writable=False)), each)
        _try(lambda each: each.__setitem__(0, each[-1]), each)
        _try(lambda each: each.rename("scrambled", in_place=True), each)
    if isinstance(value, pl.DataFrame):
        _try(lambda: value.insert_column(0, pl.Series("scrambled", [1] * value.height)))


def _sparse(value: Any, seen: set[int]) -> None:
    for name in ("data", "indices", "indptr", "row", "col", "offsets", "rows"):
        part = getattr(value, name, None)
        if isinstance(part, np.ndarray):
            _scramble(part, seen)


def _mapping(value: Any, seen: set[int]) -> None:
    for item in list(value.values()):
        _scramble(item, seen)
    value.clear()
    value["scrambled"] = 1


def _list(value: Any, seen: set[int]) -> None:
    for item in list(value):
        _scramble(item, seen)
    value.append("scrambled")
    value.reverse()


def _tuple(value: Any, seen: set[int]) -> None:
    for item in value:
        _scramble(item, seen)


def _set(value: Any, seen: set[int]) -> None:
    value.clear()
    value.add("scrambled")


def _bytes(value: Any, seen: set[int]) -> None:
    value[:] = b"scrambled"


_WAYS: list[tuple[Any, Callable[[Any, set[int]], None]]] = [
    (pd.DataFrame, _frame),
    (pd.Series, _series),
    (pd.Index, _index),
    (pd.api.extensions.ExtensionArray, _extension),
    (np.ndarray, _array),
    ((pl.DataFrame, pl.Series), _polars),
    (sp.sparray | sp.spmatrix, _sparse),
    (dict, _mapping),
    ((list, deque), _list),
    (tuple, _tuple),
    (set, _set),
    (bytearray, _bytes),
]
