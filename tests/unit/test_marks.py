"""What is noted on disk of a running node, and who is told of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dagbuild.store.folder import CacheFolder
from dagbuild.store.marks import Marks, take_ended

HOLD = """
import sys
from pathlib import Path
from dagbuild.store.folder import CacheFolder
from dagbuild.store.marks import Marks

marks = Marks(CacheFolder(Path(sys.argv[1])))
for name in sys.argv[2:]:
    marks.running(name).__enter__()
print("noted", flush=True)
sys.stdin.read()
"""


def hold(folder: Path, *nodes: str) -> subprocess.Popen[str]:
    """Start a process that runs these nodes, and wait until it does."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), *nodes],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "noted\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_a_killed_process_is_told_once(tmp_path: Path) -> None:
    """All nodes that it ran, and then no more."""
    layout = CacheFolder(tmp_path)
    end(hold(tmp_path, "one", "ünïcode\udce9", "one"))

    assert take_ended(layout.running) == ["one", "ünïcode\udce9"]
    assert take_ended(layout.running) == []
    assert not list(layout.running.iterdir())


def test_of_a_process_that_lives_nothing_is_told(tmp_path: Path) -> None:
    """Until it ends."""
    layout = CacheFolder(tmp_path)
    process = hold(tmp_path, "one")

    before = take_ended(layout.running)
    end(process)

    assert before == []
    assert take_ended(layout.running) == ["one"]


def test_what_is_done_is_not_told(tmp_path: Path) -> None:
    """A later node with a shorter name, and none at all."""
    layout = CacheFolder(tmp_path)
    marks = Marks(layout)
    with marks.running("a long name"):
        with marks.running("inside"):
            files = [path.read_bytes().partition(b"\n")[0] for path in layout.running.iterdir()]
        assert sorted(files) == [b"a long name", b"inside"]
    with marks.running("short"):
        files = [path.read_bytes().partition(b"\n")[0] for path in layout.running.iterdir()]

    assert sorted(files) == [b"", b"short"]
    marks.close()
    assert not list(layout.running.iterdir())


def test_two_that_look_at_once_tell_it_once(tmp_path: Path) -> None:
    """Whoever has the lock tells."""
    end(hold(tmp_path, *(f"node_{number}" for number in range(40))))
    ask = "import sys; from pathlib import Path; from dagbuild.store.marks import take_ended; print(*take_ended(Path(sys.argv[1])))"
    folder = str(CacheFolder(tmp_path).running)

    asking = [
        subprocess.Popen([sys.executable, "-c", ask, folder], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    told = [name for process in asking for name in process.communicate()[0].split()]

    assert sorted(told) == sorted(f"node_{number}" for number in range(40))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    """Nothing is noted."""
    tmp_path.chmod(0o500)

    with Marks(CacheFolder(tmp_path / "cache")).running("one"):
        pass
    tmp_path.chmod(0o700)

    assert take_ended(CacheFolder(tmp_path / "cache").running) == []


def test_a_folder_that_is_a_file_is_no_trouble(tmp_path: Path) -> None:
    """Nothing is noted."""
    (tmp_path / "cache").write_text("")

    with Marks(CacheFolder(tmp_path / "cache")).running("one"):
        pass

    assert take_ended(CacheFolder(tmp_path / "cache").running) == []
