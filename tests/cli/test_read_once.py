"""What can be read only once is refused in words, and nobody waits for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import build, write_files

PROJECT = {
    "dagbuild.toml": 'modules = ["nodes"]\n',
    "nodes.py": """
        from dagbuild import File, Files, reads

        def text(path: File) -> str:
            return open(path).read()

        def texts(paths: Files) -> list:
            return [open(path).read() for path in paths]

        @reads("data/pipe")
        def read(x: int = 1) -> str:
            return open("data/pipe").read()

        def opened(name: str) -> int:
            import os
            os.close(os.open(name, os.O_RDONLY | os.O_NONBLOCK))
            return 1
    """,
    "data/real": "words",
}
DAGBUILD = f"{sys.executable} -m dagbuild"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a pipe in its data that nobody writes to."""
    write_files(tmp_path, PROJECT)
    os.mkfifo(tmp_path / "data" / "pipe")
    (tmp_path / "data" / "link").symlink_to("pipe")
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "echo words | {} text --set path=/dev/stdin",
        "{} text --set path=/dev/stdin < data/real",
        "{} text --set path=/dev/fd/0 < data/real",
        "{} text --set path=<(echo words)",
        "{} text --set path=data/pipe",
        "{} text --set path=data/link",
        "{} status text --set path=data/pipe",
        """{} texts --set 'paths=["data/real", "data/pipe"]'""",
        "{} read",
    ],
)
def test_refused_in_words(project: Path, line: str) -> None:
    """With exit status 2, the path, and what to do; a pipe without a writer is not waited for."""
    ran = subprocess.run(
        ["bash", "-c", line.format(DAGBUILD)],
        cwd=project, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert ran.returncode == 2, ran.stderr
    assert "it can be read only once: " in ran.stderr
    assert "try: write what it gives to a file, and name that" in ran.stderr


@pytest.mark.parametrize("path", ["data/real", os.devnull])
def test_files_are_not(project: Path, path: str) -> None:
    """A file, and what gives nothing again and again."""
    result = build(project, "text", inputs={"path": path})

    assert result.values["text"] == ("words" if path == "data/real" else "")


def test_a_pipe_that_a_node_opens_is_not_waited_for(project: Path) -> None:
    """Nobody reads it again to tell whether it has changed."""
    result = build(project, "opened", inputs={"name": str(project / "data" / "pipe")})

    assert result.values["opened"] == 1
