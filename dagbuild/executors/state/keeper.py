"""Keep the state of the process for the steps that share it: each finds what importing left, and so does the caller.

What stands when the first that runs steps here opens is what all of them find; what a step has changed is put back when
it has ended, what an import has changed is what importing leaves, whenever it happens. Knows nothing of nodes or
values. Guards: what a step gives does not hang on which others ran before it in the process.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Collection, Mapping
from contextvars import Context, ContextVar, copy_context
from functools import partial
from typing import Any

from dagbuild.code.seeds import GENERATORS
from dagbuild.executors.state import late
from dagbuild.executors.state.chance import Chance
from dagbuild.executors.state.kind import Kind
from dagbuild.executors.state.kinds import KINDS

_lock = threading.RLock()
_held: Held | None = None


class Hold:
    """Take what stands now as what steps find, until the block ends; who opens inside shares it.

    `find_seeded` tells which shared generators of random numbers the import of the project has seeded.
    """

    __slots__ = ("_find_seeded",)

    def __init__(self, find_seeded: Callable[[], Collection[str]]) -> None:
        self._find_seeded = find_seeded

    def __enter__(self) -> Held:
        global _held  # noqa: PLW0603 - the process has one state
        with _lock:
            if _held is None:
                _held = Held(self._find_seeded())
                late.listen(_held.hear_import)
            _held.holders += 1
            return _held

    def __exit__(self, *_: object) -> None:
        global _held  # noqa: PLW0603
        with _lock:
            held = _held
            assert held is not None
            held.holders -= 1
            if not held.holders:
                late.forget(held.hear_import)
                held.let_go()
                _held = None


class Held:
    """What was found, by kind."""

    def __init__(self, seeded: Collection[str]) -> None:
        self.holders = 0
        self._running = 0
        self._used = False
        self._found = {kind: kind.take() for kind in KINDS if kind.module in sys.modules}
        self._missing = [kind for kind in KINDS if kind not in self._found]
        self._variables: dict[ContextVar[Any], Any] = {}
        self.chance = Chance(seeded)
        """What steps draw random numbers from; that of the process for which they run, where it is another."""
        self._threads = threading.active_count()

    # -- a step --------------------------------------------------------------------------------------------------

    def call(self, step: str, lost: list[str]) -> _Call:
        """Give, for a block, the context to call a step's function in; `lost` gets names of what cannot be put back."""
        return _Call(self, step, lost)

    def make_context(self) -> Context:
        """Return a copy of the context; of decimal's in it, which is changed in place, too."""
        context = copy_context()
        for variable, value in self._variables.items():
            context.run(variable.set, value)
        if decimal := sys.modules.get("decimal"):
            context.run(decimal.setcontext, decimal.getcontext().copy())
        return context

    def begin(self, step: str) -> None:
        """See that a step finds what was found; one that runs beside another in the process finds what that does."""
        with _lock:
            self._running += 1
            if self._running > 1:
                return
            self._used = True
            self.chance.begin(step)
            # A thread that a step has left may have changed something since.
            if threading.active_count() > self._threads:
                self._put_back()

    def end(self) -> list[str]:
        """Put back what the step has changed; return the names of what could not be."""
        with _lock:
            self._running -= 1
            return self._put_back() if not self._running else []

    def let_go(self) -> None:
        """Put back the last of it."""
        if self._used:
            self._put_back()
            self.chance.give_back()

    def _put_back(self) -> list[str]:
        lost = []
        self._forget_gone()
        for kind, found in self._found.items():
            if not kind.is_as(found):
                # Whatever a library says to that: the build goes on, and people are told.
                with contextlib.suppress(Exception):
                    kind.put_back(found)
                if not kind.is_as(found):
                    lost.append(kind.name)
                    self._found[kind] = kind.take()
        self._look_for_missing(fresh=True)
        return lost

    # -- imports -------------------------------------------------------------------------------------------------

    def hear_import(self) -> Callable[[], None]:
        """Hear that an import begins: what is changed by its end is what importing leaves."""
        with _lock:
            self._forget_gone()
            before = {
                kind: found if kind.is_as(found) else kind.take() for kind, found in self._found.items()
            }
        return partial(self._take_over, before, copy_context())

    def _take_over(self, before: Mapping[Kind, Any], context: Context) -> None:
        with _lock:
            self._forget_gone()
            for kind, then in before.items():
                if kind in self._found and not kind.is_as(then):
                    found = self._found[kind]
                    self._found[kind] = kind.take() if then is found else kind.take_over(found, then)
            for variable, value in copy_context().items():
                if context.get(variable, self) is not value:
                    self._variables[variable] = value
            self._look_for_missing()

    def _forget_gone(self) -> None:
        """Let go of what libraries had that are not there any more: an import has failed, or somebody has undone it."""
        for kind in [kind for kind in self._found if kind.module not in sys.modules]:
            del self._found[kind]
            self._missing.append(kind)

    def _look_for_missing(self, *, fresh: bool = False) -> None:
        """Take what came with libraries since; `fresh` when a step may have changed it after that."""
        for kind in [kind for kind in self._missing if kind.module in sys.modules]:
            with contextlib.suppress(AttributeError):  # it is being imported in another thread
                self._found[kind] = kind.take()
                self._missing.remove(kind)
        for name in GENERATORS:
            if name in sys.modules and name not in self.chance.found:
                self.chance.take(name, fresh=fresh)


class _Call:
    """One call: what it finds was found before, and is there after it."""

    __slots__ = ("_held", "_lost", "_step")

    def __init__(self, held: Held, step: str, lost: list[str]) -> None:
        self._held = held
        self._step = step
        self._lost = lost

    def __enter__(self) -> Context:
        self._held.begin(self._step)
        return self._held.make_context()

    def __exit__(self, *_: object) -> None:
        self._lost += self._held.end()
