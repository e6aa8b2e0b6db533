"""What `dagbuild migrate` makes of Hamilton's projects has the graphs that they had."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagbuild.migration.comparing import Comparison, compare
from dagbuild.migration.documents import Document, read_document
from tests.hamilton.programs import PROGRAMS
from tests.support import write_files

pytest.importorskip("hamilton")


def migrate(folder: Path, files: dict[str, str]) -> list[Document]:
    write_files(folder, files)
    return [read_document(folder / name) for name in files]


def test_graphs_are_the_same(tmp_path: Path) -> None:
    """Of modules of each kind that need no config to be loaded, nothing of which was written yet."""
    programs = [program for program in PROGRAMS if program.name not in ("replaced", "variants")]
    documents = migrate(tmp_path, {f"{program.name}.py": program.source("hamilton") for program in programs})

    found = compare(documents)

    assert [(document.left, document.notes) for document in documents] == [([], [])] * len(programs)
    assert all("hamilton" not in document.after.decode().split("def ")[0] for document in documents)
    assert [each.path.stem for each in found] == [program.name for program in programs]
    assert [(each.differences, each.obstacle) for each in found] == [((), None)] * len(programs)
    assert all(each.nodes > 3 for each in found)


LAY = """
import hamilton.function_modifiers as fm
OURS = fm.__name__.startswith("dagbuild")
KIND = str if OURS else int
"""
DIFFERS = """
from hamilton.function_modifiers import tag
from pack.lay import KIND, OURS
def same(x: int) -> int: ...
def kind(x: int) -> KIND: ...
if OURS:
    def new(x: int) -> int: ...
    def edge(y: int, z: int = 1) -> int: ...
else:
    def old(x: int) -> int: ...
    def edge(x: int) -> int: ...
"""
HEAD = "from hamilton import base\n"


def test_tells_what_differs_and_why_it_did_not_compare(tmp_path: Path) -> None:
    """Names, types and edges; each side reads the project's other modules as they are on that side, too.

    What would run a driver is not imported at all.
    """
    files = {
        "pack/__init__.py": "",
        "pack/lay.py": LAY,
        "pack/differs.py": DIFFERS,
        "pack/same.py": HEAD + "print('printed')\ndef one(x: int) -> int: ...\n",
        "pack/both.py": HEAD + "import nowhere_at_all\n",
        "pack/ours.py": HEAD + "if base.__name__ == 'dagbuild.base': raise SystemExit('no')\n",
        "pack/script.py": "from hamilton import driver\nraise SystemExit\ndriver.Builder()\n",
        "pack/guarded.py": "from hamilton import driver\nif __name__ == '__main__':\n    driver.Builder()\n",
    }

    found = {each.path.stem: each for each in compare(migrate(tmp_path, files))}

    assert found["same"] == Comparison(tmp_path / "pack" / "same.py", 2)
    assert list(found["differs"].differences) == [
        "'edge': needs x with hamilton, y with dagbuild",
        "'edge': may take nothing with hamilton, z with dagbuild",
        "'kind': type int with hamilton, str with dagbuild",
        "'new' is there with dagbuild only",
        "'old' is there with hamilton only",
        "'y' is there with dagbuild only",
        "'z' is there with dagbuild only",
    ]
    assert found["both"].obstacle == "ModuleNotFoundError: No module named 'nowhere_at_all'"
    assert found["ours"].obstacle == "with dagbuild, SystemExit: no"
    assert found["guarded"].obstacle is None
    assert "script" not in found


def test_a_module_that_ends_its_process(tmp_path: Path) -> None:
    """It is said, and of each module that it took with it."""
    (tmp_path / "ends.py").write_text("")
    text = b"import os; os._exit(3)"

    (found,) = compare([Document(tmp_path / "ends.py", text, text + b" # ours")])

    assert found.obstacle == "the process that imported it ended with status 3"
