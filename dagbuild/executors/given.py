"""What an agent has of the driver, and how it starts the processes that know what to make of it.

Opens nothing of it. Little is imported here: an agent is to be there soon.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from dagbuild.executors.anew import start_python
from dagbuild.executors.zygote import Zygote

_PROCESSES = "dagbuild.executors.detached"


@dataclass(frozen=True)
class Given:
    """What the agent has of the driver: `setup` is a parcel of a Setup and an OpenStore, `chance` one of a Chance.

    `variables` are those with which a Python is started for the project.
    """

    setup: bytes
    chance: bytes
    variables: Mapping[str, str]


@dataclass(frozen=True)
class Start:
    """What such processes are told."""

    given: Given
    agent: int


def start_processes(given: Given) -> tuple[Zygote, subprocess.Popen[bytes]]:
    """Start what such processes are forked from, with the variables and in the folder of this one."""
    return start_python(_PROCESSES, Start(given, os.getpid()), {**os.environ, **given.variables})
