"""Whole messages between the processes of one build, over a socket. Knows bytes, and nothing of what they say."""

from __future__ import annotations

import select
import socket
import struct
import threading
from typing import NamedTuple

_HEAD = struct.Struct("<Q")
_SILENT = getattr(socket, "MSG_NOSIGNAL", 0)
"""Whatever a node has said about SIGPIPE."""


class Channel:
    """One end. Several threads may send."""

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        self._lock = threading.Lock()

    def send(self, message: bytes) -> None:
        """Send a message; raises OSError when nobody is there to take it."""
        with self._lock:
            self.socket.sendall(_HEAD.pack(len(message)) + message, _SILENT)

    def receive(self) -> bytes | None:
        """Wait for a message and return it; None when the other end is gone."""
        head = self._read(_HEAD.size)
        return None if head is None else self._read(*_HEAD.unpack(head))

    def receive_now(self) -> bytes | None:
        """Return a message that has come, or None."""
        ready, _, _ = select.select([self.socket], [], [], 0)
        return self.receive() if ready else None

    def _read(self, size: int) -> bytes | None:
        data = bytearray(size)
        view = memoryview(data)
        while view.nbytes:
            try:
                count = self.socket.recv_into(view)
            except OSError:
                return None
            if not count:
                return None
            view = view[count:]
        return bytes(data)

    def shut(self) -> None:
        """Say that nothing more comes from here; raises OSError where the other end is gone."""
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Let go of it."""
        self.socket.close()


class Ends(NamedTuple):
    """What the driver has of a process: the channel, where its output is read, and the file on its crash."""

    channel: Channel
    output: int
    crash: int
