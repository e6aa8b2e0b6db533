"""The page on clusters is played as it stands: a laptop's project, a head, a machine beside it.

A fence that names a file is what the laptop has from there on. `--update-pages` writes what the commands say anew.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.servers.local import free_port

pytestmark = pytest.mark.xdist_group("ray")

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guide" / "cluster.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"^(\w+)\$ (.*)$", re.MULTILINE)
MARKS = ((r"\b\d+(\.\d+)? (ms|s)\b", "0.1 s"), (r"; saved about 0\.1 s", ""), (r" +0\.1 s$", ""))
WEEKS = "week,amount\n1,12.0\n2,18.0\n3,20.0\n"
PLACES = {"head": "127.0.0.31", "worker": "127.0.0.32"}


class People:
    """Somebody at a laptop, and at two machines of which one is the head: all are this one, with a cache folder each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "sales"
        self._head = f"{PLACES['head']}:{free_port()}"
        self._ray = folder / "ray"  # Ray's sockets stand below it: their paths must be short
        (self.folder / "data").mkdir(parents=True)
        (self.folder / "data" / "weeks.csv").write_text(WEEKS)
        bucket = folder / "bucket"
        bucket.mkdir()
        kept = {
            name: text
            for name, text in os.environ.items()
            if not name.startswith(("DAGBUILD_", "PYTEST_", "RAY_"))
        }
        self._environment = {
            **kept, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_COLOR": "1", "DAGBUILD_JOBS": "1",
            "HOME": str(folder), "DAGBUILD_EXECUTOR_ADDRESS": self._head, "DAGBUILD_REMOTE": f"file://{bucket}",
        }  # fmt: skip

    def do(self, where: str, command: str) -> str:
        """Return what a command says in the end, without what Ray says of itself."""
        words = command.replace("head:6379", self._head).split()
        environment = {**self._environment, "DAGBUILD_WORKER_CACHE": str(self.folder.with_name(where))}
        if words[0] == "ray":
            words += [f"--node-ip-address={PLACES[where]}", "--num-cpus=1", "--object-store-memory=80000000"]
            if "--head" in words:
                words += [f"--port={self._head.partition(':')[2]}", f"--temp-dir={self._ray}"]
                words += ["--include-dashboard=false"]
            program = [str(Path(sys.executable).with_name("ray"))]
        else:
            program = [sys.executable, "-m", "dagbuild"]
        done = subprocess.run(
            [*program, *words[1:]], cwd=self.folder, env=environment, text=True, timeout=120,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return "" if words[0] == "ray" else done.stdout

    def leave(self) -> None:
        """End what Ray has started for them."""
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and os.fsencode(self._ray) in (entry / "cmdline").read_bytes():
                    os.kill(int(entry.name), signal.SIGKILL)


@pytest.fixture
def people(tmp_path_factory: pytest.TempPathFactory, thorough: bool) -> Iterator[People]:
    """As the page finds them; what they have started ends with them."""
    pytest.importorskip("ray")
    if not thorough:
        pytest.skip("takes half a minute; --thorough plays it")
    folder = tmp_path_factory.mktemp("c")
    people = People(folder)
    yield people
    people.leave()
    shutil.rmtree(folder / "ray", ignore_errors=True)


def play(people: People) -> str:
    """Return the page with what the commands say today."""

    def fence(found: re.Match[str]) -> str:
        language, text = found.groups()
        if named := re.match(r"# ([\w.]+)\n", text):
            (people.folder / named[1]).write_text(text)
        if language != "console":
            return found[0]
        blocks = []
        for where, command in LINE.findall(text):
            said = people.do(where, command)
            for pattern, mark in MARKS:
                said = re.sub(pattern, mark, said, flags=re.MULTILINE)
            blocks.append(f"{where}$ {command}\n{said.rstrip()}".rstrip())
        gap = "\n\n" if any("\n" in block for block in blocks) else "\n"
        return f"```console\n{gap.join(blocks)}\n```"

    return FENCE.sub(fence, PAGE.read_text("utf-8"))


def test_says_what_the_page_says(people: People, request: pytest.FixtureRequest) -> None:
    """From the laptop to the cluster and back."""
    page = play(people)

    if request.config.getoption("--update-pages"):
        PAGE.write_text(page, "utf-8")
    assert page == PAGE.read_text("utf-8")


def test_messages_that_it_explains_are_said() -> None:
    """The longest piece of each that does not depend on the case stands somewhere in the product."""
    text = "".join(path.read_text("utf-8") for path in (ROOT / "dagbuild").rglob("*.py"))
    said = re.sub(r'"\s*f?"', "", text)
    (table,) = re.findall(r"^\| It says .*\n\|.*\n((?:\|.*\n)+)", PAGE.read_text("utf-8"), re.MULTILINE)

    for row in table.splitlines():
        pieces = [piece.partition(":")[0].strip(" '") for piece in row.split("|")[1].split("...")]
        assert max(pieces, key=len) in said, row
