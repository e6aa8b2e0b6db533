"""Cells in a real Jupyter kernel: what is typed there is a project's code, and followed from cell to cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

jupyter_client = pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")


class Notebook:
    """A kernel of its own, and what its cells print."""

    def __init__(self, folder: Path) -> None:
        from tests.cli.sessions import make_environment

        self._manager, self._client = jupyter_client.manager.start_new_kernel(
            kernel_name="python3",
            cwd=str(folder),
            env={**make_environment(), "IPYTHONDIR": str(folder / "ipython")},
        )

    def run(self, cell: str) -> str:
        """Run a cell and return what it prints, the name and text of its error included."""
        said: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                said.append(content["text"])
            elif message["msg_type"] == "error":
                said.append(f"{content['ename']}: {content['evalue']}")

        self._client.execute_interactive(cell, output_hook=hear, timeout=120)
        return "".join(said).strip()

    def watch(self, cell: str) -> list[list[str]]:
        """Run a cell and return what each of its displays has shown, one text after the other, all in one place."""
        shown: dict[str, list[str]] = {}
        places: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "display_data":
                places.append(content["transient"]["display_id"])
            if message["msg_type"] in {"display_data", "update_display_data"}:
                shown.setdefault(content["transient"]["display_id"], []).append(content["data"]["text/plain"])

        self._client.execute_interactive(cell, output_hook=hear, timeout=120)
        assert places == [*shown]
        return list(shown.values())

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    opened = Notebook(tmp_path)
    yield opened
    opened.close()


BASE = "def base() -> int:\n    print('RUN base')\n    return {}\n"
SCALED = "def scaled(base: int) -> int:\n    print('RUN scaled')\n    return base * RATE\n"
ASK = "print(driver.execute(['scaled'])['scaled'])"


def test_cells_are_followed(notebook: Notebook) -> None:
    """The same Driver, from cell to cell: edited, equal, constant, deleted, added, broken and mended."""
    run = notebook.run
    assert run("import __main__\nfrom dagbuild import Driver\nRATE = 2") == ""
    assert run(BASE.format(5) + SCALED) == ""
    run("driver = Driver({}, __main__)")
    assert run(ASK).split() == ["RUN", "base", "RUN", "scaled", "10"]
    assert run(ASK) == "10"

    run(BASE.format(6))
    assert run(ASK).split() == ["RUN", "base", "RUN", "scaled", "12"]
    run(BASE.format(5))
    assert run(ASK) == "10"  # as it was before, from the cache
    run("RATE = 3")
    assert run(ASK).split() == ["RUN", "scaled", "15"]
    run("def more(scaled: int) -> int:\n    return scaled + 1")
    assert run("driver.execute(['more'])['more']; print(driver.status(['more']).clean)") == "True"
    run("del more")
    assert "there is no node 'more'" in run("driver.status(['more'])")
    run("del base")
    assert "'base'" in run(ASK)
    run("@__import__('functools').cache\n" + BASE.format(7))
    assert run(ASK).split() == ["RUN", "base", "RUN", "scaled", "21"]


def test_a_new_kernel_takes_what_the_old_one_made(tmp_path: Path) -> None:
    """A restart loses nothing."""
    said = []
    for _ in range(2):
        opened = Notebook(tmp_path)
        opened.run("import __main__\nfrom dagbuild import Driver\nRATE = 2")
        opened.run(BASE.format(5) + SCALED)
        opened.run("driver = Driver({}, __main__)")
        said.append(opened.run(ASK).split())
        opened.close()

    assert said == [["RUN", "base", "RUN", "scaled", "10"], ["10"]]


def test_steps_run_in_copies_of_the_kernel(notebook: Notebook) -> None:
    """Its threads are none of theirs; where a cell has started some, it runs the notebook's own functions."""
    run = notebook.run
    run(
        "import os, threading\nfrom concurrent.futures import ThreadPoolExecutor\nfrom dagbuild import Driver"
    )
    run("def where() -> int:\n    print('SAID')\n    return os.getpid()")
    run("def ask(): print(Driver({}, where, cache=None).execute(['where'])['where'] == os.getpid())")

    first = run("ask()")
    run("pool = ThreadPoolExecutor(1)\npool.submit(int).result()")
    said = run("ask()")

    assert "SAID" in first and first.endswith("False")
    assert "SAID" in said and said.endswith("True")
    why = "because the thread 'ThreadPoolExecutor-"
    assert (
        f"steps run in processes that import the project by themselves, or in this one where only it has their code, {why}"
        in said
    )


def test_a_build_is_shown_in_place(notebook: Notebook) -> None:
    """One display for each build in which a node runs: what runs, how far it is, and in the end a line."""
    notebook.run(
        "from dagbuild import Driver\nimport __main__\ndriver = Driver({'RATE': 2}, __main__, cache='cache')"
    )
    notebook.run(BASE.format(1))
    notebook.run("def scaled(base: int) -> int:\n    return base * 2")
    notebook.run("def broken(scaled: int) -> int:\n    raise ValueError")

    [pictures] = notebook.watch("driver.execute(['scaled'])")
    assert re.fullmatch(r"0/2\nlocal: base since \d\d:\d\d:\d\d", pictures[0])
    assert any(re.match(r"1/2.*\nlocal: scaled since", text) for text in pictures)
    assert re.fullmatch(r"built `scaled` in [\d.]+ m?s: 2 computed", pictures[-1])
    assert notebook.watch("driver.execute(['scaled'])") == []
    [failed] = notebook.watch("driver.execute(['broken'])")
    assert failed[0].startswith("0/1  1 from cache\nlocal: broken since")
    assert failed[-1].startswith("failed in ")
    assert notebook.watch("driver.execute(['broken'], on_event=print)") == []
