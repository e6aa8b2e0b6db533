"""How much memory the processes of a build have, all together."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dagbuild.report.memory import Memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
MANY = 64 << 20


LOOK = f"""
import os
from dagbuild.report.memory import measure

shared = b"x" * {MANY}
before = measure()
ready, told = os.pipe()
go, ended = os.pipe()
if not (process := os.fork()):
    os.close(ended)
    own = b"y" * len(shared)
    os.write(told, own[:1])
    os.read(go, 1)
    os._exit(0)
os.read(ready, 1)
during = measure()
os.close(ended)
os.waitpid(process, 0)
print(before, during, measure())
"""
"""What looks before, while and after it has a copy; in a process that has no others below it."""


def test_what_a_process_below_has_counts_and_what_is_shared_counts_once() -> None:
    """A copy of this process has all its memory, which is there once; what it makes itself comes to that."""
    told = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True).stdout
    before, during, after = map(int, told.split())

    assert before > MANY
    assert MANY * 0.9 < during - before < MANY * 1.5
    assert after < before + MANY * 0.5


def test_it_is_not_looked_at_again_at_once() -> None:
    """A picture that is drawn many times a second costs one look."""
    memory = Memory()
    first = memory.look()
    more = b"x" * MANY

    assert first
    assert memory.look() == first
    assert len(more) == MANY
