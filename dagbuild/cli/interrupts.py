"""Hear Ctrl-C for certain while a command runs.

Python raises KeyboardInterrupt wherever it happens to be: in a finalizer, or in a callback of the import system, it is
printed and forgotten (seen on 3.11). There it is raised once more. Where a library swallows it before that,
a build remembers it by `ground.interrupt`.
"""

from __future__ import annotations

import _thread
import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def hearing() -> Iterator[None]:
    """See that within no KeyboardInterrupt is forgotten."""
    before = sys.unraisablehook

    def hear(lost: sys.UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            _thread.interrupt_main()
        else:
            before(lost)

    sys.unraisablehook = hear
    try:
        yield
    finally:
        sys.unraisablehook = before
