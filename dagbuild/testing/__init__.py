"""What every store, codec and executor promises, as tests for those that you write.

Subclass a suite in a test file of your own, give it what it asks for, and pytest runs the promises on it:

- `StoreContract`: fixtures `store` and `again`.
- `CodecContract`: the codec's `name`, and `values`.
- `ExecutorContract`: a fixture `executor`.

`MemoryStore` is a small whole store, for tests of what stands on one; `make_record` and `make_key` make what it holds.

The suites need pytest (`pip install 'dagbuild[testing]'`); nothing else of dagbuild imports this room.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dagbuild.testing.memory import MemoryStore
from dagbuild.testing.records import make_key, make_record

if TYPE_CHECKING:
    from dagbuild.testing.codecs import CodecContract
    from dagbuild.testing.executors import ExecutorContract
    from dagbuild.testing.stores import StoreContract

_SUITES = {
    "CodecContract": "dagbuild.testing.codecs",
    "ExecutorContract": "dagbuild.testing.executors",
    "StoreContract": "dagbuild.testing.stores",
}

_PARTS = {"ExecutorContract": ("dagbuild.testing.limits", "dagbuild.testing.works")}
"""Modules that a suite is also made of."""

__all__ = ["CodecContract", "ExecutorContract", "MemoryStore", "StoreContract", "make_key", "make_record"]


def __getattr__(name: str) -> Any:
    if name not in _SUITES:
        raise AttributeError(f"module 'dagbuild.testing' has no attribute '{name}'")
    try:
        import pytest
    except ModuleNotFoundError as error:
        raise ImportError(
            f"'{name}' is a suite of tests and needs pytest: pip install 'dagbuild[testing]'", name="pytest"
        ) from error
    # Before its import: then an assertion that fails shows the values, as in a test file.
    pytest.register_assert_rewrite(_SUITES[name], *_PARTS.get(name, ()))
    return getattr(import_module(_SUITES[name]), name)
