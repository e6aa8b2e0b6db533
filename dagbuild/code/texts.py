"""Names of a module that stand in texts: conditions of queries, formulas, SQL, whatever a library reads as code.

Which library does so is not known. What a text marks with `@` or calls, and what it takes rows from, counts in any
text; where code names one of READERS, each word that names a value does. A word that is merely a function's name, as
that of a column often is, does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import FunctionType, ModuleType
from typing import Any

from dagbuild.code.scopes import Chain

_NAMES = r"([^\W\d]\w*(?:\.[^\W\d]\w*)*)"
_LIKELY = re.compile(r"[@(~]|\b(?:from|join|into|update)\b", re.IGNORECASE)
_USED = re.compile(rf"@{_NAMES}|{_NAMES}\s*\(")
_ROWS = re.compile(rf"\b(?:from|join|into|update)\s+[\"'`]?{_NAMES}", re.IGNORECASE)
_WORDS = re.compile(rf"(?<![\w.]){_NAMES}")
CONTAINERS = frozenset({list, tuple, dict, set, frozenset})
_LONGEST = 20_000
_MOST = 100
"""Of more texts than these in one container, none is code."""


def find_named(texts: Iterable[str], names: Mapping[str, Any], *, read: bool) -> Iterator[Chain]:
    """Yield the chains of a module's names that stand in texts; `read` says that they are known to be read as code."""
    for text in texts:
        for chain, used in _chains_in(text, read):
            if chain[0] in names and (used or _is_value(names[chain[0]], chain)):
                yield chain


@lru_cache(maxsize=10_000)
def _chains_in(text: str, read: bool) -> tuple[tuple[Chain, bool], ...]:
    """Return the names in a text, each with whether the text marks or calls it."""
    if len(text) > _LONGEST or not (read or _LIKELY.search(text)):
        return ()
    pattern = _WORDS if read or "~" in text else _ROWS
    used = [(tuple((match[1] or match[2]).split(".")), True) for match in _USED.finditer(text)]
    return (*used, *((tuple(match[1].split(".")), False) for match in pattern.finditer(text)))


def _is_value(thing: Any, chain: Chain) -> bool:
    if isinstance(thing, ModuleType):
        return len(chain) > 1
    return not isinstance(thing, FunctionType | type)


def texts_in(value: Any) -> list[str]:
    """Return the texts in a constant: itself, or what is in plain containers."""
    if type(value) is str:
        return [value]
    if type(value) not in CONTAINERS:
        return []
    found: list[str] = []
    todo = [value]
    seen: set[int] = set()
    while todo and len(found) < _MOST:
        here = todo.pop()
        if type(here) is str:
            found.append(here)
        elif type(here) in CONTAINERS and len(here) <= _MOST and id(here) not in seen:
            seen.add(id(here))
            todo += here.values() if type(here) is dict else here
    return found
