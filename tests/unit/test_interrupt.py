"""Ctrl-C is heard where its exception goes lost."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress

import pytest

from dagbuild.ground.interrupt import Interrupt


def test_a_swallowed_interrupt_is_remembered() -> None:
    """Something swallows the exception; the next check raises it again."""
    with Interrupt() as interrupt:
        interrupt.check()
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            interrupt.check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_caller_stays() -> None:
    """Whoever handles Ctrl-C in another way goes on to."""
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        with Interrupt() as interrupt:
            signal.raise_signal(signal.SIGINT)
            interrupt.check()
    finally:
        signal.signal(signal.SIGINT, before)

    assert heard == [signal.SIGINT]


def test_another_thread_builds_too() -> None:
    """Signals belong to the main thread: elsewhere nothing is installed, and nothing fails."""
    ended: list[bool] = []

    def build() -> None:
        with Interrupt() as interrupt:
            interrupt.check()
        ended.append(True)

    thread = threading.Thread(target=build)
    thread.start()
    thread.join()

    assert ended
