"""What is recorded is of what was read, whoever writes to a project while its nodes run.

The writers are processes of their own. A node waits for them by files, so that nothing depends on time.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import build, computed, write_files

NODES = """
    import os
    import time
    from pathlib import Path
    from dagbuild import Collect, File, Files, Parallelizable, reads, writes
    import helper

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

    def numbers() -> Parallelizable[int]:
        return [1]

    def piece(numbers: int, table: File) -> str:
        return f"{numbers} {given(table)}"

    def joined(piece: Collect[str]) -> str:
        return f"joined {piece[0]}"

    def below(given: str) -> str:
        return f"below {given}"

    def deeper(below: str) -> str:
        return f"deeper {below}"

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

    def _read_all() -> str:
        _hand_over("before")
        text = ",".join(path.read_text() for path in sorted(Path("many").iterdir()))
        _hand_over("after")
        return text

    def of_files(tables: Files) -> str:
        return _read_all()

    @reads("many/**")
    def of_folder() -> str:
        return _read_all()

    def of_names() -> str:
        return _read_all()

    @reads("many")
    def count() -> int:
        _hand_over("before")
        found = len(os.listdir("many"))
        _hand_over("after")
        return found

    def polls() -> str:
        first = Path("data/later.csv")
        try:
            return first.read_text()
        except FileNotFoundError:
            _hand_over("before")
        text = first.read_text() if Path("data/later.csv").exists() else "none"
        _hand_over("after")
        return text

    def first() -> int:
        _hand_over("before")
        _hand_over("after")
        return 1

    def eager(first: int) -> str:
        return helper.text()

    def lazy(first: int) -> str:
        import lazily
        return lazily.text()

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

CODE = """
def text() -> str:
    return "{}"
"""

WRITER = """
import sys, time
from pathlib import Path

signs, file, before, after = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
for step, text in (("before", before), ("after", after)):
    while not (signs / step).exists():
        time.sleep(0.002)
    if text == "gone":
        file.unlink()
    elif text:
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
        tables = "many"
        [executor]
        kind = "{request.param}"
        [variables]
        ignored = ["SIGNS"]
    """
    monkeypatch.setenv("SIGNS", str(tmp_path / "signs"))
    folder = tmp_path / "project"
    data = {"data/x.csv": "old", "many/a.csv": "a", "many/b.csv": "b"}
    code = dict.fromkeys(("helper.py", "lazily.py"), CODE.format("old"))
    write_files(folder, {"dagbuild.toml": toml, "nodes.py": NODES, **data, **code})
    monkeypatch.chdir(folder)
    return folder


def _build_beside(project: Path, node: str, place: str, before: str, after: str) -> tuple[Any, list[str]]:
    """Build while another process writes to a file before the node reads it, and after; return what is told.

    The text "gone" removes the file.
    """
    signs = project.parent / "signs"
    signs.mkdir()
    command = [sys.executable, "-S", "-c", WRITER, str(signs), str(project / place), before, after]
    with subprocess.Popen(command) as writer:
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
    place = "out/x.csv" if node == "of_output" else "data/x.csv"
    value, told = _build_beside(project, node, place, before, after)

    again = build(project, node)

    assert value == (before or "old")
    there = "old" if node == "of_output" else (after or before)
    assert again.values == {node: there}
    if node == "observed" and not after:
        assert computed(again) == set()  # it was read as it is
    else:
        assert node in computed(again)
        assert any("not recorded" in line for line in told), told


@pytest.mark.parametrize(
    ("node", "text", "reader"), [("deeper", "deeper below", "given"), ("joined", "joined 1", "piece")]
)
def test_what_is_made_from_a_value_that_is_not_recorded(
    project: Path, node: str, text: str, reader: str
) -> None:
    """Its record does not say that it was made from the file as it was; from the value that it was made from it was."""
    value, told = _build_beside(project, node, "data/x.csv", "new", "old")

    again = build(project, node)
    write_files(project, {"data/x.csv": "new"})
    later = build(project, node)

    assert value == f"{text} new"
    assert any("not recorded" in line for line in told), told
    assert again.values == {node: f"{text} old"}
    assert later.values == {node: f"{text} new"}
    assert computed(later) == {reader}


@pytest.mark.parametrize("node", ["of_files", "of_folder", "of_names", "count"])
@pytest.mark.parametrize(
    ("place", "before", "after", "seen", "there"),
    [
        ("many/c.csv", "c", "gone", "a,b,c", "a,b"),
        ("many/b.csv", "gone", "b", "a", "a,b"),
        ("many/c.csv", "c", "", "a,b,c", "a,b,c"),
        ("many/c.csv", "", "c", "a,b", "a,b,c"),
    ],
)
def test_folder_in_which_files_come_and_go_meanwhile(
    project: Path, node: str, place: str, before: str, after: str, seen: str, there: str
) -> None:
    value, told = _build_beside(project, node, place, before, after)

    again = build(project, node)

    def expected(text: str) -> object:
        return len(text.split(",")) if node == "count" else text

    assert value == expected(seen) and again.values == {node: expected(there)}
    assert node == "of_names" or any("not recorded" in line for line in told), told


def test_file_that_was_not_there_and_is_not_in_the_end(project: Path) -> None:
    """The value is of what was there in between."""
    value, _ = _build_beside(project, "polls", "data/later.csv", "new", "gone")

    assert value == "new" and computed(build(project, "polls")) == {"polls"}


@pytest.mark.parametrize(("node", "file"), [("eager", "helper.py"), ("lazy", "lazily.py")])
def test_code_that_ran_is_the_code_that_is_recorded(project: Path, node: str, file: str) -> None:
    """A module is edited while the build runs: the edit counts in the next one, and undone it is as it was."""
    value, _ = _build_beside(project, node, file, CODE.format("new"), "")

    again = build(project, node)
    write_files(project, {file: CODE.format("old")})
    back = build(project, node)

    assert value == "old"
    assert again.values == {node: "new"} and back.values == {node: "old"}
