"""A process that builds again and again, as a server does, does not grow by that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import write_files

NODES = """
class Ring:
    def __init__(self):
        self.me = self
        self.data = [[] for _ in range(20_000)]

def made(number: int) -> int:
    Ring()
    return number
"""
SERVE = """
import gc
import ringing
from dagbuild import Driver

driver = Driver({}, ringing, executor="inline")
for number in range(40):
    WORK
print(sum(isinstance(each, ringing.Ring) for each in gc.get_objects()))
"""


@pytest.mark.parametrize(
    "work",
    [
        'driver.execute(["made"], inputs={"number": number})',
        'ringing.Ring(); driver.execute(["made"], inputs={"number": 1})',
        'ringing.Ring(); driver.status(["made"], inputs={"number": 1})',
    ],
    ids=["computes", "reuses", "looks"],
)
def test_what_builds_leave_in_cycles_is_collected(tmp_path: Path, work: str) -> None:
    """Whether it computes, finds all as it was, or only looks."""
    write_files(tmp_path, {"ringing.py": NODES, "serve.py": SERVE.replace("WORK", work)})

    done = subprocess.run([sys.executable, "serve.py"], cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 20
