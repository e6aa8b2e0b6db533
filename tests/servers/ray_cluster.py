"""Build a project on a cluster of two machines' worth of Ray, each with a cache folder of its own; print the result.

Run as a program of its own, since a process can be connected to one Ray only: `ray_cluster.py PROJECT CACHES`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ray.cluster_utils import Cluster

from dagbuild.plan.events import BuildResult
from dagbuild.project.project import Project

CACHE = "DAGBUILD_WORKER_CACHE"


class Machines:
    """Machines of one core by their numbers, each with a cache folder of its own, the one of its number below `caches`."""

    def __init__(self, caches: Path) -> None:
        self.nodes: dict[int, Any] = {}
        self._caches = caches
        self._cluster = Cluster()
        # Ray takes 127.0.0.1 for the machine's own address, and nodes with it cannot reach each other.
        self._cluster.add_node(num_cpus=0, node_ip_address="127.0.0.2", include_dashboard=False)
        self.address: str = self._cluster.address

    def add(self, number: int, has: Mapping[str, float]) -> None:
        """Let a machine come; beside what it has, `machine3` is what machine 3 alone has."""
        self.nodes[number] = self._cluster.add_node(
            num_cpus=1,
            resources={f"machine{number}": 1, **has},
            node_ip_address=f"127.0.0.{number}",
            env_vars={CACHE: str(self._caches / str(number))},
            # Else they have one copy of the project's folder in common, and who makes it anew removes the others'.
            runtime_env_dir_name=f"runtime_resources_{number}",
        )

    def bury(self, number: int) -> None:
        """End what is left of the processes that belong to a machine."""
        self.nodes[number].kill_all_processes(check_alive=False, allow_graceful=False, wait=True)

    def close(self) -> None:
        """End all of them."""
        self._cluster.shutdown()


@contextmanager
def run_cluster(caches: Path, machines: Mapping[int, Mapping[str, float]]) -> Iterator[Machines]:
    """Run machines with what each has; builds of this process find them."""
    running = Machines(caches)
    try:
        for number, has in machines.items():
            running.add(number, has)
        os.environ["RAY_ADDRESS"] = running.address
        yield running
    finally:
        running.close()


def tell(result: BuildResult) -> dict[str, Any]:
    """Return how the nodes ended, and what came of it."""
    return {
        "steps": {name: step.how.value for name, step in result.steps.items()},
        "failures": {n: s.failure.message for n, s in result.steps.items() if s.failure},
        "notices": [notice.text for notice in result.notices],
        "values": {name: str(value) for name, value in result.values.items()},
    }


def main(folder: Path, caches: Path) -> None:
    """Build everything twice, and say how the nodes ended, what came of it and where it ran."""
    with run_cluster(caches, {3: {}, 4: {}}):
        project = Project.load(folder)
        results = [project.build(values=True) for _ in range(2)]
        project.close()
    print(json.dumps([tell(result) for result in results]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
