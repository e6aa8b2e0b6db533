"""Whose children count as those of a call."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from dagbuild.observe.processes import Processes, count_again, leave_out


@contextmanager
def child() -> Iterator[int]:
    with subprocess.Popen(["sleep", "60"]) as started:
        yield started.pid
        started.kill()


def test_what_is_our_own_is_no_call_s() -> None:
    """It may live all the time; another one counts beside it, and it does as soon as it is not ours any more."""
    with child() as ours:
        leave_out(ours)
        call = Processes()
        alone = call.any()
        with child():
            beside = call.any()
        count_again(ours)

        assert (alone, beside, Processes().any()) == (False, True, True)
