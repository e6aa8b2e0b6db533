"""A node starts from the state that importing left, whatever ran before it in the process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import warnings
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dagbuild import Project
from dagbuild.executors.state import Hold
from dagbuild.executors.state.kinds import KINDS
from tests.support import build, write_files
from tests.unit.executors.states import STATE_LIB, STATES

ROOT = Path(__file__).parents[3]
ENDS = {
    "returns": "{act}(); return {look}",
    "fails": "{act}(); raise ValueError('loud')",
    "in a thread": "each = threading.Thread(target={act}); each.start(); each.join()",
}


def write_project(folder: Path, end: str) -> list[str]:
    """Write a project of nodes that each change a state, and end so, and of others that look; return them in turn."""
    texts, names = ["import threading"], []
    for number, state in enumerate(STATES):
        texts.append(
            textwrap.dedent(f"""
                import {state.imports}

                def _act{number}() -> None:
                    {state.loud}

                def loud{number}() -> object:
                    {end.format(act=f"_act{number}", look=state.look)}

                def quiet{number}() -> object:
                    return {state.look}
            """)
        )
        names += [f"loud{number}", f"quiet{number}"]
    write_files(
        folder,
        {"dagbuild.toml": 'modules = ["state_nodes"]\nexecutor = "inline"\n', "state_lib.py": STATE_LIB},
    )
    (folder / "state_nodes.py").write_text("\n".join(texts))
    return names


def look() -> dict[str, Any]:
    """Return what stands in this process, by state."""
    names: dict[str, Any] = {}
    for state in STATES:  # first of all: some change something when they are imported
        exec(f"import {state.imports}", names)
    return {state.name: eval(state.look, names) for state in STATES}


def find_differences(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Return both of what differs."""
    return {name: (found[name], wanted[name]) for name in wanted if found[name] != wanted[name]}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose modules can be imported by the test, too, and which is the working folder.

    What other tests have run may have had a loop of asyncio's.
    """
    monkeypatch.setattr(asyncio.events, "_event_loop_policy", None)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("undeclared", ["track", "off"])
@pytest.mark.parametrize("end", ENDS)
def test_a_node_finds_what_importing_left(end: str, undeclared: str, project: Path) -> None:
    """Neither the next node nor the caller sees what a node has set, whether it returned, failed or used a thread."""
    names = write_project(project, ENDS[end])
    with (project / "dagbuild.toml").open("a") as settings:
        settings.write(f'[build]\nundeclared = "{undeclared}"\n')
    found = look()

    result = build(project, *names, keep_going=True)

    values = {state.name: result.values.get(f"quiet{number}") for number, state in enumerate(STATES)}
    assert find_differences(values, found) == {}
    assert find_differences(look(), found) == {}


def test_what_the_table_calls_loud_is(project: Path) -> None:
    """Each of these nodes sees what it has set: that nobody else does is not for want of trying."""
    names = write_project(project, ENDS["returns"])

    result = build(project, *names)

    same = [
        state.name
        for number, state in enumerate(STATES)
        if result.values[f"loud{number}"] == result.values[f"quiet{number}"]
    ]
    assert same == []


def test_nothing_is_said_of_what_is_put_back(project: Path) -> None:
    """Whatever a node sets, the next one finds it as it was: there is nothing to tell of."""
    names = write_project(project, ENDS["returns"])

    build(project, *names)

    with closing(Project.load(project)) as opened:
        notes = {record.node: record.notes for record in opened.log() if record.notes}
    assert notes == {}


LATE = """
    import decimal
    import os
    import sys
    import warnings

    import state_lib

    os.environ["STATE_LATE"] = "late"
    os.environ.pop("STATE_GOES", None)
    sys.path.append("/late")
    warnings.simplefilter("ignore", BytesWarning)
    state_lib.MODE.set("late")
"""

LOADING = """
    import importlib
    import os
    import sys
    import warnings

    import state_lib

    def _load() -> None:
        importlib.import_module("_".join(["state", "late"]))

    def _look() -> tuple[object, ...]:
        filters = [category for _, _, category, *_ in warnings.filters if category is BytesWarning]
        return (
            os.environ.get("STATE_LATE"), os.environ.get("STATE_GOES"), os.environ.get("STATE_OWN"), sys.path[-1],
            "/own" in sys.path, len(filters), state_lib.MODE.get(None),
        )

    def plain() -> tuple[object, ...]:
        _load()
        return _look()

    def busy() -> int:
        os.environ["STATE_OWN"] = "own"
        sys.path.insert(0, "/own")
        warnings.simplefilter("error")
        _load()
        os.environ["STATE_OWN"] = "more"
        sys.path.append("/own")
        return 1

    def after() -> tuple[object, ...]:
        _load()
        return _look()
