"""Bare objects, `object()`, that have no name: whether anybody could tell a copy of one from it.

Whoever holds one may ask whether something *is* that one. Inside an object, and held by nobody else, only the object
itself asks, and a copy of both answers as before: matplotlib's figures have such. Knows pickle, nothing of codecs.
Guards: one that a closure, a default argument or another object holds, too, is never taken for private.
"""

from __future__ import annotations

import io
import pickle
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

_CONTAINERS = (list, tuple, dict, set, frozenset)


def is_in_the_open(value: Any) -> bool:
    """Tell whether who is given a value gets bare objects in it by themselves: it is one, or plain data."""
    return type(value) is object or isinstance(value, _CONTAINERS)


def find_shared(value: Any, bare: Sequence[object], reduce: Callable[[Any], Any]) -> object | None:
    """Return a bare object of a value that somebody else holds, too; None where all are private to it.

    `reduce` is how parts are pickled that pickle cannot pickle by itself.
    """
    counting = _Counting(reduce)
    counting.dump(value)
    inside = counting.times
    del counting  # it holds what it has seen
    alone = _count_holders([object()])[0]  # the ways of counting hold it, differently in each Python
    holders = _count_holders(bare)
    shared = (each for each, count in zip(bare, holders, strict=True) if count - alone > inside[id(each)])
    return next(shared, None)


def _count_holders(bare: Sequence[object]) -> list[int]:
    return [sys.getrefcount(each) for each in bare]


class _Counting(pickle.Pickler):
    """Counts how often a value refers to each of its bare objects."""

    def __init__(self, reduce: Callable[[Any], Any]) -> None:
        super().__init__(io.BytesIO(), protocol=5, buffer_callback=lambda _: False)
        self._reduce = reduce
        self.times: Counter[int] = Counter()

    def persistent_id(self, obj: Any) -> None:
        if type(obj) is object:
            self.times[id(obj)] += 1

    def reducer_override(self, obj: Any) -> Any:
        return self._reduce(obj)
