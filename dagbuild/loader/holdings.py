"""What modules hold now, as far as their graph is made of it: a reload or a notebook's cell changes it.

Knows nothing of graphs. Promise: while two lists of holdings are the same, a graph of the modules would come out the
same; a doubt makes them differ.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Sequence
from typing import Any

from dagbuild.loader.mutations import find_homes
from dagbuild.modifiers.base import modifiers_of
from dagbuild.modifiers.functions import find_functions, find_transforms, find_wrapped, follow_modules

_NAME = re.compile(r"[^\W\d]\w*")


def list_holdings(modules: Sequence[types.ModuleType]) -> list[Any]:
    """Return all that the graph of the modules is made of, kept alive so that it can be compared."""
    held: list[Any] = []
    followed = follow_modules(modules)
    for module in followed:
        held += (part for function in find_functions(module) for part in _parts_of_nodes(function))
        held += (thing for thing, _ in find_wrapped(module))
    for home in find_homes(followed):
        held += (part for function in find_transforms(home) for part in _parts_of_nodes(function))
    return held


def are_same(before: Sequence[Any], now: Sequence[Any]) -> bool:
    """Tell whether two lists hold the very same things; equal ones that took their place are others."""
    return len(before) == len(now) and all(a is b for a, b in zip(before, now, strict=True))


def _parts_of_nodes(function: types.FunctionType) -> Iterator[Any]:
    yield from _parts(function)
    for modifier in modifiers_of(function):
        for each in modifier.functions:
            yield from _parts(each)


def _parts(function: types.FunctionType) -> list[Any]:
    # Tools that reload code keep a function's identity and exchange what it is made of.
    parts: list[Any] = [function, function.__code__, function.__defaults__, function.__closure__]
    parts += (function.__kwdefaults__ or {}).values()
    parts += modifiers_of(function)
    try:
        forms = function.__annotations__.values()
    except NameError:  # Python 3.14 evaluates them now, and the name may come later
        return [*parts, object()]
    parts += forms
    for form in forms:
        if isinstance(form, str):  # what it names may be another class by now
            parts += (function.__globals__.get(name) for name in _NAME.findall(form))
    return parts
