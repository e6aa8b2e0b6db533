"""What of Python's ends a process, while a node runs and while none does."""

from __future__ import annotations

import inspect
import os
import pickle
import posix
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from dagbuild.executors import exits
from dagbuild.executors.exits import ENDS, Guard, ProcessExit

exits.install()


@pytest.mark.parametrize(
    "call",
    [  # what is not held ends the tests, so let it be with a failure
        lambda: os._exit(9),
        lambda: os._exit(status=9),
        os.abort,
        lambda: os.execv("/bin/false", ["false"]),
        lambda: os.execl("/bin/false", "false"),
        lambda: os.execve("/bin/false", ["false"], {}),
        lambda: os.execvp("false", ["false"]),
        lambda: os.execlpe("false", "false", {}),
        lambda: posix._exit(9),
        posix.abort,
        lambda: posix.execv("/bin/false", ["false"]),
        lambda: posix.execve("/bin/false", ["false"], {}),
    ],
)
def test_a_guarded_thread_cannot_end_the_process(call: Callable[[], Any]) -> None:
    """It is told what it did, and so is who guards it, whether or not the node lets it through."""
    with Guard("node") as guard, pytest.raises(ProcessExit, match=r"os\.\w+\(.*would have ended the build"):
        call()

    assert guard.asked is not None


def test_guards_in_guards_end_one_by_one() -> None:
    """A node may run a build of its own."""
    with Guard("outer") as outer:
        with Guard("inner") as inner, pytest.raises(ProcessExit):
            os._exit(9)
        assert outer.asked is None
        with pytest.raises(ProcessExit):
            os._exit(9)

    assert (inner.asked is None, outer.asked is None) == (False, False)


def test_what_stands_for_a_function_is_like_it() -> None:
    """Its name, its signature, and pickle finds it."""
    for name in ENDS:
        function = getattr(os, name)
        assert function.__name__ == name
        assert function.__doc__
        assert pickle.loads(pickle.dumps(function)) is function
    assert list(inspect.signature(os._exit).parameters) == ["status"]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("os._exit(3)", 3),
        ("os.execv('/bin/sh', ['sh', '-c', 'exit 4'])", 4),
        # A server that runs builds may end itself from a thread of its own.
        (
            "Guard('node').__enter__(); threading.Thread(target=os._exit, args=(5,)).start(); time.sleep(60)",
            5,
        ),
        (
            "exits.claim_process(); Guard('node').__enter__(); "
            "threading.Thread(target=os._exit, args=(0,)).start(); time.sleep(60)",
            1,
        ),
    ],
)
def test_others_end_as_they_like(code: str, status: int) -> None:
    """Without a guard in this thread the process ends, with 0 only where it was not there for the build."""
    script = (
        "import os, threading, time\n"
        "from dagbuild.executors import exits\n"
        "from dagbuild.executors.exits import Guard\n"
        "exits.install()\n" + code
    )

    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == status
