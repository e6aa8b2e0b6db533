"""Whether a requirement applies here: the markers behind its semicolon, as packaging's specification has them.

Knows texts and this interpreter, no distributions. What cannot be read applies: a library that counts for nothing costs
a run at most, one that is left out a stale value.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from operator import eq, ge, gt, le, lt, ne
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:([()])|(<=|>=|===|==|~=|!=|<|>|(?:not\s+)?in\b)|(and|or)\b|'([^']*)'|\"([^\"]*)\"|([\w.]+))"
)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "==": eq,
    "!=": ne,
    "===": eq,
}


def applies(marker: str, extra: str = "") -> bool:
    """Tell whether a marker holds in this interpreter, for who asked for this extra."""
    try:
        reader = _Reader(marker, {**_here(), "extra": _plain(extra)})
        return not reader.left or reader.read_or() or bool(reader.left)
    except (ValueError, LookupError):
        return True


@cache
def _here() -> Mapping[str, str]:
    full = sys.implementation.version
    return {
        "os_name": os.name,
        "sys_platform": sys.platform,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_version": ".".join(map(str, sys.version_info[:2])),
        "python_full_version": platform.python_version(),
        "implementation_name": sys.implementation.name,
        "implementation_version": f"{full.major}.{full.minor}.{full.micro}",
    }


class _Reader:
    """Reads a marker from left to right."""

    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        self.left: list[tuple[str, ...]] = []
        self._names = names
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None:
                raise ValueError(text)
            self.left.insert(0, found.groups(""))
            at = found.end()

    def read_or(self) -> bool:
        """Return what the rest says, up to a closing parenthesis."""
        found = self._read_and()
        while self._take(2, "or"):
            found = self._read_and() or found
        return found

    def _read_and(self) -> bool:
        found = self._read_one()
        while self._take(2, "and"):
            found = self._read_one() and found
        return found

    def _read_one(self) -> bool:
        if self._take(0, "("):
            found = self.read_or()
            if not self._take(0, ")"):
                raise ValueError("a parenthesis stays open")
            return found
        one, operator, other = self._read_value(), self.left.pop()[1], self._read_value()
        return _compare(*one, operator, *other)

    def _read_value(self) -> tuple[str, str]:
        """Return the name of a variable, or nothing, and the text."""
        if not self.left:
            raise ValueError("a value is missing")
        *_, single, double, name = self.left.pop()
        return (name, self._names[name.replace(".", "_")]) if name else ("", single or double)

    def _take(self, group: int, text: str) -> bool:
        if self.left and self.left[-1][group] == text:
            self.left.pop()
            return True
        return False


def _compare(name: str, one: str, operator: str, other_name: str, other: str) -> bool:
    if "extra" in (name, other_name):
        one, other = _plain(one), _plain(other)
    if operator.endswith("in"):
        return (one in other) != operator.startswith("not")
    if operator == "~=":
        most = _version(other)[:-1]
        return _version(one) >= _version(other) and _version(one)[: len(most)] == most
    if other.endswith(".*") and operator in ("==", "!="):
        start = _version(other[:-2])
        return (_version(one)[: len(start)] == start) == (operator == "==")
    if _is_version(one) and _is_version(other):
        return _COMPARE[operator](_version(one), _version(other))
    return _COMPARE[operator](one, other)


def _is_version(text: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)*", text) is not None


def _version(text: str) -> tuple[int, ...]:
    """Return the numbers of a version that can be compared: 3.11 is 3.11.0."""
    numbers = [int(number) for number in text.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _plain(extra: str) -> str:
    return re.sub(r"[-_.]+", "-", extra).lower()
