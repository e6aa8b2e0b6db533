"""Files that nodes leave in the project: taken into the store, compared with what is there, put back.

Knows declared paths, stored trees and the disk; nothing of plans or of who wants what when. Guards: what somebody else
put at an output's place is moved aside before it is replaced, never lost; and a file is never seen half written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dagbuild.artifacts import Artifacts
from dagbuild.ground.digest import Digest, digest_json
from dagbuild.ground.errors import CodecError, OutputError, StoreError
from dagbuild.ground.filetree import FileEntry, read_tree
from dagbuild.ground.private import make_private
from dagbuild.model.output_paths import clean_path
from dagbuild.model.record import Artifact, Output
from dagbuild.store import FileDigests
from dagbuild.store.folder import CacheFolder
from dagbuild.store.memo import Memo

SCHEME = "output/1"
"""Of the digests of outputs; a change of what they say needs another."""

_PART = ".dagbuild-"
_LEFT_BEHIND = 3600.0
_OTHER = Digest("other")
"""Stands for what can be no output: a link, a pipe, a folder with a link that leads out, what cannot be read."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where the outputs of a project lie, and the cache folder that remembers what was put there."""

    root: str
    cache: str


@dataclass(frozen=True, slots=True)
class Altered:
    """An output whose place does not hold it: nothing is there (`missing`), or something else."""

    path: str
    missing: bool

    def __str__(self) -> str:
        return f"output {'missing' if self.missing else 'changed'}: {self.path}"


class Outputs:
    """The outputs below one root."""

    def __init__(self, home: Home, artifacts: Artifacts, files: FileDigests) -> None:
        self.home = home
        self._artifacts = artifacts
        self._files = files
        self._layout = CacheFolder(Path(home.cache))

    def path(self, declared: str) -> Path:
        """Return where a declared path is; raises OutputError for one that leads out of the project."""
        try:
            return Path(self.home.root) / clean_path(declared)
        except ValueError as error:
            raise OutputError(f"output '{declared}': {error}") from error

    def show(self, path: Path) -> str:
        """Return a path as people write it: from the project's root where it is below it."""
        root = self.home.root
        return str(path.relative_to(root) if path.is_relative_to(root) else path)

    def find_altered(self, declared: Iterable[str], outputs: Iterable[Output]) -> list[Altered]:
        """Return those declared paths where what was stored is not there; reads what its times do not vouch for."""
        stored = {output.path: output for output in outputs}
        found = []
        for path in declared:
            state = self.find_state(path)
            if state is None or path not in stored or state != stored[path].digest:
                found.append(Altered(path, missing=state is None))
        return found

    def find_state(self, declared: str) -> Digest | None:
        """Return what tells one state of an output from the next; None when nothing is there."""
        path = self.path(declared)
        try:
            if stat.S_ISLNK(path.lstat().st_mode):
                return _OTHER
            tree = read_tree(path)
            files = {entry.path: str(_at(path, entry)) for entry in tree.entries if entry.kind == "file"}
            digests = self._files.digest_each(files.values())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, CodecError):
            return _OTHER
        told = [
            [each.path, each.kind, each.executable, digests[files[each.path]] if each.path in files else each.target]
            for each in tree.entries
        ]  # fmt: skip
        return digest_json([SCHEME, *told])

    def take(self, declared: str, save: Callable[[Path], Artifact]) -> Output:
        """Store what a node left at a path; raises OutputError when it left nothing that can be kept there."""
        path = self.path(declared)
        if path.is_symlink():
            raise OutputError(
                f"it made a link of its output '{declared}'", hint="write a file or a folder there"
            )
        before = self.find_state(
            declared
        )  # by content: what has just been made is too young for its times to tell
        if before is None:
            raise OutputError(f"it did not make its output '{declared}'", hint=f"write it to {path}")
        try:
            content = save(path)
        except CodecError as error:
            problem = error.problems[0]
            raise OutputError(f"output '{declared}': {problem.message}", hint=problem.hint) from error
        state = self.find_state(declared)
        if state is None or state == _OTHER or state != before:
            raise OutputError(f"its output '{declared}' changed while it was being stored")
        return Output(declared, state, content, _find_modes(path))

    def put_back(self, output: Output) -> str:
        """Make an output's place hold it, and return what became of what somebody else had put there, if anything.

        Raises OutputError when it cannot be written, BlobMissingError and BlobDamagedError when it is no longer stored.
        """
        try:
            return self._put_back(output)
        except OSError as error:
            raise OutputError(
                f"output '{output.path}' cannot be written: {error.strerror or error}",
                hint=f"look at what lies at {error.filename or self.path(output.path)}, and who may write there",
            ) from error

    def _put_back(self, output: Output) -> str:
        path = self.path(output.path)
        state = self.find_state(output.path)
        if state == output.digest:
            self.note(output)
            return ""
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        part = path.with_name(f"{_PART}{secrets.token_hex(6)}")
        try:
            self._artifacts.put(output.content, part, output.modes, _umask())
            held = self.set_aside([output.path], keep_place=part.is_file())
            try:
                part.replace(path)
            except OSError:
                if self.find_state(output.path) != output.digest:  # another build was first
                    held.put_back()
                    raise
        finally:
            _remove(part)
        self.note(output)
        return "".join(f"output {text}" for text in held.let_go())

    def note(self, output: Output) -> None:
        """Remember that this is ours: what is there may be replaced."""
        if not self.is_ours(output.path, output.digest):
            key = os.fsencode(self.path(output.path))
            _open_memo(self._layout).put({key: output.digest.encode()})

    def set_aside(self, declared: Collection[str], *, keep_place: bool = False) -> Held:
        """Move what lies at these places out of the way, or only copy it with `keep_place`; raises OSError."""
        held = Held(self)
        try:
            for path in declared:
                held.add(path, keep_place=keep_place)
        except BaseException:
            held.put_back()
            raise
        return held

    def is_ours(self, declared: str, state: Digest) -> bool:
        """Tell whether what is there is what a build left there."""
        key = os.fsencode(self.path(declared))
        return _open_memo(self._layout).recall([key]).get(key) == state.encode()

    def new_folder(self) -> Path:
        """Make a folder for what is moved out of the way: in the cache folder, or where that cannot be, elsewhere."""
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        with contextlib.suppress(OSError, StoreError):
            self._layout.make()
            make_private(self._layout.edited / name)
            return self._layout.edited / name
        return Path(tempfile.mkdtemp(prefix="dagbuild-edited-"))


