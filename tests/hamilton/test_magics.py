"""Hamilton's magics in a real kernel: cells become modules, whose functions are a project's like any other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")

from tests.integration.test_notebook import Notebook

pytestmark = pytest.mark.leaves_threads  # those of the kernel's client

LOAD = "%load_ext dagbuild.plugins.jupyter_magic"
CELL = "%%cell_to_module made {}\ndef a(x: int) -> int:\n    print('RUN a')\n    return x\ndef b(a: int) -> int:\n    return a + {}\n"


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    opened = Notebook(tmp_path_factory.mktemp("magics"))
    assert opened.run(LOAD) == ""
    yield opened
    opened.close()


def test_a_cell_is_a_module(notebook: Notebook) -> None:
    """With a driver of it, and the values as variables where they are asked for; run again, it is another one."""
    run = notebook.run
    assert run("given = {'x': 3}\nwanted = ['b']") == ""
    assert run(CELL.format("-x wanted -i given --hide_results", 1)) == "RUN a"
    asked = run("print(b, made.b.__module__, made_dr.execute(['b'], inputs={'x': 1}))")
    assert asked == "RUN a\n4 made {'b': 2}"
    run(CELL.format("--execute wanted --inputs given", 10))
    assert run("print(b)") == "13"


def test_a_builder_brings_its_cache(notebook: Notebook) -> None:
    """A cell that is run again with the same text runs nothing; an edit runs what it must."""
    run = notebook.run
    run("from dagbuild import driver\nbuilder = driver.Builder().with_cache('kept')\ngiven = {'x': 3}")
    first = run(CELL.format("-b builder -x -i given --hide_results", 1))
    again = run(CELL.format("-b builder -x -i given --hide_results", 1))
    edited = run(CELL.format("-b builder -x -i given --hide_results", 5) + "    # edited\n")

    assert "RUN a" in first
    assert "RUN a" not in again
    assert "RUN a" not in edited
    assert run("print(b)") == "8"


def test_a_module_of_several_cells(notebook: Notebook, tmp_path: Path) -> None:
    """Each in its own place, shown, written to a file, and forgotten."""
    run = notebook.run
    run("%%incr_cell_to_module grown 1\ndef one(x: int) -> int: return x\n")
    run(
        f"%%incr_cell_to_module grown 2 -w {tmp_path / 'grown.py'}\ndef two(one: int) -> int: return one + 1\n"
    )
    assert run("print(grown_dr.execute(['two'], inputs={'x': 1}))") == "{'two': 2}"
    run(f"%%incr_cell_to_module grown 1 -w {tmp_path / 'grown.py'}\ndef one(x: int) -> int: return x * 10\n")
    assert run("print(grown_dr.execute(['two'], inputs={'x': 1}))") == "{'two': 11}"
    assert run("%print_module grown").startswith("def one(x: int) -> int: return x * 10")
    assert (tmp_path / "grown.py").read_text().count("def ") == 2
    run("%reset_module grown")
    assert run("%print_module grown") == ""


def test_a_cell_is_a_dict(notebook: Notebook) -> None:
    """Of what it assigns."""
    notebook.run("%%set_dict words\nregion = 'UK'\nrate = 1 + 1\n")

    assert notebook.run("print(words)") == "{'region': 'UK', 'rate': 2}"


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("%%cell_to_module\ndef a() -> int: return 1\n", "the module has no name"),
        (CELL.format("-i nothing -x", 1), "the notebook has no variable 'nothing'"),
        (CELL.format("-b number", 1), "'number' is a int, and a Builder is wanted"),
        ("%print_module nobody", "no cell has made a module 'nobody'"),
    ],
)
def test_mistakes_are_told(notebook: Notebook, cell: str, told: str) -> None:
    """In words."""
    notebook.run("number = 3")

    assert told in notebook.run(cell)
