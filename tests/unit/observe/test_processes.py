"""Whose children count as those of a call."""

from __future__ import annotations

import subprocess
import sys

ASKED = """
import subprocess
from dagbuild.observe.processes import Processes, count_again, leave_out

with subprocess.Popen(["sleep", "60"]) as ours:
    leave_out(ours.pid)
    call = Processes()
    print(call.any())
    with subprocess.Popen(["sleep", "60"]) as theirs:
        print(call.any())
        theirs.kill()
    count_again(ours.pid)
    print(Processes().any())
    ours.kill()
"""
"""Asked in a process of its own: that of the tests may have servers for children."""


def test_what_is_our_own_is_no_call_s() -> None:
    """It may live all the time; another one counts beside it, and it does as soon as it is not ours any more."""
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, timeout=60)

    assert done.stdout.split() == ["False", "True", "True"], done.stderr
