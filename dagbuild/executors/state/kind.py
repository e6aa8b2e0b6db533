"""A kind of state that a process has once, whoever runs in it: take it, tell whether it is as it was, put it back.

One object for each kind, and a few forms that most kinds have: a pair of functions, a list, a table. Knows nothing of
steps, and imports no library: a kind is asked only once its module is there. Guards: to ask whether nothing has changed
takes about a microsecond, since it is asked after each step.
"""

from __future__ import annotations

import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from dagbuild.ground.override import override


class Kind(ABC):
    """One kind of state; `name` is what people call it. It exists once `module` is imported."""

    name: str
    module: str

    @abstractmethod
    def take(self) -> Any:
        """Return what stands now, in a form that no later change reaches."""

    def is_as(self, taken: Any) -> bool:
        """Tell whether what was taken still stands."""
        return bool(self.take() == taken)

    @abstractmethod
    def put_back(self, taken: Any) -> None:
        """Make what was taken stand again; may raise whatever the library does."""

    def take_over(self, taken: Any, before: Any) -> Any:  # noqa: ARG002 - for kinds that can tell by it
        """Return what was taken with what has changed since `before`: somebody had changed it by then."""
        return taken


class Pair(Kind):
    """A value that a library gives by one function and takes by another."""

    def __init__(
        self,
        name: str,
        module: str,
        get: Callable[[Any], Any],
        put: Callable[[Any, Any], object],
    ) -> None:
        self.name = name
        self.module = module
        self._get = get
        self._put = put

    @override
    def take(self) -> Any:
        return self._get(sys.modules[self.module])

    @override
    def is_as(self, taken: Any) -> bool:
        return bool(self._get(sys.modules[self.module]) == taken)

    @override
    def put_back(self, taken: Any) -> None:
        self._put(sys.modules[self.module], taken)


class PairOfThread(Pair):
    """One that the system or Python has for each thread: what was taken in another one stands there."""

    @override
    def take(self) -> Any:
        return threading.get_ident(), super().take()

    @override
    def is_as(self, taken: Any) -> bool:
        thread, found = taken
        return thread != threading.get_ident() or super().is_as(found)

    @override
    def put_back(self, taken: Any) -> None:
        super().put_back(taken[1])


class Listed(Kind):
    """A list that a module has under a name: the very list, and what is in it."""

    def __init__(self, name: str, module: str, attribute: str, after: str = "") -> None:
        self.name = name
        self.module = module
        self._attribute = attribute
        self._after = after

    @override
    def take(self) -> tuple[list[Any], list[Any]]:
        found = vars(sys.modules[self.module])[self._attribute]
        return found, list(found)

    @override
    def is_as(self, taken: tuple[list[Any], list[Any]]) -> bool:
        found, items = taken
        return vars(sys.modules[self.module]).get(self._attribute) is found and found == items

    @override
    def put_back(self, taken: tuple[list[Any], list[Any]]) -> None:
        found, items = taken
        found[:] = items
        module = sys.modules[self.module]
        setattr(module, self._attribute, found)
        if tell := getattr(module, self._after, None):
            tell()

    @override
    def take_over(self, taken: Any, before: Any) -> Any:
        found, items = taken
        (_, old), (_, new) = before, self.take()
        more = len(new) - len(old)
        if more > 0 and new[more:] == old:
            return found, [*new[:more], *items]
        return (found, [*items, *new[len(old) :]]) if new[: len(old)] == old else taken


class Table(Kind):
    """A mapping of settings by name; `change` puts one value in its place, `drop` takes one away."""

    def __init__(
        self,
        name: str,
        module: str,
        find: Callable[[Any], dict[Any, Any]],
        change: Callable[[Any, Any, Any], object],
        drop: Callable[[Any, Any], object],
    ) -> None:
        self.name = name
        self.module = module
        self._find = find
        self._change = change
        self._drop = drop

    @override
    def take(self) -> dict[Any, Any]:
        # Past the table's own ways: matplotlib's chooses a backend, and imports pyplot, when somebody looks up which.
        return dict(dict.items(self._find(sys.modules[self.module])))

    @override
    def is_as(self, taken: dict[Any, Any]) -> bool:
        # Not `==`: some libraries look at each value when their table is compared.
        return dict.__eq__(self._find(sys.modules[self.module]), taken) is True

    @override
    def put_back(self, taken: dict[Any, Any]) -> None:
        module = sys.modules[self.module]
        found = self.take()
        for key in found.keys() - taken.keys():
            self._drop(module, key)
        for key, value in taken.items():
            if key not in found or found[key] is not value:
                self._change(module, key, value)

    @override
    def take_over(self, taken: dict[Any, Any], before: dict[Any, Any]) -> dict[Any, Any]:
        after = self.take()
        changed = {key: value for key, value in after.items() if before.get(key, self) is not value}
        return {key: value for key, value in taken.items() if key in after or key not in before} | changed
