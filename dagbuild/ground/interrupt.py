"""Remember Ctrl-C, so that a loop can ask whether it was heard.

Python raises KeyboardInterrupt wherever the main thread happens to be; in a finalizer or a library's callback it is
printed and forgotten (seen with ray 2.60 on a loaded machine). Knows nothing of builds.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

_listening: list[Interrupt] = []


def may_be_ctrl_c() -> bool:
    """Tell whether a KeyboardInterrupt that has just been raised may be that of Ctrl-C: it was heard, or none listens.

    Of signals only the main thread is told; elsewhere somebody's code has raised it.
    """
    if threading.current_thread() is not threading.main_thread():
        return False
    if signal.getsignal(signal.SIGINT) in (signal.SIG_IGN, signal.SIG_DFL):
        return False
    return any(interrupt.heard for interrupt in _listening) if _listening else True


class Interrupt:
    """While it is open, Ctrl-C raises KeyboardInterrupt as always and is remembered too.

    Leaves a handler of the caller's own alone, and other threads, where Python has no say over signals.
    """

    def __init__(self) -> None:
        self.heard = False
        self._installed = False

    def __enter__(self) -> Interrupt:
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ):
            signal.signal(signal.SIGINT, self._hear)
            self._installed = True
            _listening.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _listening.remove(self)

    def check(self) -> None:
        """Raise KeyboardInterrupt when Ctrl-C was heard."""
        if self.heard:
            raise KeyboardInterrupt

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.heard = True
        signal.default_int_handler(number, frame)
