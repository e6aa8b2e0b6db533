"""Build a project on three machines' worth of Ray, of which one is killed meanwhile; print the results.

Run as a program of its own, since a process can be connected to one Ray only: `ray_death.py PROJECT CACHES SOCKET`.
At SOCKET each node of the project tells its name when it begins, and waits for an answer. Once the nodes of `TOGETHER`
have begun, machine 5 is killed, and those that run there get none. When the build waits for what no machine has, another
one comes.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import struct
import sys
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

from dagbuild.plan.events import Event, Notice
from dagbuild.project.project import Project
from dagbuild.settings import load_settings
from tests.servers.ray_cluster import CACHE, Machines, run_cluster, tell

DOOMED = 5
TOGETHER = {"beside", "unlucky", "stranded"}
"""The first is on another machine than the others."""


class Undertaker(threading.Thread):
    """Answers nodes that have begun, and kills a machine in the middle of some of them."""

    def __init__(self, path: Path, caches: Path, machines: Machines) -> None:
        super().__init__(daemon=True)
        self.begun: Counter[str] = Counter()
        self.places: dict[str, int] = {}
        self._caches, self._machines = caches, machines
        self._waiting: dict[str, socket.socket] = {}
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()

    def run(self) -> None:
        """Go on for as long as this process does."""
        while True:
            caller, _ = self._listener.accept()
            name = caller.makefile().readline().strip()
            self.begun[name] += 1
            if self.places or name not in TOGETHER:
                answer(caller)
                continue
            self._waiting[name] = caller
            if self._waiting.keys() == TOGETHER:
                self.places = {name: self._find_machine(each) for name, each in self._waiting.items()}
                self._kill()
                answer(self._waiting["beside"])

    def _find_machine(self, caller: socket.socket) -> int:
        pid, _, _ = struct.unpack("3i", caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        (number,) = [number for number in self._machines.nodes if pid in self._find_processes(number)]
        return number

    def _find_processes(self, number: int) -> list[int]:
        mark = f"{CACHE}={self._caches / str(number)}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):  # it has ended meanwhile
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
        return found

    def _kill(self) -> None:
        """Let the machine be gone: its raylet, what that has started, and what is on its disk."""
        while found := self._find_processes(DOOMED):  # until nobody is left who could start another
            for pid in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._machines.bury(DOOMED)
        shutil.rmtree(self._caches / str(DOOMED))


def answer(caller: socket.socket) -> None:
    """Let a node go on."""
    caller.sendall(b"go on\n")
    caller.close()


def main(folder: Path, caches: Path, path: Path) -> None:
    """Build on the cluster, twice; then in an empty clone, and then from nothing, both in this process."""
    results, notices = [], []
    with run_cluster(caches, {3: {}, 4: {"room": 1}, DOOMED: {"room": 1}}) as machines:
        undertaker = Undertaker(path, caches, machines)
        undertaker.start()

        def hear(event: Event) -> None:
            if isinstance(event, Notice) and event.kind == "executor":
                notices.append(event.text)
                machines.add(6, {f"machine{DOOMED}": 1})

        project = Project.load(folder)
        results += [project.build(values=True, executor="ray", on_event=hear) for _ in range(2)]
        project.close()
        begun = dict(undertaker.begun)
        for name, mode in (("clone", "read"), ("nothing", "off")):
            environ = {"DAGBUILD_CACHE": str(caches / name), "DAGBUILD_REMOTE_MODE": mode}
            project = Project(load_settings(folder, environ=environ))
            results.append(project.build(values=True, executor="inline"))
            project.close()
    told = {
        "results": [
            {
                **tell(result),
                "digests": {n: s.record.artifact.digest for n, s in result.steps.items() if s.record},
            }
            for result in results
        ],
        "notices": notices,
        "begun": begun,
        "places": undertaker.places,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
