"""Bytes for processes that have imported the project by themselves.

What such a process can import travels by name; what exists in this one only travels whole (`shipping` tells which). The
only file that knows cloudpickle.
"""

from __future__ import annotations

import contextlib
import io
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

import cloudpickle

from dagbuild.executors import shipping
from dagbuild.executors.packing import SharedPickles
from dagbuild.ground.override import override

loads = cloudpickle.loads


def dumps(value: Any) -> bytes:
    """Return a value's bytes; none when it cannot be pickled."""
    stream = io.BytesIO()
    try:
        _Pickler(stream, {}).dump(value)
    except (Exception, SystemExit):
        return b""
    return stream.getvalue()


@contextlib.contextmanager
def travelling_whole(modules: Iterable[ModuleType]) -> Iterator[None]:
    """Let what these modules define travel whole until the block ends."""
    with contextlib.ExitStack() as after:
        for module in modules:
            if sys.modules.get(module.__name__) is not module:
                continue  # nothing of it can be found by name, so that all of it travels whole anyway
            _hold(module)
            after.callback(_let_go, module)
        yield


_held: Counter[str] = Counter()
"""By how many blocks a module is held: builds in several threads may hold the same, and cloudpickle counts none."""
_holding = threading.Lock()


def _hold(module: ModuleType) -> None:
    with _holding:
        _held[module.__name__] += 1
        cloudpickle.register_pickle_by_value(module)


def _let_go(module: ModuleType) -> None:
    with _holding:
        _held[module.__name__] -= 1
        if not _held[module.__name__]:
            cloudpickle.unregister_pickle_by_value(module)


class SharedParcels(SharedPickles):
    """Parcels for a process that was given `shared` before: of these only the number travels."""

    @override
    def _make_pickler(self, stream: io.BytesIO) -> _Pickler:
        return _Pickler(stream, self._numbers)


class _Pickler(cloudpickle.CloudPickler):  # type: ignore[misc]  # it says no types
    """Names a function by its place where a decorator stands before it there, instead of sending its code."""

    def __init__(self, stream: io.BytesIO, numbers: dict[int, int]) -> None:
        super().__init__(stream, protocol=5)
        self._numbers = numbers

    def persistent_id(self, thing: Any) -> int | None:
        return self._numbers.get(id(thing))

    def reducer_override(self, value: Any) -> Any:
        place = shipping.find_place_behind(value)
        return (shipping.find_behind, place) if place else super().reducer_override(value)
