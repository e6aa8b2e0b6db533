"""A shared folder on a disk: it must be there, and what one of a group puts there the others can add to."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagbuild.store.remote import RemoteFolder
from dagbuild.store.remote_errors import RemoteDeniedError
from tests.support import build, computed, forget_modules, write_files


@pytest.fixture
def umask() -> Iterator[None]:
    """The umask of somebody who lets nobody else write."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.parametrize("mode", [0o2775, 0o770, 0o755, 0o700])
def test_takes_after_the_folder(tmp_path: Path, umask: None, mode: int) -> None:
    """Whatever the umask of who comes first: folders have its permissions, files those of them that files have."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(mode)
    remote = RemoteFolder(f"file://{shared}", within="main/a")

    remote.write("blobs/ab/one", b"1")
    remote.write_file("blobs/cd/two", Path(__file__))

    modes = {path.relative_to(shared): stat.S_IMODE(path.stat().st_mode) for path in shared.rglob("*")}
    files = {path for path in modes if (shared / path).is_file()}
    assert len(files) == 2
    assert {modes[path] for path in modes.keys() - files} == {mode}
    assert {modes[path] for path in files} == {mode & 0o666}
    assert stat.S_IMODE(shared.stat().st_mode) == mode


@pytest.mark.parametrize("within", ["", "user/ada"])
def test_is_not_made(tmp_path: Path, within: str) -> None:
    """A disk that is not mounted is not filled below its empty place: it is said what makes a folder."""
    remote = RemoteFolder(f"file://{tmp_path}/disk/shared", within=within)
    for ask in (
        lambda: remote.write("records/x", b"1"),
        lambda: remote.write_file("records/x", Path(__file__)),
        lambda: remote.list("records"),
        remote.check,
    ):
        with pytest.raises(RemoteDeniedError) as caught:
            ask()

        (problem,) = caught.value.problems
        assert f"there is no folder '{tmp_path}/disk/shared'" in problem.message
        assert f"mkdir -p '{tmp_path}/disk/shared'" in (problem.hint or "")
    assert not (tmp_path / "disk").exists()


def test_build_goes_on_without_it(tmp_path: Path) -> None:
    """And is told once, with what to do; from then on the folder is used."""
    settings = f'modules = ["nodes"]\n[remote]\nurl = "file://{tmp_path}/shared"\n'
    write_files(
        tmp_path, {"project/dagbuild.toml": settings, "project/nodes.py": "def one() -> int:\n    return 1\n"}
    )
    folder = tmp_path / "project"
    told: list[str] = []
    result = build(folder, on_event=lambda event: told.append(getattr(event, "text", "")))
    assert result.values == {"one": 1}
    (said,) = (text for text in told if text.startswith("remote:"))
    assert "mkdir -p" in said

    (tmp_path / "shared").mkdir()
    assert computed(build(folder, force=["one"])) == {"one"}
    forget_modules(folder)

    assert list((tmp_path / "shared").glob("records/*"))
