"""Build a project on a cluster of two machines' worth of Ray, each with a cache folder of its own; print the result.

Run as a program of its own, since a process can be connected to one Ray only: `ray_cluster.py PROJECT CACHES`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from ray.cluster_utils import Cluster

from dagbuild.project.project import Project


def main(folder: Path, caches: Path) -> None:
    """Build everything twice, and say how the nodes ended, what came of it and where it ran."""
    cluster = Cluster()
    # Ray takes 127.0.0.1 for the machine's own address, and nodes with it cannot reach each other.
    cluster.add_node(num_cpus=0, node_ip_address="127.0.0.2", include_dashboard=False)
    for number in (3, 4):
        variables = {"DAGBUILD_WORKER_CACHE": str(caches / str(number))}
        cluster.add_node(
            num_cpus=1,
            resources={f"machine{number}": 1},
            node_ip_address=f"127.0.0.{number}",
            env_vars=variables,
        )
    os.environ["RAY_ADDRESS"] = cluster.address
    try:
        project = Project.load(folder)
        results = [project.build(values=True) for _ in range(2)]
        project.close()
    finally:
        cluster.shutdown()
    print(
        json.dumps(
            [
                {
                    "steps": {name: step.how.value for name, step in result.steps.items()},
                    "failures": {n: s.failure.message for n, s in result.steps.items() if s.failure},
                    "values": {name: str(value) for name, value in result.values.items()},
                }
                for result in results
            ]
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
