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
        import glob
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

        @reads("data/**/*.csv")
        def deep() -> str:
            return "".join(open(p).read() for p in sorted(glob.glob("data/**/*.csv", recursive=True)))

        @reads("data/*")
        def more() -> str:
            return "".join(open(p).read() for p in sorted(glob.glob("data/**/*.csv", recursive=True)))

        def given(folder: Files) -> str:
            return "".join(open(p).read() for p in folder)

        def own() -> str:
            return "".join(open(p).read() for p in sorted(glob.glob("data/**/*.csv", recursive=True)))

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


LINKED = ("read", "deep", "more", "given", "own")
BEHIND = {
    "another content": ("disk/x.csv", "X"),
    "a file more": ("disk/z.csv", "Z"),
    "a file more, deep": ("disk/deep/z.csv", "Z"),
}


@pytest.mark.parametrize("node", LINKED)
@pytest.mark.parametrize("change", BEHIND)
def test_what_lies_behind_a_link_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node: str, change: str
) -> None:
    """A part of the data is a link to a large disk: what is there is the node's input as what is here."""
    project = tmp_path / "project"
    text = FILES["nodes.py"].replace("[ab]", "*")
    write_files(project, {**FILES, "nodes.py": text, "../disk/x.csv": "x", "../disk/deep/y.csv": "y"})
    (project / "data" / "raw").symlink_to("../../disk")
    (project / "data" / "sub" / "around").symlink_to("..")
    monkeypatch.chdir(project)
    python_follows = node != "read"  # Path.rglob does not
    before = build(project, node)
    path, content = BEHIND[change]
    write_files(tmp_path, {path: content})

    after = build(project, node)
    again = build(project, node)
    forget_modules(project)

    assert ("y" in before.values[node]) == python_follows
    assert computed(after) == {node} and computed(again) == set()
    assert (content in after.values[node]) == python_follows


def test_a_pattern_covers_what_it_matches(project: Path) -> None:
    """`data/*` matches a folder, and does not speak of what is in it: that is observed."""
    build(project, "more")
    write_files(project, {"data/sub/b.csv": "3"})

    result = build(project, "more")
    forget_modules(project)

    assert result.values["more"] == "13"


def test_the_cache_is_no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it lies in the folder that is the input, whatever it is called."""
    text = 'modules = ["nodes"]\n[cache]\nfolder = "data/kept"\n[inputs]\nfolder = "data"\n'
    write_files(tmp_path, {**FILES, "dagbuild.toml": text})
    monkeypatch.chdir(tmp_path)
    build(tmp_path, "taken", "read")

    result = build(tmp_path, "taken", "read")
    forget_modules(tmp_path)

    assert (tmp_path / "data" / "kept" / "format").is_file()
    assert computed(result) == set()
    assert result.values["taken"] == ["a.csv", "b.csv"]
