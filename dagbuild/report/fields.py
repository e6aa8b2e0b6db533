"""What an object is made of, field by field: as much as can be read, however large it is.

Knows how Python's classes keep their fields, and no library of values. Guards: nothing that is shown takes longer than
it can be read; what a class does in its `__repr__` cannot fail the command.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import islice
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from dagbuild.ground.digits import count_digits, is_long
from dagbuild.ground.one_line import one_line, shape

_NO_FIELDS = (
    str, bytes, bytearray, int, float, complex, Mapping, Set, list, enum.Enum, type, ModuleType, FunctionType,
    BuiltinFunctionType, BaseException,
)  # fmt: skip
"""What says itself best as a whole."""

FEW = 10
"""Numbers of an array that are shown in a line."""

MOST = 2000
"""Items of a plain value, all levels together, that are laid out."""


def find_fields(value: Any) -> list[tuple[str, Any]]:
    """Return an object's fields by name: of a dataclass, a model or a named tuple those it declares, else public ones.

    Empty for what has none to show: numbers, text, containers, enums, and objects that keep everything to themselves.
    """
    if isinstance(value, _NO_FIELDS):
        return []
    kind = type(value)
    names: Iterable[str]
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
    elif isinstance(value, tuple):
        names = getattr(kind, "_fields", ())
    elif isinstance(models := getattr(kind, "model_fields", None), Mapping):
        names = [*models, *(getattr(value, "model_extra", None) or ())]
    else:
        slots = (slot for base in reversed(kind.__mro__) for slot in _slots(base))
        names = [name for name in (*slots, *getattr(value, "__dict__", ())) if not name.startswith("_")]
    # A field that was declared may not be set.
    return [(name, getattr(value, name)) for name in dict.fromkeys(names) if _has(value, name)]


def declares_fields(value: Any) -> bool:
    """Tell whether the fields are all that the value is, so that its own words would say them again."""
    return dataclasses.is_dataclass(value) or isinstance(value, tuple) or hasattr(type(value), "model_fields")


def has_words(value: Any) -> bool:
    """Tell whether the class says more of a value than where it lies in memory."""
    return vars(object)["__repr__"] is not getattr(type(value), "__repr__", None)


def tell_short(value: Any) -> str:
    """Return a value in a line: itself where it is small, else what it is and how large."""
    sizes = shape(value)
    if sizes and len(value.shape) == 1 and value.shape[0] <= FEW and hasattr(value, "tolist"):
        return one_line(value.tolist())
    return one_line(value) if sizes or has_words(value) else type(value).__name__


def bound(value: Any) -> Any:
    """Return a plain value with no more items in it than can be laid out; a mark stands for the rest."""
    return _bound(value, [MOST], 0)


class _Rest:
    """Stands for what is left out."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __repr__(self) -> str:
        return f"... {self.count:,} more"


class _Long:
    """Stands for a number that takes long to write."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __repr__(self) -> str:
        return f"<{count_digits(self.number)}>"


def _bound(value: Any, left: list[int], level: int) -> Any:
    if type(value) in (str, bytes):
        return value[: 40 * MOST]
    if is_long(value):
        return _Long(value)
    if type(value) not in (list, tuple, set, frozenset, dict):
        return value
    if level > 20:  # deeper than anybody reads, or it holds itself
        return _Rest(len(value))
    room = min(len(value), max(left[0], 0))
    left[0] -= room
    rest = len(value) - room
    if isinstance(value, dict):
        kept = {key: _bound(item, left, level + 1) for key, item in islice(value.items(), room)}
        return kept | {_Rest(rest): ...} if rest else kept
    if not rest and isinstance(value, set | frozenset):
        return value  # what a set holds is hashable as it is, and may not be so when it is cut
    items: Sequence[Any] = [_bound(item, left, level + 1) for item in islice(value, room)]
    items = [*items, _Rest(rest)] if rest else items
    return tuple(items) if isinstance(value, tuple) else items


def _slots(kind: type) -> tuple[str, ...]:
    slots = kind.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _has(value: Any, name: str) -> bool:
    try:
        getattr(value, name)
    except Exception:  # a property of somebody's, or a slot that is not set
        return False
    return True
