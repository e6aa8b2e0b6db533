"""What tools drop into folders of data: no edit, unless a node reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagbuild.store.declared import DeclaredFiles
from tests.support import build, computed, forget_modules, write_files

LITTER = [
    ".DS_Store", "sub/.DS_Store", "__pycache__/x.pyc", ".ipynb_checkpoints/a-checkpoint.csv", ".a.csv.swp", "Thumbs.db",
    "desktop.ini", "a.csv~", ".~lock.a.csv#", ".nfs000000000001", ".git/HEAD",
]  # fmt: skip
FILES = {
    "dagbuild.toml": 'modules = ["nodes"]\n[inputs]\nfolder = "data"\n',
    "data/a.csv": "1",
    "data/sub/b.csv": "2",
    "nodes.py": """
        from pathlib import Path

        from dagbuild import Files, reads

        def taken(folder: Files) -> list[str]:
            return sorted(Path(file).name for file in folder)

        @reads("data")
        def read() -> str:
            return "".join(p.read_text() for p in sorted(Path("data").rglob("[ab].csv")))

        @reads("data/*")
        def matched() -> str:
            return Path("data/a.csv").read_text()

        @reads("data")
        def hidden() -> str:
            path = Path("data/.extra.csv")
            return path.read_text() if path.exists() else "none"
    """,
}
NODES = ("taken", "read", "matched")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_files(tmp_path, FILES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", LITTER)
def test_litter_is_no_edit(project: Path, name: str) -> None:
    """Of a folder, and of a pattern that matches it; a node that is given the files does not get it."""
    build(project, *NODES)
    write_files(project, {f"data/{name}": "litter"})

    result = build(project, *NODES)
    forget_modules(project)

    assert computed(result) == set()
    assert result.values["taken"] == ["a.csv", "b.csv"]


def test_data_is_an_edit(project: Path) -> None:
    """A file more, and a file with another content."""
    build(project, *NODES)
    write_files(project, {"data/c.csv": "3"})
    more = build(project, *NODES)
    write_files(project, {"data/sub/b.csv": "4"})
    other = build(project, *NODES)
    forget_modules(project)

    assert computed(more) == {"taken", "read", "matched"}
    assert more.values["taken"] == ["a.csv", "b.csv", "c.csv"]
    assert "read" in computed(other)
    assert other.values["read"] == "14"


def test_litter_that_a_node_reads_counts(project: Path) -> None:
    """Its folder was declared, and that does not speak of it: what is read is observed."""
    write_files(project, {"data/.extra.csv": "first"})
    build(project, "hidden")
    write_files(project, {"data/.extra.csv": "other"})

    result = build(project, "hidden")
    forget_modules(project)

    assert result.values["hidden"] == "other"


@pytest.mark.parametrize("name", ["data/.extra.csv", "data/.e*", "data/.hidden"])
def test_who_names_it_means_it(project: Path, name: str) -> None:
    """A file, a pattern or a folder that is hidden itself."""
    write_files(project, {"data/.extra.csv": "1", "data/.hidden/x.csv": "1"})

    found = DeclaredFiles(str(project), (name,), single=False).find()

    assert [Path(path).name for path in found] == ["x.csv" if name.endswith("hidden") else ".extra.csv"]
