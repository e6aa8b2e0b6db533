"""Trees from elsewhere are judged before a byte of them is written, and clocks agree with the file system."""

import os
from pathlib import Path
from typing import Any

import pytest

from dagbuild.ground.digest import digest_text
from dagbuild.ground.errors import CodecError
from dagbuild.ground.filetree import ChangedSince, FileEntry, Tree, check_tree, is_there, read_tree
from dagbuild.ground.stamps import file_clock
from dagbuild.store.file_copies import FileCopies

TOP = FileEntry("", "folder")


def tree(*entries: Any, name: Any = "out") -> Tree:
    return Tree(name, (TOP, *entries))


@pytest.mark.parametrize(
    "bad",
    [
        *(tree(name=name) for name in ("", ".", "..", "a/b", "/etc", "a\0b", "\udc80", "x" * 300)),
        *(
            tree(FileEntry(path, "file"))
            for path in ("../a", "/a", "a//b", "..", ".", "b/../../a", "no/such", "a\0")
        ),
        tree(FileEntry("a", "link", target="b"), FileEntry("a/c", "file")),
        Tree("top", (FileEntry("", "link", target="b"),)),
        tree(FileEntry("a", "file"), FileEntry("a/c", "file")),
        tree(FileEntry("a", "file"), FileEntry("a", "file")),
        *(
            tree(FileEntry("a", "link", target=t))
            for t in ("", "/etc", "..", "../a", "b/../../c", "b/..", "a\0b")
        ),
        tree(FileEntry("d", "folder"), FileEntry("d/a", "link", target="../../x")),
        Tree("out", ()),
        Tree("out", (FileEntry("a", "file"),)),
    ],
    ids=repr,
)
def test_nothing_leads_out(bad: Any, tmp_path: Path) -> None:
    """Names with dots and slashes, files below links, links that climb: refused, and nothing is written."""
    with pytest.raises(CodecError):
        check_tree(bad)
    with pytest.raises(CodecError):
        FileCopies(tmp_path / "files").place(digest_text("a"), 1, bad, lambda _: [memoryview(b"")])
    assert list(tmp_path.iterdir()) == []


def test_links_inside_are_fine() -> None:
    """Up to the tree's top and down again."""
    check_tree(
        tree(
            FileEntry("a", "link", target="."), FileEntry("d", "folder"), FileEntry("d/b", "link", target="../e/f"),
            FileEntry("d/c", "link", target=".."), FileEntry("…", "file"),
        )
    )  # fmt: skip


def test_names_that_one_file_system_takes_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a name is there already, nothing is written over: the value cannot be read there."""
    folder = FileCopies(tmp_path / "files")
    monkeypatch.setattr(
        "dagbuild.store.file_copies._at", lambda top, entry: top / entry.path.lower() if entry.path else top
    )
    both = tree(FileEntry("A", "file", size=1), FileEntry("a", "file", size=1))

    with pytest.raises(Exception, match="exists"):
        folder.place(digest_text("a"), 1, both, lambda entry: [memoryview(entry.path.encode())])


def test_reads_what_is_there(tmp_path: Path) -> None:
    """Folders before what they hold, and the same whatever the order of the disk."""
    for name in ("b", "a/c", "a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "abs").symlink_to(tmp_path / "a")
    (tmp_path / "gone").symlink_to("nowhere")

    found = read_tree(tmp_path)

    assert [entry.path for entry in found.entries] == ["", "a", "a/c", "a.txt", "abs", "b", "gone"]
    assert [entry.target for entry in found.entries if entry.kind == "link"] == ["a", "nowhere"]
    assert read_tree(tmp_path / "." / "a" / "..").name == tmp_path.name


def test_tells_pipes_and_odd_names(tmp_path: Path) -> None:
    """What cannot be kept is said by its name."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CodecError, match=r"'pipe' in the folder .* is neither file nor folder"):
        read_tree(tmp_path)
    (tmp_path / "pipe").unlink()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")).write_text("a")
    with pytest.raises(CodecError, match="no name of a file that can be kept"):
        read_tree(tmp_path)


def test_a_file_that_was_just_written_is_made(tmp_path: Path) -> None:
    """Neither clock is ahead of the other: two hundred files in a row, each written after its moment."""
    old = tmp_path / "old"
    old.write_text("a")
    os.utime(old, ns=(0, 2**62))
    while old.stat().st_ctime_ns >= file_clock():
        pass
    for number in range(200):
        is_made = ChangedSince(file_clock())
        path = tmp_path / str(number)
        path.write_text("a")
        assert is_made(path)
        assert not is_made(old)


def test_copies_and_moves_count_as_made(tmp_path: Path) -> None:
    """Their mtime may be old; folders too, and empty ones."""
    (tmp_path / "old").write_text("a")
    while (tmp_path / "old").stat().st_ctime_ns >= file_clock():
        pass
    is_made = ChangedSince(file_clock())
    (tmp_path / "old").rename(tmp_path / "new")
    os.utime(tmp_path / "new", (0, 0))
    (tmp_path / "empty").mkdir()

    assert is_made(tmp_path / "new")
    assert is_made(tmp_path / "empty")
    assert not is_made(tmp_path / "none")
    assert not is_there(Path("a\0b"))
