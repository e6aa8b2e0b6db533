"""What is written beside and renamed is whole under its name, and leaves nothing when it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dagbuild.ground import atomic
from dagbuild.store.folder import CacheFolder
from dagbuild.store.leftovers import sweep


def fail_in_block(path: Path) -> None:
    with atomic.Replacing(str(path)) as part:
        Path(part).write_text("half")
        raise KeyboardInterrupt


def fail_with_a_folder(path: Path) -> None:
    with atomic.Replacing(str(path)) as part:
        Path(part, "deep").mkdir(parents=True)
        Path(part, "deep", "file").write_text("half")
        raise OSError("the disk is full")


def fail_to_rename(path: Path) -> None:
    with atomic.Replacing(str(path)) as part:
        Path(part).write_text("new")
        path.unlink()
        (path / "below").mkdir(parents=True)  # nothing takes the place of a folder


def fail_to_write(path: Path) -> None:
    atomic.write(str(path), "no bytes")  # type: ignore[arg-type]


def fail_to_make(path: Path) -> None:
    atomic.write(str(path / "x"), b"below a file")


@pytest.mark.parametrize(
    ("fail", "error", "left"),
    [
        (fail_in_block, KeyboardInterrupt, "old"),
        (fail_with_a_folder, OSError, "old"),
        (fail_to_rename, OSError, None),
        (fail_to_write, TypeError, "old"),
        (fail_to_make, OSError, "old"),
    ],
)
def test_what_fails_leaves_what_was_there(
    tmp_path: Path, fail: Callable[[Path], None], error: type[BaseException], left: str | None
) -> None:
    """And no part of it."""
    path = tmp_path / "a"
    path.write_text("old")

    with pytest.raises(error):
        fail(path)

    assert list(tmp_path.iterdir()) == [path]
    assert left is None or path.read_text() == left


@pytest.mark.parametrize("old", [None, "old"])
@pytest.mark.parametrize("sync", [False, True])
def test_the_new_takes_the_place_of_the_old(tmp_path: Path, old: str | None, sync: bool) -> None:
    """Which is whole, under its own name, until the very end."""
    path = tmp_path / "a"
    if old:
        path.write_text(old)

    with atomic.Replacing(str(path), sync=sync) as part:
        Path(part).write_text("new")
        assert (path.read_text() if path.exists() else None) == old

    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_too(tmp_path: Path) -> None:
    """Where there was none."""
    with atomic.Replacing(str(tmp_path / "a")) as part:
        Path(part).mkdir()
        Path(part, "b").write_text("new")

    assert (tmp_path / "a" / "b").read_text() == "new"


def test_two_at_once_do_not_meet(tmp_path: Path) -> None:
    """The last one wins, and each was whole."""
    path = str(tmp_path / "a")
    with atomic.Replacing(path) as one, atomic.Replacing(path) as two:
        for part, text in ((one, "one"), (two, "two")):
            os.close(atomic.create(part))
            Path(part).write_text(text)

    assert Path(path).read_text() == "one"


@pytest.mark.parametrize("umask", [0, 0o22, 0o77])
@pytest.mark.parametrize(("mode", "given"), [(None, 0o600), (0o664, 0o664), (0o444, 0o444)])
def test_permissions(tmp_path: Path, umask: int, mode: int | None, given: int) -> None:
    """Its owner's alone, or the very ones that were asked for."""
    before = os.umask(umask)
    try:
        atomic.write(str(tmp_path / "a"), b"new", mode=mode)
    finally:
        os.umask(before)

    assert (tmp_path / "a").stat().st_mode & 0o777 == given


@pytest.mark.parametrize("name", ["a" * 255, "\N{LATIN SMALL LETTER A WITH DIAERESIS}" * 127, "a"])
def test_names_as_long_as_may_be(tmp_path: Path, name: str) -> None:
    """Have parts that may be made."""
    atomic.write(str(tmp_path / name), b"new")

    assert (tmp_path / name).read_bytes() == b"new"


def test_names_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Are in the working directory, also for who syncs its entry."""
    monkeypatch.chdir(tmp_path)
    atomic.write("a", b"new", sync=True)

    assert (tmp_path / "a").read_bytes() == b"new"


def test_who_is_killed_leaves_what_is_swept(tmp_path: Path) -> None:
    """A part, under a name that says so, and the old file."""
    path = tmp_path / "segments" / "a"
    path.parent.mkdir()
    path.write_text("old")
    code = """if True:
        import os, signal, sys
        from dagbuild.ground import atomic
        with atomic.Replacing(sys.argv[1]) as part, open(part, "w") as file:
            file.write("half")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    (part,) = set(path.parent.iterdir()) - {path}
    assert part.read_text() == "half"

    sweep(CacheFolder(tmp_path), part.stat().st_mtime + 1)

    assert list(path.parent.iterdir()) == [path]
    assert path.read_text() == "old"


def test_imports_next_to_nothing() -> None:
    """The shortest path may use it."""
    code = "import sys, dagbuild; b = set(sys.modules); import dagbuild.ground.atomic; print(*sorted(set(sys.modules) - b))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["dagbuild.ground", "dagbuild.ground.atomic"]
