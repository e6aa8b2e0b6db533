"""Remember Ctrl-C, so that a loop can ask whether it was heard.

Python raises KeyboardInterrupt wherever the main thread happens to be; in a finalizer or a library's callback it is
printed and forgotten (seen with ray 2.60 on a loaded machine). Knows nothing of builds.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class Interrupt:
    """While it is open, Ctrl-C raises KeyboardInterrupt as always and is remembered too.

    Leaves a handler of the caller's own alone, and other threads, where Python has no say over signals.
    """

    def __init__(self) -> None:
        self._heard = False
        self._installed = False

    def __enter__(self) -> Interrupt:
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ):
            signal.signal(signal.SIGINT, self._hear)
            self._installed = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def check(self) -> None:
        """Raise KeyboardInterrupt when Ctrl-C was heard."""
        if self._heard:
            raise KeyboardInterrupt

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._heard = True
        signal.default_int_handler(number, frame)
