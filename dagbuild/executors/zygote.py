"""A process that stands as importing left it, and forks others from itself: one for a step, or for a few short ones.

It runs no step, so that what steps do never reaches the next process that it forks; it tells how these ended. Knows
processes, not what they do. Guards: when its own parent is gone, so are they.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import select
import signal
import socket
import struct
import sys
import warnings
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from dagbuild.executors.channel import Channel
from dagbuild.executors.deaths import End

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
_PR_SET_PDEATHSIG = 1
_FAILED = 1
_ORDER = struct.Struct("<Q")
_END = struct.Struct("<QiQ")

Run = Callable[[Channel, int, int], None]
"""What a forked process does, with its channel to the driver and two descriptors: of where its output goes, and of a
file for what Python can tell of a crash."""


class Ends(NamedTuple):
    """What the driver has of a process: the channel, where its output is read, and the file on its crash."""

    channel: Channel
    output: int
    crash: int


class Zygote:
    """The driver's end: asks for processes, and hears how they ended."""

    def __init__(self, prepare: Callable[[], None], run: Run) -> None:
        """Fork it; it calls `prepare` once, and each process that it forks calls `run`."""
        here, there = socket.socketpair()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()  # else what is in its buffer is printed twice
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # of other threads: `forking` has looked at them
            self.process = os.fork()
        if not self.process:
            here.close()  # else this process would never hear that nobody is at that end
            _leave_with(lambda: _Forker(there, run).serve(prepare))
        there.close()
        self.socket = here

    def fork(self, number: int) -> Ends:
        """Have a process forked, by any number; raises OSError when that cannot be."""
        mine, theirs = socket.socketpair()
        output, printed = os.pipe()
        crash = os.memfd_create("dagbuild-crash")
        try:
            socket.send_fds(self.socket, [_ORDER.pack(number)], [theirs.fileno(), printed, crash])
        except OSError:
            mine.close()
            os.close(output)
            os.close(crash)
            raise
        finally:
            theirs.close()
            os.close(printed)
        os.set_blocking(output, False)
        return Ends(Channel(mine), output, crash)

    def hear(self) -> tuple[int, End] | None:
        """Wait for an end; return the number of the process, and how it ended. None when the zygote itself is gone."""
        data = b""
        while len(data) < _END.size:
            try:
                more = self.socket.recv(_END.size - len(data))
            except OSError:
                return None
            if not more:
                return None
            data += more
        number, status, memory = _END.unpack(data)
        return number, End(status, memory)

    def stop(self) -> None:
        """End it with all that it has forked, and wait until they are gone."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.process, 0)

    def close(self) -> None:
        """Let go of the channel; to be called once nobody listens any more."""
        self.socket.close()


class _Forker:
    """The zygote's own end."""

    def __init__(self, control: socket.socket, run: Run) -> None:
        self._control = control
        self._run = run
        self._numbers: dict[int, int] = {}  # by process

    def serve(self, prepare: Callable[[], None]) -> None:
        """Fork what is asked for until nobody asks any more."""
        _stand_alone()
        prepare()
        self._prctl = _load_prctl()
        gc.collect()
        gc.freeze()  # what lasts is not touched, so that it stays shared
        awake, alarm = socket.socketpair()
        awake.setblocking(False)
        alarm.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(alarm.fileno(), warn_on_full_buffer=False)
        try:
            while True:
                ready, _, _ = select.select([self._control, awake], [], [])
                if awake in ready:
                    with contextlib.suppress(BlockingIOError):
                        awake.recv(4096)
                    self._reap(os.WNOHANG)
                if self._control in ready and not self._take():
                    return
        finally:
            for process in self._numbers:
                with contextlib.suppress(OSError):
                    os.killpg(process, signal.SIGKILL)
            self._reap(0)

    def _take(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self._control, _ORDER.size, 3)
        if len(data) < _ORDER.size:
            return False
        number = _ORDER.unpack(data)[0]
        parent = os.getpid()
        try:
            process = os.fork()
        except OSError as error:  # too many processes, too little memory: it costs one step
            os.write(descriptors[1], f"no process can be started: {error.strerror or error}\n".encode())
            process = -1
            self._tell(number, _FAILED << 8, 0)
        if not process:
            _leave_with(lambda: self._begin(parent, *descriptors))
        if process > 0:
            with contextlib.suppress(OSError):
                os.setpgid(process, process)  # it does so, too: whoever comes first
            self._numbers[process] = number
        for descriptor in descriptors:
            os.close(descriptor)
        return True

    def _begin(self, parent: int, end: int, printed: int, crash: int) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in (
            signal.SIGTTIN,
            signal.SIGTTOU,
        ):  # who asks the terminal is told so, rather than stopped
            signal.signal(number, signal.SIG_IGN)
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        if self._prctl is not None:
            self._prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:  # it went before that was said
                return
        self._control.close()
        gc.enable()
        self._run(Channel(socket.socket(fileno=end)), printed, crash)

    def _reap(self, how: int) -> None:
        """Tell of all that have ended; wait for those that have not, where `how` is 0."""
        while True:
            try:
                process, status, used = os.wait4(-1, how)
            except ChildProcessError:
                return
            if not process:
                return
            if (number := self._numbers.pop(process, None)) is not None:
                self._tell(number, status, used.ru_maxrss * _RSS_UNIT)

    def _tell(self, number: int, status: int, memory: int) -> None:
        with contextlib.suppress(OSError):
            self._control.sendall(_END.pack(number, status, memory))


def _leave_with(work: Callable[[], None]) -> NoReturn:
    """Do the work of a process that was just forked, and end it: nothing of what it was copied from goes on in it."""
    status = _FAILED
    try:
        work()
        status = 0
    except BaseException:  # it is told where the process writes to, by its status it is known
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def _stand_alone() -> None:
    """Be a process of the background: Ctrl-C is for the driver to hear, and what a node starts ends with it."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def _load_prctl() -> Callable[..., int] | None:
    try:
        prctl: Callable[..., int] = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None
    return prctl
