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


class _InterruptsWhenGone:
    """Interrupts the main thread when nobody holds it any more."""

    __del__ = _thread.interrupt_main  # written in C: nothing in it can be interrupted itself


@contextlib.contextmanager
def hearing() -> Iterator[None]:
    """See that within no KeyboardInterrupt is forgotten."""
    before = sys.unraisablehook

    def hear(lost: sys.UnraisableHookArgs) -> None:
        try:
            if not issubclass(lost.exc_type, KeyboardInterrupt):
                before(lost)
                return
        except KeyboardInterrupt:  # Ctrl-C while `before` ran
            pass
        # What is raised in here is lost again: this variable goes when the call is over.
        _at_return = _InterruptsWhenGone()

    sys.unraisablehook = hear
    try:
        yield
    finally:
        sys.unraisablehook = before
