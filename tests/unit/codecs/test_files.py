"""Files as values: what their artifacts say, and what is refused."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from dagbuild.codecs.files import FilePiece
from dagbuild.ground.errors import CodecError
from dagbuild.ground.filetree import is_there
from tests.unit.codecs.test_pickles import Spy


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """Something that a pickle holds."""

    page: object
    score: float


@pytest.fixture
def page(tmp_path: Path) -> Any:
    path = tmp_path / "made" / "page.html"
    path.parent.mkdir()
    path.write_bytes(os.urandom(3_000_000))
    return path


def test_is_data_and_says_so(artifacts: Any, page: Any) -> None:
    """No code runs to read it; it is described without its bytes."""
    artifact = artifacts.save(page, takes=is_there)

    assert (artifact.codec, artifact.code) == ("files/1", False)
    assert artifacts.describe(artifact) == {
        "kind": "file", "name": "page.html", "size": 3_000_000, "codec": "files/1", "bytes": 3_000_000,
    }  # fmt: skip
    assert artifacts.load(artifact).read_bytes() == page.read_bytes()
    assert artifacts.encode(page, takes=is_there)[0] == artifact


def test_content_name_and_mode_are_the_value_and_the_place_is_not(
    artifacts: Any, page: Any, tmp_path: Path
) -> None:
    """The same file elsewhere is the same artifact; another name, mode or byte is another."""
    digest = artifacts.save(page, takes=is_there).digest
    other = tmp_path / "other"
    page.parent.rename(other)
    moved = other / page.name
    assert artifacts.save(moved, takes=is_there).digest == digest

    moved.chmod(0o755)
    executable = artifacts.save(moved, takes=is_there).digest
    moved.chmod(0o644)
    renamed = artifacts.save(moved.rename(other / "b.html"), takes=is_there).digest
    (other / "b.html").rename(moved).open("ab").write(b"x")
    assert len({digest, executable, renamed, artifacts.save(moved, takes=is_there).digest}) == 4


def test_without_being_asked_for_a_path_is_a_name(artifacts: Any, page: Any) -> None:
    """Only what a node made is taken."""
    assert artifacts.save(page).codec == "plain/1"
    assert artifacts.load(artifacts.save(page)) == page


def test_files_inside_objects(artifacts: Any, page: Any) -> None:
    """Also where only a pickle can hold the object; a file that is there twice is stored once."""
    artifact = artifacts.save(Result([page, page, Spy], 0.5), takes=is_there)
    loaded = artifacts.load(artifact)
    expected = page.read_bytes()
    page.unlink()

    assert artifact.code
    assert artifact.size < 3_100_000
    assert [path.read_bytes() for path in loaded.page[:2]] == [expected, expected]


def test_a_small_folder_needs_no_blob(artifacts: Any, tmp_path: Path) -> None:
    """A few short files are in the record, empty ones too."""
    folder = tmp_path / "few"
    folder.mkdir()
    for name in "abc":
        (folder / name).write_text(name * 3)
    (folder / "none").touch()
    artifact = artifacts.save({"folder": folder}, takes=is_there)

    loaded = artifacts.load(artifact)["folder"]

    assert artifact.blobs == ()
    assert {path.name: path.read_text() for path in loaded.iterdir()} == {
        "a": "aaa", "b": "bbb", "c": "ccc", "none": ""
    }  # fmt: skip
    assert artifacts.describe(artifact)["items"]["folder"]["size"] == 9


@pytest.mark.parametrize("size", [2_999_999, 3_000_001])
def test_a_file_that_changes_meanwhile_is_refused(page: Any, size: Any) -> None:
    """Half of a file is no value."""
    piece = FilePiece(page, 3_000_000)
    os.truncate(page, size)

    with pytest.raises(CodecError, match="changed while it was being stored"):
        list(piece.parts([1_000_000] * 3))


def test_names_in_a_record_cannot_lead_elsewhere(artifacts: Any, page: Any, tmp_path: Path) -> None:
    """Whoever wrote the record: what it names is below the cache, or refused."""
    artifact = artifacts.save(page, takes=is_there)
    for name in ("../../escaped", "/tmp/escaped", "..", "a\0b"):
        form = {**artifact.meta["form"], "name": name}
        with pytest.raises(CodecError, match="no name of a file"):
            artifacts.load(dataclasses.replace(artifact, meta={**artifact.meta, "form": form}))
    assert not list(tmp_path.rglob("escaped"))
