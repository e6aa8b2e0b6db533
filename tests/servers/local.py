"""What servers on this machine have in common: a port of the loopback interface, and a process that can be killed."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Sequence
from typing import Any

PATIENCE = 20
"""Seconds that a server may take until it answers."""


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LocalServer:
    """A server that can be killed, and started again on the same port."""

    port: int
    process: subprocess.Popen[bytes] | None

    def launch(self, command: Sequence[str], **options: Any) -> None:
        """Start a process and wait until somebody answers at the port; `options` are those of Popen."""
        self.process = subprocess.Popen(command, **options)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)  # it tells nobody when it is ready
        raise RuntimeError(f"{type(self).__name__} did not start")

    def kill(self) -> None:
        """End it without warning."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
