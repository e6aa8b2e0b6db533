"""What is recorded is of what was read, whoever writes to a project while its nodes run.

The writers are processes of their own. A node waits for them by files, so that nothing depends on time.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import build, computed, write_files

NODES = """
    import os
    import time
    from pathlib import Path
    from dagbuild import File, reads, writes

    def _hand_over(step: str) -> None:
        \"""Let the writer work.\"""
        sign, answer = Path(os.environ["SIGNS"]) / step, Path(os.environ["SIGNS"]) / f"{step}.done"
        if sign.parent.exists():
            sign.touch()
            while not answer.exists():
                time.sleep(0.002)

    def given(table: File) -> str:
        _hand_over("before")
        text = table.path.read_text()
        _hand_over("after")
        return text

    @reads("data/x.csv")
    def declared() -> str:
        _hand_over("before")
        text = Path("data/x.csv").read_text()
        _hand_over("after")
        return text

    def observed() -> str:
        _hand_over("before")
        text = Path("data/x.csv").read_text()
        _hand_over("after")
        return text

    @writes("out/x.csv")
    def made() -> int:
        Path("out").mkdir(exist_ok=True)
        Path("out/x.csv").write_text("old")
        return 1

    @reads("out/x.csv")
    def of_output(made: int) -> str:
        _hand_over("before")
        text = Path("out/x.csv").read_text()
        _hand_over("after")
        return text
"""

WRITER = """
import sys, time
from pathlib import Path

signs, file, before, after = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
for step, text in (("before", before), ("after", after)):
    while not (signs / step).exists():
        time.sleep(0.002)
    if text:
        file.write_text(text)
    (signs / f"{step}.done").touch()
"""


@pytest.fixture(params=["local", "inline"])
def project(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a file that the node `request` reads."""
    toml = f"""
        modules = ["nodes"]
        [inputs]
        table = "data/x.csv"
        [executor]
        kind = "{request.param}"
        [variables]
        ignored = ["SIGNS"]
    """
    monkeypatch.setenv("SIGNS", str(tmp_path / "signs"))
    folder = tmp_path / "project"
    write_files(folder, {"dagbuild.toml": toml, "nodes.py": NODES, "data/x.csv": "old"})
    monkeypatch.chdir(folder)
    return folder


def _build_beside(project: Path, node: str, before: str, after: str) -> tuple[str, list[str]]:
    """Build while another process writes to the node's file before it reads it, and after; return what is told."""
    signs = project.parent / "signs"
    signs.mkdir()
    file = project / ("out" if node == "of_output" else "data") / "x.csv"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(signs), str(file), before, after]) as writer:
        try:
            result = build(project, node)
        finally:
            writer.terminate()
    for sign in signs.iterdir():
        sign.unlink()
    signs.rmdir()
    return result.values[node], [notice.text for notice in result.notices]


@pytest.mark.parametrize("node", ["given", "declared", "observed", "of_output"])
@pytest.mark.parametrize(
    ("before", "after"), [("new", ""), ("", "new"), ("new", "old"), ("longer", "new")], ids=str
)
def test_file_that_another_process_writes_meanwhile(
    project: Path, node: str, before: str, after: str
) -> None:
    """The value is used; the next build is right, and made again unless what was read is what is there."""
    build(project, "made")
    value, told = _build_beside(project, node, before, after)

    again = build(project, node)

    assert value == (before or "old")
    there = "old" if node == "of_output" else (after or before)
    assert again.values == {node: there}
    if node == "observed" and not after:
        assert computed(again) == set()  # it was read as it is
    else:
        assert node in computed(again)
        assert any("not recorded" in line for line in told), told