@dataclass(frozen=True, slots=True)
class _Moved:
    declared: str
    path: Path
    aside: Path
    state: Digest
    ours: bool
    copied: bool


class Held:
    """What was moved out of the way: to be put back, or let go of."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs
        self._folder: Path | None = None
        self._moved: list[_Moved] = []

    def add(self, declared: str, *, keep_place: bool) -> None:
        """Move what lies there; raises OSError."""
        path = self._outputs.path(declared)
        state = self._outputs.find_state(declared)
        if state is None:
            return
        ours = self._outputs.is_ours(declared, state)
        copied = keep_place and not path.is_dir()
        copied = copied or (keep_place and path.is_symlink())
        if ours and copied:
            return  # replaced at once, and nobody misses it
        if self._folder is None:
            self._folder = self._outputs.new_folder()
        aside = self._folder / declared
        aside.parent.mkdir(parents=True, exist_ok=True)
        if copied:
            shutil.copy2(path, aside, follow_symlinks=False)
        else:
            aside = _move(path, aside, ours=ours)
        self._moved.append(_Moved(declared, path, aside, state, ours, copied))

    def put_back(self) -> None:
        """Make all as it was."""
        for moved in self._moved:
            with contextlib.suppress(OSError):
                if not moved.copied:
                    _remove(moved.path)
                    _move(moved.aside, moved.path, ours=False)
        self._moved.clear()
        self._drop_folder()

    def let_go(self) -> list[str]:
        """Drop what was ours or is there again, keep the rest, and return a line about each that is kept."""
        told = []
        for moved in self._moved:
            if moved.ours or self._outputs.find_state(moved.declared) == moved.state:
                _remove(moved.aside)
            else:
                kept = self._outputs.show(moved.aside)
                told.append(
                    f"'{moved.declared}' was not as a build had left it: what was there is now {kept}"
                )
        self._moved.clear()
        if not told:
            self._drop_folder()
        return told

    def _drop_folder(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


_memos: dict[str, Memo] = {}


def _open_memo(layout: CacheFolder) -> Memo:
    """Return the table of what was put where; an empty one while there is no cache folder."""
    if not layout.folder.is_dir():
        return Memo.absent()
    return _memos.setdefault(str(layout.folder), Memo(layout.index / "outputs", lambda _: None))


def _at(top: Path, entry: FileEntry) -> Path:
    return top / entry.path if entry.path else top


def _move(path: Path, target: Path, *, ours: bool) -> Path:
    """Move a file or folder and return where it is: beside itself where another disk would cost a copy."""
    try:
        path.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        if ours:
            target = path.with_name(f"{_PART}{secrets.token_hex(6)}")
            path.rename(target)
        else:
            shutil.move(path, target)
    return target


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _sweep(folder: Path) -> None:
    """Remove what killed builds left beside outputs."""
    for part in folder.glob(f"{_PART}*"):
        with contextlib.suppress(OSError):
            if part.lstat().st_mtime < time.time() - _LEFT_BEHIND:
                _remove(part)


def _find_modes(path: Path) -> Mapping[str, int]:
    """Return the permissions of files that are not what a new file gets here, by their names in the tree."""
    mask = _umask()
    modes = {}
    for entry in read_tree(path).entries:
        if entry.kind == "file":
            mode = stat.S_IMODE(_at(path, entry).stat().st_mode)
            if mode != (0o777 if entry.executable else 0o666) & ~mask:
                modes[entry.path] = mode & 0o777
    return modes


def _umask() -> int:
    """Return the process's mask without setting it, which other threads would notice."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    except (OSError, ValueError, IndexError):
        pass
    return 0o022
