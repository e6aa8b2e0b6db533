"""What one node reads and others find in memory counts for all of them: here, on Ray, by settings, by a Driver."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dagbuild import Driver
from dagbuild.plan.events import BuildResult
from tests.support import build, computed, load_project, write_files

TOML = 'modules = ["remembering"]\n[executor]\nkind = "{kind}"\n'
NODES = """
from remembered import ROOT, load

def a() -> str:
    return "a" + load()

def b() -> str:
    return "b" + load()

def c() -> str:
    return "c" + load()

def d() -> str:
    return "d" + load()

def alone() -> str:
    return (ROOT / "own.txt").read_text()
"""
HEAD = """
import functools
from pathlib import Path

ROOT = Path(__file__).parent
"""
CACHED = """
@functools.lru_cache
def load():
    return (ROOT / "k.txt").read_text()
"""
GLOBAL = """
T = None

def load():
    global T
    if T is None:
        T = (ROOT / "k.txt").read_text()
    return T
"""
PROPERTY = """
class Store:
    @functools.cached_property
    def text(self):
        return (ROOT / "k.txt").read_text()

_STORE = Store()

def load():
    return _STORE.text
"""
KINDS = {"cached": CACHED, "global": GLOBAL, "property": PROPERTY, "warmed": CACHED + "\nload()\n"}
SHARING = ("a", "b", "c", "d")
ALL = (*SHARING, "alone")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_files(tmp_path, {"remembering.py": NODES, "k.txt": "1", "own.txt": "mine"})
    return tmp_path


@pytest.fixture(params=["local", "inline", "ray"])
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "ray":
        request.getfixturevalue("local_ray")
    return str(request.param)


# Processes of a cluster outlive the build, and an object's attribute cannot be emptied.
WHERE = [
    (kind, name)
    for kind in ("local", "inline", "ray")
    for name in KINDS
    if (kind, name) != ("ray", "property")
]


@pytest.mark.xdist_group("ray")
@pytest.mark.parametrize(("kind", "memory"), WHERE, indirect=["kind"])
def test_everybody_who_takes_it_from_memory_runs_when_it_changes(
    project: Path, kind: str, memory: str
) -> None:
    """Also the nodes that opened nothing, and nobody else; then nothing runs again."""
    write_files(project, {"dagbuild.toml": TOML.format(kind=kind), "remembered.py": HEAD + KINDS[memory]})
    build(project, *ALL)
    (project / "k.txt").write_text("22")

    changed = build(project, *ALL)
    again = build(project, *ALL)

    assert computed(changed) == set(SHARING)
    assert changed.values == {**{name: f"{name}22" for name in SHARING}, "alone": "mine"}
    assert computed(again) == set()


@pytest.mark.xdist_group("ray")
def test_a_driver_whose_workers_import_for_themselves(
    project: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Driver is given modules; what its workers read while they import those is seen."""
    write_files(project, {"remembered.py": HEAD + CACHED})
    monkeypatch.syspath_prepend(str(project))

    def run() -> BuildResult:
        for name in ("remembering", "remembered"):
            sys.modules.pop(name, None)
        driver = Driver(
            {}, importlib.import_module("remembering"), cache=project / "cache", executor=kind, root=project
        )
        try:
            result = driver.project.build(list(ALL), values=True)
        finally:
            driver.project.close()
        return result

    run()
    (project / "k.txt").write_text("22")

    changed = run()

    assert computed(changed) == set(SHARING)
    assert changed.values["d"] == "d22"
    assert computed(run()) == set()


# -- one process, several builds -------------------------------------------------------------------------------------


@pytest.mark.parametrize("memory", KINDS.values(), ids=KINDS.keys())
def test_memory_of_an_earlier_build(project: Path, memory: str) -> None:
    """A node that is built later in the same process depends on what an earlier build has read."""
    write_files(project, {"dagbuild.toml": TOML.format(kind="inline"), "remembered.py": HEAD + memory})
    loaded = load_project(project)
    loaded.build(["a"])
    loaded.build(["b"])
    loaded.close()
    (project / "k.txt").write_text("22")

    changed = build(project, "a", "b")

    assert computed(changed) == {"a", "b"}
    assert changed.values == {"a": "a22", "b": "b22"}


