"""Which files are rewritten, and how they are written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dagbuild.ground.errors import InputError
from dagbuild.migration.files import find_files, write_file
from tests.support import write_files


def test_finds_code_of_the_project(tmp_path: Path) -> None:
    """No hidden folders, environments and caches; what a link leads to only where it is named; nothing twice."""
    names = [
        "a.py",
        "b/n.ipynb",
        "b/t.txt",
        ".git/x.py",
        "env/lib/x.py",
        "c/__pycache__/x.py",
        "b/.ipynb_checkpoints/n.ipynb",
    ]
    write_files(tmp_path, {**dict.fromkeys(names, ""), "env/pyvenv.cfg": ""})
    (tmp_path / "link.py").symlink_to("a.py")

    assert find_files([str(tmp_path)]) == [tmp_path / "a.py", tmp_path / "b" / "n.ipynb"]
    assert find_files([str(tmp_path / "link.py"), str(tmp_path)])[0] == tmp_path / "link.py"
    assert len(find_files([str(tmp_path / "link.py"), str(tmp_path)])) == 2
    assert find_files([str(tmp_path / "env")]) == [tmp_path / "env" / "lib" / "x.py"]


def test_refuses_all_other_paths_together(tmp_path: Path) -> None:
    """What is not there, and what is no code."""
    (tmp_path / "t.txt").write_text("")

    with pytest.raises(InputError) as caught:
        find_files([str(tmp_path / "t.txt"), "nowhere.py"])

    assert len(caught.value.problems) == 2


def test_writes_through_links_and_keeps_the_mode(tmp_path: Path) -> None:
    """The link stays one; nothing else is left in the folder."""
    target, link = tmp_path / "a.py", tmp_path / "link.py"
    target.write_text("old")
    target.chmod(0o754)
    link.symlink_to("a.py")

    write_file(link, b"new")

    assert (target.read_text(), target.stat().st_mode & 0o777, link.is_symlink()) == ("new", 0o754, True)
    assert len(os.listdir(tmp_path)) == 2


def test_says_what_cannot_be_written(tmp_path: Path) -> None:
    """The file is as it was."""
    with pytest.raises(InputError, match="cannot be written: No such file"):
        write_file(tmp_path / "gone" / "a.py", b"new")
