"""What a case is made of: files, then builds, each with edits before it and the nodes that must run in it.

A case stands for a class of edits: a fingerprint that knows the case but not its relatives has learnt nothing.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Edit = Callable[["Folder"], None]

LOGGER = "from ranlog import ran\n"
SETTINGS = ("config", "inputs", "overrides", "env", "modules", "mode", "target")


@dataclass
class Folder:
    """Where a case lives: the project, and beside it a folder of installed packages."""

    base: Path
    project: Path

    def path(self, name: str) -> Path:
        """Return the path of a project's file, or of an installed one ("site:tinylib/__init__.py")."""
        return self.base / "site-packages" / name[5:] if name.startswith("site:") else self.project / name

    def put(self, name: str, text: str) -> None:
        """Write a file; one whose nodes log their runs gets the import that this takes."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".py") and 'ran("' in text and LOGGER not in text and "__future__" not in text:
            text = LOGGER + text
        path.write_bytes(text.encode())


@dataclass(frozen=True)
class Build:
    """Apply the edits, build once in a fresh process, and compare what ran.

    `run`: nodes that must run; `maybe`: nodes that may; no other may. Settings that are None stay as they were.
    `value` is what the targets' values must look like; by default what a build from nothing gives.
    """

    run: str = ""
    maybe: str = ""
    edits: Sequence[Edit] = ()
    config: Mapping[str, object] | None = None
    inputs: Mapping[str, str] | None = None
    overrides: Mapping[str, str] | None = None
    env: Mapping[str, str] | None = None
    modules: Sequence[str] | None = None
    mode: str | None = None
    target: str | None = None
    cwd: str | None = None
    fail: bool = False
    value: str | None = None
    check_value: bool = True


@dataclass(frozen=True)
class Case:
    """A project and its builds; `files` holds sections that begin with "--- name"."""

    id: str
    files: str
    builds: Sequence[Build]
    config: Mapping[str, object] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    modules: Sequence[str] = ("nodes",)
    mode: str = "import"
    target: str = "b"
    first: Build | None = None

    def sections(self) -> dict[str, str]:
        """Return the text of each file."""
        found = re.split(r"^--- (.+)\n", self.files.strip("\n") + "\n", flags=re.MULTILINE)
        assert not found[0], "files begin with a section"
        return dict(zip(found[1::2], (text.rstrip("\n") + "\n" for text in found[2::2]), strict=True))

    def nodes(self) -> set[str]:
        """Return the names that functions log."""
        return set(re.findall(r'\bran\("(\w+)"\)', self.files))

    def all_builds(self) -> list[Build]:
        """Return the builds, the first one included."""
        return [self.first or Build(run=" ".join(sorted(self.nodes()))), *self.builds]


NOTHING = Build()
"""Build again: nothing may run."""


# -- edits ---------------------------------------------------------------------------------------------


def sub(name: str, old: str, new: str, *, keep_mtime: bool = False) -> Edit:
    """Replace a piece of a file; with `keep_mtime` so that size and time tell nothing."""

    def edit(folder: Folder) -> None:
        path = folder.path(name)
        text, stat = path.read_bytes().decode(), path.stat()
        assert old in text, f"{old!r} is not in {name}"
        path.write_bytes(text.replace(old, new).encode())
        if keep_mtime:
            assert path.stat().st_size == stat.st_size
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    return edit


def write(name: str, text: str) -> Edit:
    """Write a file anew."""
    return lambda folder: folder.put(name, text)


def rename(old: str, new: str) -> Edit:
    """Move a file within the project."""

    def edit(folder: Folder) -> None:
        folder.path(new).parent.mkdir(parents=True, exist_ok=True)
        folder.path(old).rename(folder.path(new))

    return edit


def remove(name: str) -> Edit:
    """Take a file away."""
    return lambda folder: folder.path(name).unlink()


def touch(name: str) -> Edit:
    """Change a file's time only."""
    return lambda folder: os.utime(folder.path(name), (2_000_000_000, 2_000_000_000))


def crlf(name: str) -> Edit:
    """Give a file the line ends of Windows."""
    return lambda folder: recode(folder.path(name), lambda data: data.replace(b"\n", b"\r\n"))


def with_bom(name: str) -> Edit:
    """Give a file a byte order mark."""
    return lambda folder: recode(folder.path(name), lambda data: b"\xef\xbb\xbf" + data)


def recode(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Rewrite the bytes of a file."""
    path.write_bytes(change(path.read_bytes()))


def copy_project(name: str) -> Edit:
    """Go on in a copy of the project."""

    def edit(folder: Folder) -> None:
        shutil.copytree(folder.project, folder.base / name)
        folder.project = folder.base / name

    return edit


def move_project(name: str) -> Edit:
    """Go on in the project under another name."""

    def edit(folder: Folder) -> None:
        folder.project = folder.project.rename(folder.base / name)

    return edit


def link_project(name: str) -> Edit:
    """Go on through a link to the project."""

    def edit(folder: Folder) -> None:
        (folder.base / name).symlink_to(folder.project.name)
        folder.project = folder.base / name

    return edit


def install(
    distribution: str, version: str, top: str, *, editable: bool = False, requires: Sequence[str] = ()
) -> Edit:
    """Install a distribution whose files are there: the folder that tells name and version, as pip writes it."""

    def edit(folder: Folder) -> None:
        site = folder.base / "site-packages"
        stem = distribution.replace("-", "_")
        for old in site.glob(f"{stem}-*.dist-info"):
            shutil.rmtree(old)
        info = site / f"{stem}-{version}.dist-info"
        info.mkdir(parents=True)
        required = "".join(f"Requires-Dist: {line}\n" for line in requires)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n{required}\nIt scales.\n"
        )
        (info / "top_level.txt").write_text(top + "\n")
        files = [f"{info.name}/METADATA", f"{info.name}/top_level.txt"]
        if editable:
            (info / "direct_url.json").write_text('{"dir_info": {"editable": true}, "url": "file:///src"}')
        else:
            found = sorted((site / top).rglob("*.py")) or [site / f"{top}.py"]
            files += [path.relative_to(site).as_posix() for path in found]
        (info / "RECORD").write_text("".join(f"{name},,\n" for name in files))

    return edit
