"""`dagbuild watch` in a process of its own, while files are saved."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.sessions import make_environment
from tests.cli.test_shortest_path import MAIN, run
from tests.support import write_files

pytest.importorskip("watchfiles")

FEATURES = """
    from pathlib import Path
    from dagbuild import File

    def spend(spend_file: File) -> int:
        return int(Path(spend_file).read_text())

    def total(spend: int) -> str:
        return f"total {spend}"
"""


class Watching:
    """What a watching command has said so far, on both streams."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log
        self._read = 0

    def text(self) -> str:
        """Return all of it."""
        return self._log.read_text()

    def wait_for(self, text: str) -> str:
        """Wait until it says this, after what was waited for before, and return what it said up to there."""
        end = time.monotonic() + 20
        while (at := self.text().find(text, self._read)) < 0:
            assert self.process.poll() is None and time.monotonic() < end, self.text()
            time.sleep(0.02)
        said = self.text()[self._read : at]
        self._read = at + len(text)
        return said


@contextmanager
def watch(project: Path, *words: str, by: tuple[str, ...] = ("-m", "dagbuild")) -> Iterator[Watching]:
    log = project.parent / "said.txt"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [sys.executable, *by, "watch", *words],
            cwd=project, env=make_environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        ) as process,
    ):  # fmt: skip
        try:
            yield Watching(process, log)
        finally:
            process.kill()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose input lies beside its folder."""
    settings = 'modules = ["features"]\n[inputs]\nspend_file = "../given/spend.txt"\n'
    write_files(tmp_path / "project", {"dagbuild.toml": settings, "features.py": FEATURES})
    write_files(tmp_path / "given", {"spend.txt": "1"})
    return tmp_path / "project"


def write_alone(project: Path, code: str) -> None:
    """Make it a project of this module, without inputs."""
    write_files(project, {"dagbuild.toml": 'modules = ["features"]\n', "features.py": code})


def test_builds_again_what_was_saved(project: Path) -> None:
    """Code and inputs; a mistake is told, and the next save is waited for; Ctrl-C ends it."""
    with watch(project, "total", "--keep-going") as said:
        said.wait_for("'total 1'\n")

        (project / "features.py").write_text(
            (project / "features.py").read_text().replace("total {", "all {")
        )
        assert "features.py changed\n" in said.wait_for("'all 1'\n")
        (project.parent / "given" / "spend.txt").write_text("2")
        assert "../given/spend.txt changed\n" in said.wait_for("'all 2'\n")
        right = (project / "features.py").read_text()
        (project / "features.py").write_text(right + "def broken(\n")
        said.wait_for("error: features.py:9: '(' was never closed")
        (project / "features.py").write_text(right.replace("all {", "sum {"))
        said.wait_for("'sum 2'\n")
        said.process.send_signal(signal.SIGINT)

        assert said.process.wait(20) == 130


def test_a_file_that_nothing_stands_on_starts_nothing(project: Path) -> None:
    """Once an answer is remembered; the next save of one that counts is built, and is all that was said since."""
    (project / "notes.txt").write_text("a")
    for _ in range(3):
        run(project, "build", "total")

    with watch(project, "total", by=("-c", MAIN)) as said:
        said.wait_for("'total 1'\n")
        for text in ("ab", "abc"):
            (project / "notes.txt").write_text(text)
            time.sleep(0.6)  # longer than saves are gathered
        (project.parent / "given" / "spend.txt").write_text("2")

        assert "notes.txt" not in said.wait_for("'total 2'\n")


def test_what_is_saved_while_a_build_runs_is_built_after_it(project: Path) -> None:
    """The build is not cut short: what it has made is kept."""
    slow = "import time\n\ndef slow() -> int:\n    time.sleep(1)\n    return 3\n\n"
    write_alone(project, slow + "def total(slow: int) -> str:\n    return f'total {slow}'\n")

    with watch(project, "total") as said:
        said.wait_for("builds, and again")
        time.sleep(0.8)  # it runs, or is about to
        (project / "features.py").write_text(
            slow + "def total(slow: int) -> str:\n    return f'all {slow}'\n"
        )

        said.wait_for("'all 3'\n")

    assert said.text().count("slow ") <= 1, said.text()


def test_a_file_that_each_build_writes_is_no_reason_for_ever(project: Path) -> None:
    """A node that runs in each build, and leaves another file each time, is not run without end."""
    code = (
        "import time\nfrom pathlib import Path\nfrom dagbuild import cache\n\n"
        '@cache("always")\ndef total() -> int:\n'
        '    Path("stamp.txt").write_text(str(time.time_ns()))\n    return 4\n'
    )
    write_alone(project, code)

    with watch(project, "total") as said:
        said.wait_for("stamp.txt changed with each build: that is no reason for another one")
        said.process.send_signal(signal.SIGINT)
        said.process.wait(20)

    assert said.text().count("built `total`") == 10


def test_ctrl_c_in_a_build_ends_both(project: Path) -> None:
    """What the build has to say it says, and nothing is left running."""
    (project / "features.py").write_text(
        "import time\n\ndef total() -> int:\n    time.sleep(600)\n    return 4\n"
    )

    with watch(project, "total") as said:
        said.wait_for("builds, and again")
        time.sleep(2)
        said.process.send_signal(signal.SIGINT)

        assert said.process.wait(20) == 130
    assert said.text().count("interrupted") == 1
