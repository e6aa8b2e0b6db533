"""Write outlines of values; see `outline` for what they are.

Knows the shapes of values and no code; calls no `__repr__` of the user's. Guards: an outline is short however large
the value is, and a text goes through `localize` before any of it is written.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import keyword
import re
import types
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from dagbuild.ground.digest import digest_json
from dagbuild.model.outline import ROOM

DEPTH = 6
"""Of values in values that are opened; what is deeper has a mark."""

LEAST = 14
"""Characters that an item needs if it is to say anything."""

_HEAD = 30
_MARKED = 100


_Parts = tuple[str, str, int, Iterable[tuple[str, Any]]]
"""What stands before and after the items of a value, their number, and the items with their labels."""


class Outliner:
    """Writes outlines.

    `mark_of` gives a short text that is equal for equal values only, or nothing; `localize` takes machine's folders
    out of a text; `opens` says of a class whether the attributes of its instances may be shown.
    """

    def __init__(
        self,
        mark_of: Callable[[Any], str] = lambda _: "",
        localize: Callable[[str], str] = lambda text: text,
        opens: Callable[[type], bool] = dataclasses.is_dataclass,
    ) -> None:
        self._mark_of = mark_of
        self._localize = localize
        self._opens = opens

    def write(self, value: Any, room: int = ROOM) -> str:
        """Return the outline of a value."""
        if type(value) in _AS_WRITTEN:
            return repr(value)
        return self._write(value, room, 0)[0]

    def _write(self, value: Any, room: int, depth: int) -> tuple[str, bool]:
        """Return the outline, and whether it says all of the value."""
        atom = self._atom(value, room)
        if atom is not None:
            return (atom, True) if len(atom) <= max(room, LEAST) else (self._elide(value, room), False)
        parts = self._take_apart(value)
        if parts is None or depth >= DEPTH:
            return self._elide(value, room), False
        before, after, count, items = parts
        room -= len(before) + len(after)
        if count * 2 > room:
            return self._elide(value, room), False
        items = list(items)
        whole = self._fill(items, depth, lambda left, _: left, room)
        if whole is not None and whole[1] and len(whole[0]) <= room:
            return before + whole[0] + after, True
        share = (room - sum(len(label) + 2 for label, _ in items)) // count
        if share < LEAST:
            return self._elide(value, room), False
        cut = self._fill(items, depth, lambda left, todo: max(LEAST, left // todo), room)
        return (before + cut[0] + after, False) if cut else (self._elide(value, room), False)

    def _fill(
        self, items: list[tuple[str, Any]], depth: int, share: Callable[[int, int], int], room: int
    ) -> tuple[str, bool] | None:
        texts: list[str] = []
        left, whole = room, True
        for place, (label, item) in enumerate(items):
            left -= len(label) + 2
            text, all_of_it = self._write(item, share(left, len(items) - place), depth + 1)
            left -= len(text)
            whole = whole and all_of_it
            if left < -room:
                return None
            texts.append(label + text)
        return ", ".join(texts), whole

    def _take_apart(self, value: Any) -> _Parts | None:
        """Return what stands before and after the items, their number, and the items with their labels."""
        kind = type(value)
        if kind is dict:
            return self._take_dict("", value)
        if kind in _MAPPINGS:
            return self._take_dict(kind.__name__, value)
        if kind in _WRAPPED:
            before, after, items = _WRAPPED[kind](value)
            return before, after, len(items), (("", item) for item in items)
        if kind in {set, frozenset}:
            return _take_set("" if kind is set else "frozenset", value)
        labelled = _find_labelled(value, self._opens)
        if labelled is None or not _is_dotted(name := _name_of(kind)):
            return None
        return f"{name}(", ")", len(labelled), labelled

    def _take_dict(self, name: str, value: Mapping[Any, Any]) -> _Parts | None:
        if not all(type(key) in _KEYS for key in value):
            return None
        items = ((f"{self._key(key)}: ", item) for key, item in value.items())
        return (f"{name}({{", "})", len(value), items) if name else ("{", "}", len(value), items)

    def _key(self, key: Any) -> str:
        return repr(self._localize(key)) if type(key) is str else repr(key)

    def _atom(self, value: Any, room: int) -> str | None:
        """Return the whole of a value that has no parts, or None."""
        kind = type(value)
        if kind in _AS_WRITTEN:
            return repr(value)
        if kind is str or kind is int or kind is bytes:
            return self._write_scalar(value, room)
        if isinstance(value, enum.Enum):
            name, owner = str(value.name), _name_of(kind)
            return f"{owner}.{name}" if _is_dotted(name) else f"{owner}[{name!r}]"
        if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
            return value.__qualname__ if _is_dotted(value.__qualname__) else self._elide(value, room)
        text = _find_text(value)
        if text is None:
            return None
        return (
            f"{_name_of(kind)}[{self._localize(text)!r}]" if len(text) <= ROOM else self._elide(value, room)
        )

    def _write_scalar(self, value: str | int | bytes, room: int) -> str:
        if isinstance(value, int):
            return repr(value) if value.bit_length() <= 256 else self._elide(value, room)  # some 77 digits
        told = self._localize(value if isinstance(value, str) else value.decode(errors="replace"))
        if len(value) > ROOM:
            return self._elide(value, room)
        return repr(told if isinstance(value, str) else value)

    def _elide(self, value: Any, room: int) -> str:
        kind = type(value)
        name = name if _is_dotted(name := _name_of(kind)) else "object"
        marks = [self._mark_of(value)]
        if kind in {list, tuple, dict} and 0 < len(value) <= _MARKED and marks[0]:
            each = " ".join(self._mark_items(value))
            marks += [each] if len(each) <= 2 * room else []
        return f"{name}[{', '.join(map(repr, (self._describe(value), *marks)))}]"

    def _mark_items(self, value: Any) -> Iterator[str]:
        """Yield a word for each item, so that the one can be told that is another: too short to say anything else."""
        if type(value) is not dict:
            yield from (self._mark_of(item)[:4] for item in value)
        elif all(type(key) is str and key.isidentifier() for key in value):
            yield from (f"{self._localize(key)}={self._mark_of(item)[:4]}" for key, item in value.items())

    def _describe(self, value: Any) -> str:
        kind = type(value)
        if kind is str:
            head = self._localize(value)[:_HEAD]
            return f"{repr(head)[:-1]}…', {len(value):,} characters"
        if kind is int:
            return f"{value.bit_length():,} bits"
        if kind is bytes or kind is bytearray:
            return f"{len(value):,} bytes"
        if isinstance(value, (list, tuple, dict, set, frozenset, collections.deque)):
            return "1 item" if len(value) == 1 else f"{len(value):,} items"
        if isinstance(value, (type, types.FunctionType)):
            return value.__qualname__.rpartition(".")[2]
        return _describe_table(value)


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in name.split("."))


def _name_of(kind: type) -> str:
    return kind.__qualname__.rpartition(".")[2]


_AS_WRITTEN = frozenset({bool, float, complex, type(None), type(Ellipsis), type(NotImplemented), range})
_AS_TEXT = frozenset({datetime.timedelta, decimal.Decimal, fractions.Fraction, uuid.UUID})
_WRAPPED: dict[type, Callable[[Any], tuple[str, str, Sequence[Any]]]] = {
    list: lambda value: ("[", "]", value),
    tuple: lambda value: ("(", ",)" if len(value) == 1 else ")", value),
    collections.deque: lambda value: ("deque([", "])", value),
    slice: lambda value: ("slice(", ")", (value.start, value.stop, value.step)),
}


def _find_text(value: Any) -> str | None:
    """Return what people write for a value that is as good as a text, or None."""
    kind = type(value)
    library = kind.__module__.partition(".")[0]
    if kind in _AS_TEXT:
        return str(value)
    if isinstance(value, (datetime.date, datetime.time)) and library in {"datetime", "pandas"}:
        return value.isoformat()
    if isinstance(value, PurePath) and library == "pathlib":
        return value.as_posix()
    if kind is re.Pattern:
        return str(value.pattern)
    if library == "numpy" and getattr(value, "shape", None) == () and hasattr(value, "item"):
        return str(value)
    return None


def _find_labelled(value: Any, opens: Callable[[type], bool]) -> list[tuple[str, Any]] | None:
    """Return the parts of an object with the names under which a call would give them, or None."""
    kind = type(value)
    if kind is functools.partial:
        named = [(f"{key}=", item) for key, item in value.keywords.items()]
        return [("", value.func), *(("", item) for item in value.args), *named]
    if isinstance(value, tuple) and (fields := getattr(kind, "_fields", None)):
        return [(f"{field}=", item) for field, item in zip(fields, value, strict=False)]
    if isinstance(value, (list, tuple, dict, set, frozenset, str, int, float, bytes)):
        return None
    if not (opens(kind) or kind is types.SimpleNamespace):
        return None
    held = sorted(_attributes(value), key=lambda pair: pair[0])
    return [(f"{name}=", item) for name, item in held] if all(_is_dotted(name) for name, _ in held) else None


_MAPPINGS = (
    collections.OrderedDict, collections.Counter, collections.defaultdict, types.MappingProxyType,
)  # fmt: skip


_KEYS = frozenset({str, int, float, bool, bytes, type(None)})


def _take_set(name: str, value: Iterable[Any]) -> _Parts | None:
    items = list(value)
    if not all(type(item) in _KEYS for item in items):
        return None
    if not items:
        return f"{name or 'set'}(", ")", 0, ()
    ordered = sorted(items, key=lambda item: (type(item).__name__, repr(item)))
    before, after = (f"{name}({{", "})") if name else ("{", "}")
    return before, after, len(items), (("", item) for item in ordered)


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    yield from ((str(name), item) for name, item in (getattr(value, "__dict__", None) or {}).items())
    for cls in type(value).__mro__:
        for name, slot in vars(cls).items():
            if isinstance(slot, types.MemberDescriptorType):
                try:
                    yield name, slot.__get__(value)
                except AttributeError:
                    continue


def _describe_table(value: Any) -> str:
    """Return the shape and dtype of an array or table; nothing of other things."""
    if type(value).__module__.partition(".")[0] not in {"numpy", "pandas", "polars", "pyarrow"}:
        return ""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if not isinstance(shape, tuple):
        return ""
    size = " x ".join(f"{length:,}" for length in shape) or "one value"
    if dtype is not None:
        return f"{size} {dtype}"
    names = [str(name) for name in getattr(value, "columns", ())]
    kinds = [str(each) for each in getattr(value, "dtypes", ())]
    columns = ", ".join(f"{name} {kind}" for name, kind in zip(names, kinds, strict=False))
    return f"{size}: {columns}" if columns and len(columns) <= 2 * _HEAD else size


FILES = 200
"""So many files of a folder have a mark each."""


def outline_files(marks: Mapping[str, str]) -> str:
    """Return the outline of files: their names with a mark of what each holds, or how many there are."""
    if len(marks) <= FILES and sum(map(len, marks)) <= 20 * ROOM:
        items = (f"{name!r}: {mark.rpartition('-')[2][:8]!r}" for name, mark in sorted(marks.items()))
        return f"files({{{', '.join(items)}}})"
    whole = digest_json(sorted(marks.items())).rpartition("-")[2][:8]
    return f"files[{f'{len(marks):,} files'!r}, {whole!r}]"