"""


@pytest.mark.parametrize("first", ["plain", "busy"])
def test_what_a_late_import_sets_stays(first: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that only a node imports leaves what it sets to all of them; what the node sets around that goes."""
    monkeypatch.setenv("STATE_GOES", "here")
    monkeypatch.delenv("STATE_LATE", raising=False)
    monkeypatch.setattr(warnings, "filters", [*warnings.filters])
    files = {
        "dagbuild.toml": 'modules = ["state_nodes"]\nexecutor = "inline"\n',
        "state_lib.py": STATE_LIB,
        "state_late.py": LATE,
    }
    write_files(project, {**files, "state_nodes.py": LOADING})
    before = [each for each in warnings.filters if each[2] is BytesWarning]

    result = build(project, first, "after")

    assert result.values["after"] == ("late", None, None, "/late", False, len(before) + 1, "late")
    os.environ.pop("STATE_LATE")


IMPORTING = """
    import sys

    def _list(package: str) -> list[str]:
        return sorted(name for name in sys.modules if name.split(".")[0] == package)
"""


def test_a_library_that_only_a_node_imports_is_imported_as_ever(tmp_path: Path) -> None:
    """To keep its state asks nothing of it for which it would import more; in a process that has none of them yet."""
    modules = sorted({kind.module for kind in KINDS} - sys.stdlib_module_names)
    nodes = [
        f"    def node{number}() -> list[str]:\n        import {module}\n        return _list({module.split('.')[0]!r})\n"
        for number, module in enumerate(modules)
    ]
    write_files(
        tmp_path,
        {
            "dagbuild.toml": 'modules = ["importing_nodes"]\nexecutor = "inline"\n',
            "importing_nodes.py": IMPORTING + "\n" + "\n".join(nodes),
            "plain.py": "import importing_nodes as all, json, sys\n"
            "print(json.dumps(getattr(all, sys.argv[1])()))\n",
        },
    )
    for number in range(len(modules)):
        name = f"node{number}"
        words = [sys.executable, "-m", "dagbuild", "build", name, "-o", f"{name}.json"]
        subprocess.run(words, cwd=tmp_path, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
        plain = subprocess.run(
            [sys.executable, "plain.py", name], cwd=tmp_path, check=True, capture_output=True
        )

        assert json.loads((tmp_path / f"{name}.json").read_text()) == json.loads(plain.stdout)


def test_a_library_whose_import_is_undone_holds_up_no_node(tmp_path: Path) -> None:
    """An import that fails in the end leaves less than there was meanwhile; in a process that nobody else needs."""
    code = """
        import sys

        def undoes() -> int:
            import matplotlib
            for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
                del sys.modules[name]
            return 1

        def after(undoes: int) -> int:
            import matplotlib
            matplotlib.rcParams["lines.linewidth"] = 9
            return 2

        def last(after: int) -> float:
            import matplotlib
            return matplotlib.rcParams["lines.linewidth"]
    """
    write_files(
        tmp_path, {"dagbuild.toml": 'modules = ["undoing"]\nexecutor = "inline"\n', "undoing.py": code}
    )

    words = [sys.executable, "-m", "dagbuild", "build", "last", "-o", "last.json"]
    subprocess.run(words, cwd=tmp_path, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})

    assert json.loads((tmp_path / "last.json").read_text()) == 1.5


def test_a_thread_keeps_what_is_its_own() -> None:
    """A build in another thread, while one holds the state, puts nothing there that was found in this one."""
    asyncio.set_event_loop(mine := asyncio.new_event_loop())
    other = asyncio.new_event_loop()
    found: list[object] = []

    def run() -> None:
        asyncio.set_event_loop(other)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
        with Hold(lambda: ()) as held, held.call("step", lost):
            pass
        found.extend((asyncio.get_event_loop(), signal.pthread_sigmask(signal.SIG_BLOCK, ())))

    lost: list[str] = []
    try:
        with Hold(lambda: ()) as held, held.call("first", lost):
            pass
        with Hold(lambda: ()):
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
        assert found == [other, {signal.SIGUSR2}]
        assert asyncio.get_event_loop() is mine
        assert lost == []
    finally:
        asyncio.set_event_loop(None)
        mine.close()
        other.close()
