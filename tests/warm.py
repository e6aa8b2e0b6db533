"""Processes that are forked from one that is warm: they have imported everything when they begin.

For tests that need many processes of their own, but not that each of them imports pandas. It knows nothing of what
they do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SERVER = Path(__file__).with_name("warm_server.py")
TIMEOUT = 120
"""Seconds after which a process is taken to hang, and ends."""


class Warm:
    """Plays work in processes forked from a warm one, of which each hash seed has its own; close it when done.

    A process takes its seed as it starts, so those that ask for none take turns: none may count on another's.
    """

    def __init__(self, player: Path) -> None:
        self._player = player
        self._started = 0
        self._servers: dict[str, subprocess.Popen[str]] = {}

    def play(
        self, work: Any, env: Mapping[str, str], cwd: Path, output: Path, errors: Path | None = None
    ) -> int:
        """Play work with these variables in this folder, and return the exit status.

        What is printed goes to `output`, and standard error too where it gets no file of its own.
        """
        self._started += 1
        server = self._server(env.get("PYTHONHASHSEED") or str(self._started % 2))
        assert server.stdin is not None
        assert server.stdout is not None
        order = [work, dict(env), str(cwd), str(output), str(errors) if errors else None, TIMEOUT]
        server.stdin.write(json.dumps(order) + "\n")
        server.stdin.flush()
        return int(server.stdout.readline())

    def _server(self, seed: str) -> subprocess.Popen[str]:
        if seed not in self._servers:
            kept = {
                name: text
                for name, text in os.environ.items()
                if not name.startswith(("PYTHON", "DAGBUILD_"))
            }
            self._servers[seed] = subprocess.Popen(
                [sys.executable, str(SERVER), str(self._player)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env={**kept, "PYTHONPATH": str(SERVER.parents[1]), "PYTHONHASHSEED": seed},
            )  # fmt: skip
        return self._servers[seed]

    def close(self) -> None:
        """Let the warm processes end."""
        for server in self._servers.values():
            server.communicate()
