"""Where the files of a step are on another machine."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.executors.base import Work
from dagbuild.executors.copied import Copy, OtherFilesError
from dagbuild.store import FileDigests
from dagbuild.store.declared import DeclaredFiles
from dagbuild.store.local import LocalStore
from dagbuild.testing.works import keep
from tests.support import write_files

FILES = {"data/a.txt": "a", "data/b.txt": "b"}


def one() -> int:
    return 1


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(LocalStore(tmp_path / "cache"))


@pytest.fixture
def work(tmp_path: Path, artifacts: Artifacts) -> Work:
    """A step that takes a file and a folder of the project in "there", of which "here" is a copy."""
    there, files = tmp_path / "there", FileDigests()
    write_files(there, FILES)
    shutil.copytree(there, tmp_path / "here")
    declared = [
        DeclaredFiles(str(there), ("data/a.txt",), single=True),
        DeclaredFiles(str(there), ("data",), single=False),
    ]
    paths = {"one_file": str(there / "data/a.txt"), "folder": [str(there / name) for name in FILES]}
    return dataclasses.replace(
        keep(one),
        values={name: artifacts.save(value) for name, value in paths.items()},
        files=frozenset(paths),
        declared=tuple((each, each.digest(files)) for each in declared),
    )


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(str(tmp_path / "there"), str(tmp_path / "here"), FileDigests())


def test_files_are_those_of_the_copy(work: Work, copy: Copy, artifacts: Artifacts, tmp_path: Path) -> None:
    """Where the driver's folder is out of reach, and where it is not."""
    near = copy.bring(work, artifacts)
    shutil.rmtree(copy.there)
    far = copy.bring(work, artifacts)

    here = tmp_path / "here"
    assert near == far
    assert far.held == {"one_file": str(here / "data/a.txt"), "folder": [str(here / name) for name in FILES]}
    assert [declared.root for declared, _ in far.declared] == [str(here)] * 2


def test_files_that_did_not_come_along_are_read_where_they_are(
    work: Work, copy: Copy, artifacts: Artifacts
) -> None:
    """In a folder that all machines have; all of them, so that nothing is of two states."""
    (Path(copy.here) / "data/b.txt").unlink()

    assert copy.bring(work, artifacts) == work


def test_a_step_whose_files_are_nowhere_says_which_ones(work: Work, copy: Copy, artifacts: Artifacts) -> None:
    """Rather than run on some of them."""
    (Path(copy.here) / "data/b.txt").unlink()
    shutil.rmtree(copy.there)

    with pytest.raises(OtherFilesError, match=r"has not what 'one' takes .*: data\n  try: .*gitignore"):
        copy.bring(work, artifacts)


def test_a_file_of_other_content_is_another_one(work: Work, copy: Copy, artifacts: Artifacts) -> None:
    """A copy that is older than the build's file is not read."""
    (Path(copy.here) / "data/a.txt").write_text("old")
    shutil.rmtree(copy.there)

    with pytest.raises(OtherFilesError, match=r"data/a\.txt"):
        copy.bring(work, artifacts)


def test_urls_and_paths_elsewhere_stay(copy: Copy, artifacts: Artifacts, tmp_path: Path) -> None:
    """A file outside of the project is looked for where it is named."""
    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_text("x")
    outside = DeclaredFiles(copy.there, (str(elsewhere),), single=True)
    digest = outside.digest(FileDigests())
    url = (DeclaredFiles(copy.there, ("s3://bucket/x",), single=True), digest)
    work = dataclasses.replace(
        keep(one),
        values={"file": artifacts.save(str(elsewhere)), "url": artifacts.save("s3://bucket/x")},
        files=frozenset({"file", "url"}),
        declared=((outside, digest), url),
    )

    brought = copy.bring(work, artifacts)

    assert brought.held == {"file": str(elsewhere), "url": "s3://bucket/x"}
    assert brought.declared[1] == url
