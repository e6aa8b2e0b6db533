"""With observation switched off nothing of the process is another's: for a Driver in a web server, say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dagbuild import Driver
from dagbuild.ground.errors import UserError
from dagbuild.plan.plan import Status
from tests.support import build, computed, load_project, write_files

LOOK = """
import json, os, sys, threading, types, multiprocessing.process, builtins
import duckdb, h5py, polars, pyarrow.csv, pyarrow.json, pyarrow.parquet, pyarrow.dataset, pyarrow.feather, pyarrow.orc

hooks = []
add, sys.addaudithook = sys.addaudithook, lambda hook: (hooks.append(hook), add(hook))

def look():
    found = {
        "hooks": len(hooks), "finders": [id(each) for each in sys.meta_path], "streams": [id(sys.stdout), id(sys.stderr)],
        "tools": [sys.monitoring.get_tool(tool) for tool in range(6)] if hasattr(sys, "monitoring") else [],
        "tracing": [sys.gettrace(), sys.getprofile()], "environ": id(os.environ), "importing": id(builtins.__import__),
    }
    holders = [os, os._Environ, threading, threading.Thread, multiprocessing.process.BaseProcess, sys, builtins,
               duckdb, duckdb.DuckDBPyConnection, h5py.File, polars, polars.DataFrame, polars.LazyFrame, pyarrow,
               pyarrow.csv, pyarrow.json, pyarrow.parquet, pyarrow.parquet.core, pyarrow.parquet.ParquetFile,
               pyarrow.dataset, pyarrow.feather, pyarrow.orc.ORCFile]
    for holder in holders:
        for name, thing in vars(holder).items():
            if callable(thing) and name[:1] != "_" or name in {"__init__", "__getitem__", "__iter__"}:
                code = thing.__code__ if isinstance(thing, types.FunctionType) else None
                found[f"{holder.__name__}.{name}"] = (id(thing), id(code))
    return found

def differences(before, after):
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))

before = look()
"""

IN_DRIVER = """
from dagbuild import Driver
nodes = types.ModuleType("nodes")
nodes.look, nodes.differences, nodes.before = look, differences, before
exec("def within() -> list: return differences(before, look())", nodes.__dict__)
within = Driver({}, nodes, cache=None, undeclared=sys.argv[1], executor="inline").execute(["within"])["within"]
"""

IN_PROJECT = """
from pathlib import Path
Path("nodes.py").write_text("import __main__ as m\\ndef within() -> list: return m.differences(m.before, m.look())\\n")
Path("dagbuild.toml").write_text(f'modules = ["nodes"]\\n[build]\\nundeclared = "{sys.argv[1]}"\\n[executor]\\nkind = "inline"\\n')
from dagbuild.project.project import Project
within = Project.load(Path.cwd()).build(["within"], values=True).values["within"]
"""

TELL = "\nsys.stdout.write(json.dumps([within, differences(before, look())]))\n"


def tell(folder: Path, script: str, undeclared: str) -> tuple[list[str], list[str]]:
    """Return what of the process is changed while a node runs, and afterwards."""
    run = subprocess.run(
        [sys.executable, "-c", LOOK + script + TELL, undeclared],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert run.returncode == 0, run.stderr[-2000:]
    within, after = json.loads(run.stdout)
    return within, after


@pytest.mark.parametrize("script", [IN_DRIVER, IN_PROJECT], ids=["Driver", "dagbuild.toml"])
def test_nothing_of_the_process_is_changed(tmp_path: Path, script: str) -> None:
    """Neither while a node runs nor afterwards; the same look sees what is changed otherwise."""
    assert tell(tmp_path, script, "off") == ([], [])

    within, after = tell(tmp_path, script, "track")
    assert {"hooks", "finders", "streams", "duckdb.sql", "duckdb.execute", "_Environ.__getitem__"} <= set(
        within
    )
    assert "hooks" in after and "streams" not in after


FILES = {
    "dagbuild.toml": 'modules = ["nodes"]\n',
    "x.txt": "1",
    "nodes.py": """
        from pathlib import Path

        def reads() -> str:
            return (Path(__file__).parent / "x.txt").read_text()

        def below(reads: str) -> int:
            return int(reads) * 10
    """,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_files(tmp_path, FILES)
    return tmp_path


def _switch(project: Path, undeclared: str) -> None:
    (project / "dagbuild.toml").write_text(f'modules = ["nodes"]\n[build]\nundeclared = "{undeclared}"\n')


def test_what_nobody_watched_counts_only_where_nobody_watches(project: Path) -> None:
    """A value made unwatched may be stale for all that is known, so a build that watches makes it again."""
    _switch(project, "off")
    first = build(project, "below")
    again = build(project, "below")
    (project / "x.txt").write_text("2")
    unseen = build(project, "below")
    _switch(project, "track")
    step = load_project(project).status(["below"]).steps["reads"]
    watched = build(project, "below")

    assert first.values["below"] == 10 and computed(first) == {"reads", "below"}
    assert computed(again) == set() and computed(unseen) == set() and unseen.values["below"] == 10
    assert step.status is Status.STALE
    assert [str(reason) for reason in step.reasons] == ["nobody watched what it read"]
    assert watched.values["below"] == 20 and computed(watched) == {"reads", "below"}
    assert computed(build(project, "below")) == set()


def test_what_was_watched_counts_as_long_as_it_holds(project: Path) -> None:
    """A build that does not watch still asks whether what others saw is so."""
    build(project, "below")
    _switch(project, "off")
    same = build(project, "below")
    (project / "x.txt").write_text("3")
    changed = build(project, "below")

    assert computed(same) == set()
    assert changed.values["below"] == 30 and computed(changed) == {"reads", "below"}


def test_another_word_is_refused() -> None:
    with pytest.raises(UserError, match="'track', 'warn', 'error', 'off', not 'no'"):
        Driver({}, undeclared="no")
