"""Keep a node from ending the process that runs it, and the build with it.

What ends a process at once raises in a node instead: the node has failed, the rest goes on. Processes that a node
starts may end as they like. Knows nothing of steps. Guards: whatever a node calls of Python's, the build does not end
with status 0, and there is one build. What native code does is beyond it: of that the node's mark on disk tells.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

from dagbuild.code.stand_ins import note_stand_in

ENDS = ("_exit", "abort", "execv", "execve")
"""Functions of `os` through which all the others of their kind go; the module below it has them too."""

FAILED = 1

_leave = os._exit


class ProcessExit(SystemExit):
    """A node called what would have ended the process at once."""


class Guard:
    """While it is open, this thread runs the node and, once `install` was called, cannot end the process.

    `asked` is what was raised because the node tried to, whether or not the node let it through. A copy of the process
    that the node forked ends where it leaves the node: there is one build, not two.
    """

    def __init__(self, node: str) -> None:
        self.node = node
        self.asked: ProcessExit | None = None

    def __enter__(self) -> Guard:
        self.process = os.getpid()
        self._thread = threading.get_ident()
        self._before = _guards.get(self._thread)
        _guards[self._thread] = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is None:
            del _guards[self._thread]
        else:
            _guards[self._thread] = self._before
        if os.getpid() != self.process:
            _end_copy(error)


_guards: dict[int, Guard] = {}
_installed = _ours = False
_lock = threading.Lock()


def install() -> None:
    """Let guards work: to be called before the project's modules are imported; more calls do nothing."""
    global _installed  # noqa: PLW0603 - once is for good: a module may hold what it found
    with _lock:
        for name in () if _installed else ENDS:
            if (real := getattr(os, name, None)) is not None:
                stand_in = _wrap(real)
                for module in (os, sys.modules[os.name]):  # `os` is made of `posix` or `nt`
                    if getattr(module, name, None) is real:
                        setattr(module, name, stand_in)
        _installed = True


def claim_process() -> None:
    """Say that this process is there for the build alone: other threads may not end it in silence either."""
    global _ours  # noqa: PLW0603 - for good
    _ours = True
    install()


def lend_process() -> None:
    """Say that this process runs steps for another one, which sees how it ends, whoever ends it."""
    global _ours  # noqa: PLW0603 - for good
    _ours = False


def _wrap(real: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(real)
    def end(*args: Any, **kwargs: Any) -> Any:
        if _guards:
            _refuse(real, args)
        return real(*args, **kwargs)

    end.__module__ = "os"  # pickle asks for it where people do
    note_stand_in(end, real)  # the fingerprint looks through it
    return end


def _refuse(real: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """Raise ProcessExit in a thread that runs a node."""
    process = os.getpid()
    call = f"os.{real.__name__}({', '.join(map(repr, args[:1]))})"
    guard = _guards.get(threading.get_ident())
    if guard is not None and guard.process == process:
        guard.asked = ProcessExit(f"{call} would have ended the build; raise an exception instead")
        raise guard.asked
    nodes = [each.node for each in list(_guards.values()) if each.process == process]
    if _ours and nodes:
        names = " and ".join(f"`{node}`" for node in nodes)
        text = f"\nerror: {call} in a thread ended the build while {names} ran\n"
        with contextlib.suppress(OSError):
            os.write(2, text.encode("utf-8", "backslashreplace"))
        _leave(FAILED)


def _end_copy(error: BaseException | None) -> None:
    """End this process as Python would at the end of a program."""
    status: Any = 0
    match error:
        case None:
            pass
        case SystemExit(code=code):
            status = code
        case _:
            traceback.print_exception(error)
            status = FAILED
    if status is not None and not isinstance(status, int):
        print(status, file=sys.stderr)
        status = FAILED
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit((status or 0) & 0xFF)
