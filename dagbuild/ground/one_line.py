"""Say in one line what a value is, for people.

The value is the user's: its `__repr__` may raise, be without end, hold a number that takes minutes to spell or a
password. Knows types of Python alone; tables and arrays by their shape. Guards: it always gives a line, soon, and no
longer than was asked for.
"""

from __future__ import annotations

import contextlib
import re
import reprlib
from collections.abc import Callable
from itertools import islice
from typing import Any, ClassVar

from dagbuild.ground.digits import count_digits, is_long
from dagbuild.ground.texts import attempt

LONGEST = 80
"""Letters that stand on a line beside a name."""

_ITEMS, _LETTERS, _DEPTH = 40, 400, 5
_PASSWORD = re.compile(r"(?<=://)[^/@\s:'\"]*:[^/@\s'\"]+(?=@)")


def one_line(value: Any, longest: int = LONGEST) -> str:
    """Return a value's type and shape if it has one, else its text; its type and the beginning where that is long."""
    kind = _name(type(value))
    told = shape(value)
    text = told or find_text(value)
    if len(text) <= longest:
        return text
    head = "" if told or text.startswith(kind) else f"{kind} "
    return f"{head}{text}"[: max(longest - 3, 0)] + "..."


def shape(value: Any) -> str:
    """Return the type and shape of what has rows and columns, nothing for the rest."""
    sizes = attempt(lambda: getattr(value, "shape", None))  # it may be a property of the user's
    if not isinstance(sizes, tuple) or not sizes or not all(isinstance(size, int) for size in sizes):
        return ""
    return f"{_name(type(value))} {' x '.join(f'{size:,}' for size in sizes)}"


def find_text(value: Any) -> str:
    """Return the text of a value without line ends or passwords; of a large one the beginning, and of what has no text
    that it has none."""
    return hide_passwords(" ".join(_Spelling().repr(value).split()))


def hide_passwords(text: str) -> str:
    """Return a text without the names and passwords in URLs."""
    return _PASSWORD.sub("***", text)


def _name(kind: type) -> str:
    return kind.__qualname__.rpartition(".<locals>.")[2]


class _Spelling(reprlib.Repr):
    """Spells the beginning of a value: what is cut ends in "..."."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = _DEPTH
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdeque = self.maxarray = (
            _ITEMS
        )

    def repr1(self, x: Any, level: int) -> str:
        plain = self._PLAIN.get(type(x))
        return self.repr_instance(x, level) if plain is None else plain(self, x, level)

    def repr_instance(self, x: Any, level: int) -> str:  # noqa: ARG002 - as reprlib calls it
        text = attempt(lambda: str.__str__(repr(x)))  # a text may be of a class of its own
        if isinstance(text, str):
            return text
        return f"a {_name(type(x))} without text: its __repr__ raised {type(text).__name__}"

    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002
        with contextlib.suppress(ValueError):  # told to spell shorter ones only
            if not is_long(x):
                return repr(x)
        return count_digits(x)

    def repr_str(self, x: str, level: int) -> str:  # noqa: ARG002
        return _cut(x)

    def repr_bytes(self, x: bytes | bytearray, level: int) -> str:  # noqa: ARG002
        return _cut(x)

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        if level <= 0 and x:
            return "{...}"
        pairs = (
            f"{self.repr1(k, level - 1)}: {self.repr1(v, level - 1)}" for k, v in islice(x.items(), _ITEMS)
        )
        return f"{{{', '.join([*pairs, *(['...'] if len(x) > _ITEMS else [])])}}}"

    _PLAIN: ClassVar[dict[type, Callable[[Any, Any, int], str]]] = {
        int: repr_int,
        str: repr_str,
        bytes: repr_bytes,
        bytearray: repr_bytes,
        dict: repr_dict,
        list: reprlib.Repr.repr_list,
        tuple: reprlib.Repr.repr_tuple,
        set: reprlib.Repr.repr_set,
        frozenset: reprlib.Repr.repr_frozenset,
    }
    """By the very type: a subclass may have a text of its own."""


def _cut(text: str | bytes | bytearray) -> str:
    return repr(text) if len(text) <= _LETTERS else repr(text[:_LETTERS])[:-1] + "..."
