"""Which files a name stands for: behind links, without litter, and never without an end."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagbuild.ground.litter import CACHE_MARK, CACHE_MARKED
from dagbuild.ground.matching import find_files, match
from tests.support import write_files

FILES = {
    "data/a.csv": "", "data/b.txt": "", "data/sub/c.csv": "", "data/sub/deep/d.csv": "", "data/x[1]/e.csv": "",
    "data/.hidden.csv": "", "data/.git/f.csv": "", "data/sub/g.csv~": "", "data/__pycache__/h.csv": "",
    "data/kept/i.csv": "", f"data/kept/{CACHE_MARK}": CACHE_MARKED,
    "disk/l.csv": "", "disk/deep/m.csv": "", "disk/.n.csv": "",
}  # fmt: skip

NAMED = {
    "a file": ("data/a.csv", "data/a.csv"),
    "nothing": ("data/z.csv", ""),
    "a folder": ("data", "data/a.csv data/b.txt data/raw/deep/m.csv data/raw/l.csv data/sub/c.csv"
                         " data/sub/deep/d.csv data/x[1]/e.csv"),
    "a folder called like a pattern": ("data/x[1]", "data/x[1]/e.csv"),
    "a link": ("data/raw", "data/raw/deep/m.csv data/raw/l.csv"),
    "*": ("data/*", "data/a.csv data/b.txt"),
    "*.csv": ("data/*.csv", "data/a.csv"),
    "*/*.csv": ("data/*/*.csv", "data/raw/l.csv data/sub/c.csv data/x[1]/e.csv"),
    "*/deep/*": ("data/*/deep/*", "data/raw/deep/m.csv data/sub/deep/d.csv"),
    "**": ("data/sub/**", "data/sub/c.csv data/sub/deep/d.csv"),
    "**/*.csv": ("data/**/*.csv", "data/a.csv data/raw/deep/m.csv data/raw/l.csv data/sub/c.csv data/sub/deep/d.csv"
                                  " data/x[1]/e.csv"),
    "**/deep/**": ("data/**/deep/**", "data/raw/deep/m.csv data/sub/deep/d.csv"),
    "**/**/?.txt": ("data/**/**/?.txt", "data/b.txt"),
    "..": ("data/*/../a.csv", "data/sub/../a.csv data/x[1]/../a.csv"),
    "hidden, named": ("data/.hidden.csv", "data/.hidden.csv"),
    "hidden, meant": ("data/.h*", "data/.hidden.csv"),
    "hidden folder, named": ("data/.git", "data/.git/f.csv"),
    "hidden folder in a pattern": ("data/.git/*", "data/.git/f.csv"),
    "an editor's, meant": ("data/sub/*~", "data/sub/g.csv~"),
    "a cache, named": ("data/kept", f"data/kept/{CACHE_MARK} data/kept/i.csv"),
}  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_files(tmp_path, FILES)
    (tmp_path / "data" / "raw").symlink_to("../disk")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", NAMED)
def test_a_name_stands_for_files(here: Path, kind: str) -> None:
    """By their whole paths, in order."""
    name, expected = NAMED[kind]

    assert find_files(f"{here}/{name}") == [f"{here}/{each}" for each in expected.split()]


LOOPS = {
    "to its folder": {"data/sub/loop": "."},
    "to itself": {"data/sub/loop": "loop"},
    "to what is above": {"data/sub/loop": ".."},
    "through another": {"data/sub/loop": "../../disk", "disk/loop": "../data/sub"},
    "two that double each step": {"data/sub/loop": ".", "data/sub/pool": "."},
    "to nowhere": {"data/sub/loop": "gone"},
}


@pytest.mark.parametrize("kind", LOOPS)
def test_loops_of_links_end(here: Path, kind: str) -> None:
    """What is reached without going round is found, and nothing twice by the same way."""
    for link, target in LOOPS[kind].items():
        (here / link).symlink_to(target)

    for name in ("data/sub", "data/sub/**/*.csv"):
        found = find_files(str(here / name))

        assert len(found) == len(set(found)) < 12
        assert {str(here / "data/sub/c.csv"), str(here / "data/sub/deep/d.csv")} <= set(found)


def test_a_match_may_be_anything(here: Path) -> None:
    """Folders, links to nowhere, hidden names: who lists names sees them all."""
    (here / "data" / "gone").symlink_to("nowhere")

    names = {Path(path).name for path in match(str(here / "data" / "*"))}

    assert names == {
        "a.csv",
        "b.txt",
        "sub",
        "x[1]",
        ".hidden.csv",
        ".git",
        "__pycache__",
        "kept",
        "raw",
        "gone",
    }


def test_what_cannot_be_listed_holds_nothing(here: Path) -> None:
    """As for the node, which cannot read it either."""
    assert find_files(str(here / "nowhere" / "*.csv")) == []
    assert find_files(str(here / "data" / "a.csv" / "*")) == []
