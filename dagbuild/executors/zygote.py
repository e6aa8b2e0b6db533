"""A process that forks others from itself: one for a step, or for a few short ones.

It is a copy of the driver, as importing left that, or a Python that was started anew. It runs no step, so that what
steps do never reaches the next process that it forks; it tells how these ended. Knows processes, not what they do.
Guards: when its own parent is gone, so are they.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import struct
import sys
import tempfile
import warnings
from collections.abc import Callable
from typing import NoReturn

from dagbuild.executors.channel import Channel, Ends
from dagbuild.executors.ends import RSS_UNIT, End, receive_end, send_end
from dagbuild.executors.ties import load_tie
from dagbuild.observe.processes import count_again, leave_out

_FAILED = 1
_ORDER = struct.Struct("<Q")

Run = Callable[[Channel, int, int], None]
"""What a forked process does, with its channel to the driver and two descriptors: of where its output goes, and of a
file for what Python can tell of a crash."""


class Zygote:
    """The driver's end: asks for processes, and hears how they ended."""

    def __init__(self, process: int, end: socket.socket) -> None:
        self.process = process
        self.socket = end
        leave_out(process)

    @classmethod
    def copy(cls, prepare: Callable[[], None], run: Run) -> Zygote:
        """Fork it from this process; it calls `prepare` once, and each process that it forks calls `run`."""
        here, there = socket.socketpair()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()  # else what is in its buffer is printed twice
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # of other threads: `forking` has looked at them
            process = os.fork()
        if not process:
            here.close()  # else this process would never hear that nobody is at that end
            _leave_with(lambda: serve(there, prepare, run))
        there.close()
        return cls(process, here)

    def fork(self, number: int) -> Ends:
        """Have a process forked, by any number; raises OSError when that cannot be."""
        mine, theirs = socket.socketpair()
        output, printed = os.pipe()
        crash = _make_file()
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

    def end(self, number: int) -> None:
        """Have a process ended, with what it has started; how it did is heard. One that has ended already is left."""
        with contextlib.suppress(OSError):  # it is gone, with all that it has forked
            self.socket.sendall(_ORDER.pack(number))

    def hear(self) -> tuple[int, End] | None:
        """Wait for an end; return the number of the process, and how it ended. None when the zygote itself is gone."""
        return receive_end(self.socket)

    def stop(self) -> None:
        """End it with all that it has forked, and wait until they are gone."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.process, 0)
        count_again(self.process)

    def close(self) -> None:
        """Let go of the channel; to be called once nobody listens any more."""
        self.socket.close()


def serve(control: socket.socket, prepare: Callable[[], None], run: Run) -> None:
    """Be the zygote, in a process of its own: fork what is asked for until nobody asks any more."""
    _Forker(control, run).serve(prepare)


class _Forker:
    """The zygote's own end."""

    def __init__(self, control: socket.socket, run: Run) -> None:
        self._control = control
        self._run = run
        self._numbers: dict[int, int] = {}  # by process

    def serve(self, prepare: Callable[[], None]) -> None:
        """Fork what is asked for until nobody asks any more."""
        # What is here is not touched, so that it stays shared; not even to collect it, for each object would be.
        gc.freeze()
        _stand_alone()
        prepare()
        self._tie = load_tie()
        gc.freeze()
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
        if not descriptors:
            self._end(number)
            return True
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

    def _end(self, number: int) -> None:
        for process, named in self._numbers.items():
            if named == number:  # its own number is nobody else's until it is reaped
                for end in (os.killpg, os.kill):  # it may have left its group
                    with contextlib.suppress(OSError):
                        end(process, signal.SIGKILL)

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
        if not self._tie(parent):
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
                self._tell(number, status, used.ru_maxrss * RSS_UNIT)

    def _tell(self, number: int, status: int, memory: int) -> None:
        send_end(self._control, number, End(status, memory))


def _make_file() -> int:
    """Return a file that is nowhere."""
    if sys.platform == "linux":
        return os.memfd_create("dagbuild-crash")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


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