@pytest.mark.parametrize("memory", [CACHED, GLOBAL], ids=["cached", "global"])
def test_memory_of_what_has_changed_since_is_emptied(project: Path, memory: str) -> None:
    """In one process, after an edit, nodes get what is there now, as in a new process."""
    write_files(project, {"dagbuild.toml": TOML.format(kind="inline"), "remembered.py": HEAD + memory})
    loaded = load_project(project)
    loaded.build(["a"])
    (project / "k.txt").write_text("22")

    changed = loaded.build(["a", "b"], values=True)
    loaded.close()

    assert changed.values == {"a": "a22", "b": "b22"}
    assert build(project, "a", "b").values == changed.values


def test_memory_that_cannot_be_emptied_is_told_and_counts_as_it_was(project: Path) -> None:
    """A record says the content that memory held: a new process reads again."""
    write_files(project, {"dagbuild.toml": TOML.format(kind="inline"), "remembered.py": HEAD + PROPERTY})
    loaded = load_project(project)
    loaded.build(["a"])
    (project / "k.txt").write_text("22")

    events: list[object] = []
    old = loaded.build(["b"], values=True, on_event=events.append)
    loaded.close()

    assert old.values == {"b": "b1"}
    assert any("as it was before it changed" in str(event) for event in events)
    assert build(project, "b").values == {"b": "b22"}


def test_memory_that_a_failed_node_filled(project: Path) -> None:
    """A node may fail after it has read: what it read stays in memory, for others."""
    files = {
        "dagbuild.toml": TOML.format(kind="inline"),
        "remembered.py": HEAD + CACHED,
        "remembering.py": NODES.replace('return "a" + load()', "raise ValueError(load())"),
    }
    write_files(project, files)
    failed = build(project, "a", "b", keep_going=True)
    (project / "k.txt").write_text("22")

    changed = build(project, "b")

    assert computed(failed) == {"b"}
    assert changed.values == {"b": "b22"}


def test_a_reload_forgets(project: Path) -> None:
    """What the former functions had read is nobody's: the new ones have read nothing."""
    write_files(project, {"dagbuild.toml": TOML.format(kind="inline"), "remembered.py": HEAD + CACHED})
    loaded = load_project(project)
    loaded.build(["a"])
    loaded.close()
    other = CACHED.replace("k.txt", "own.txt")
    write_files(project, {"remembered.py": HEAD + other})
    loaded = load_project(project)
    loaded.build(["a", "b"])
    loaded.close()
    (project / "k.txt").write_text("22")

    assert computed(build(project, "a", "b")) == set()


def test_a_declared_file_counts_for_those_who_do_not_declare_it(project: Path) -> None:
    """One node declares what it reads, another finds it in memory: both depend on it, and neither fails."""
    declares = NODES.replace("def a()", '@reads("k.txt")\ndef a()').replace(
        "from remembered", "from dagbuild import reads\nfrom remembered"
    )
    # That `a` comes first, and so reads, is all that `b` takes of it: the value says nothing.
    declares = declares.replace("def b()", "def first(a: str) -> int:\n    return 0\n\ndef b(first: int)")
    toml = TOML.format(kind="inline") + '[build]\nundeclared = "error"\n'
    write_files(project, {"dagbuild.toml": toml, "remembered.py": HEAD + CACHED, "remembering.py": declares})
    build(project, "a", "b")
    (project / "k.txt").write_text("22")

    changed = build(project, "a", "b")

    assert computed(changed) == {"a", "first", "b"}
    assert changed.values == {"a": "a22", "b": "b22"}


SCRIPT = """
import sys
from dagbuild import Driver
import remembering

Driver({}, remembering).execute(["b"], on_event=print)
"""


def test_what_was_in_memory_before_anybody_looked_is_told(project: Path) -> None:
    """A loader that was called before the Driver was there cannot be seen: its nodes say so."""
    write_files(project, {"remembered.py": HEAD + KINDS["warmed"], "script.py": SCRIPT})

    told = subprocess.run(
        [sys.executable, "script.py"], cwd=project, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])},
    )  # fmt: skip

    assert "takes from memory what `load` was asked for before dagbuild looked" in told.stdout
