"""What files are: the digest of their bytes, remembered by size, times and inode.

Knows paths and stat, no nodes. Guards: a remembered digest is used only while nothing can have changed the bytes; where
the file system's clock is too coarse to tell, the bytes are read again.
"""

from __future__ import annotations

import glob
import itertools
import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from dagbuild.digest import Digest, canonical_json, digest_chunks, digest_json, is_digest
from dagbuild.errors import InputError

_READ = 1 << 20

_RACY = 2_000_000_000
"""Nanoseconds: a change so shortly after another may not show in the file's times on some file systems (FAT: 2 s)."""


class Notes(Protocol):
    """Where digests are remembered; may forget at any time."""

    def find(self, keys: list[bytes]) -> dict[bytes, bytes]:
        """Return the values of the keys that are there."""

    def put(self, rows: Mapping[bytes, bytes]) -> None:
        """Remember rows, if possible."""


class _NoNotes:
    def __init__(self) -> None:
        self._rows: dict[bytes, bytes] = {}

    def find(self, keys: list[bytes]) -> dict[bytes, bytes]:
        return {key: self._rows[key] for key in keys if key in self._rows}

    def put(self, rows: Mapping[bytes, bytes]) -> None:
        self._rows.update(rows)


class FileDigests:
    """Digests of local files and of what lies at URLs. Raises InputError for what is not there or cannot be read."""

    def __init__(self, notes: Notes | None = None) -> None:
        self._notes = notes if notes is not None else _NoNotes()

    def digest_file(self, path: str | os.PathLike[str]) -> Digest:
        """Return the digest of a file's bytes; for a URL, of what its store says of the content (an etag)."""
        return self._digest_all([os.fspath(path)])[0]

    def digest_files(self, root: str | os.PathLike[str], paths: Iterable[str]) -> dict[str, Digest]:
        """Return the digests of files below `root`, by the paths given."""
        names = list(paths)
        return dict(zip(names, self._digest_all([os.path.join(root, name) for name in names]), strict=True))

    def digest_pattern(self, pattern: str | os.PathLike[str]) -> Digest:
        """Return the digest of a set of files, names and contents: of a folder (all below it), a glob or one file."""
        root, names = find_files(pattern)
        return digest_json(sorted(self.digest_files(root, names).items()))

    def _digest_all(self, paths: list[str]) -> list[Digest]:
        local = {path: os.path.abspath(local_path(path)) for path in paths if is_local(path)}
        keys = {path: b"f" + os.fsencode(name) for path, name in local.items()}
        known = self._notes.find(list(keys.values()))
        fresh: dict[bytes, bytes] = {}
        found: list[Digest] = []
        for path in paths:
            if path in local:
                digest, note = _digest_local(local[path], known.get(keys[path]))
                if note is not None:
                    fresh[keys[path]] = note
            else:
                from dagbuild.store.remote import content_id

                digest = content_id(path)
            found.append(digest)
        self._notes.put(fresh)
        return found


def is_local(path: str) -> bool:
    """Tell whether a path, which may be a URL, is in the local file system."""
    return "://" not in path or path.startswith("file://")


def local_path(path: str) -> str:
    """Return the path of a local file, which may be given as a file:// URL."""
    return path.removeprefix("file://")


def find_files(pattern: str | os.PathLike[str]) -> tuple[str, list[str]]:
    """Return a folder and the files below it that a folder's name, a glob or a file's name stands for, sorted.

    Names are relative, with "/". Raises InputError when there is nothing.
    """
    text = local_path(os.fspath(pattern))
    if os.path.isdir(text):
        root = text
        names = [
            os.path.relpath(os.path.join(folder, file), root)
            for folder, _, files in os.walk(root)
            for file in files
        ]
    elif os.path.isfile(text):
        root, name = os.path.split(text)
        names = [name]
    else:
        plain = list(itertools.takewhile(lambda part: not glob.has_magic(part), Path(text).parts))
        root = os.path.join(*plain) if plain else "."
        names = [
            os.path.relpath(path, root) for path in glob.glob(text, recursive=True) if os.path.isfile(path)
        ]
        if not names:
            raise InputError(f"no file matches '{text}'", hint="check the path and the pattern")
    return root or ".", sorted(name.replace(os.sep, "/") for name in names)


def _stamp(found: os.stat_result) -> list[int]:
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _digest_local(path: str, note: bytes | None) -> tuple[Digest, bytes | None]:
    """Return a file's digest, and what to remember of it when that is news and safe."""
    try:
        now = time.time_ns()
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - paths may be bytes that Path would change
            before = _stamp(os.fstat(file.fileno()))
            known = _read_note(note)
            if known is not None and known[0] == before:
                return known[1], None
            digest = digest_chunks(iter(lambda: file.read(_READ), b""))
            after = _stamp(os.fstat(file.fileno()))
    except FileNotFoundError:
        raise InputError(f"there is no file '{path}'") from None
    except OSError as error:
        raise InputError(f"the file '{path}' cannot be read: {error.strerror or error}") from error
    # Git's rule: times as young as the look itself could stay the same through another change.
    safe = before == after and max(before[1], before[2]) < now - _RACY
    return digest, canonical_json([before, digest]) if safe else None


def _read_note(note: bytes | None) -> tuple[list[int], Digest] | None:
    if note is None:
        return None
    try:
        stamp, digest = json.loads(note)
    except ValueError:
        return None
    if not isinstance(stamp, list) or not isinstance(digest, str) or not is_digest(digest):
        return None
    return stamp, Digest(digest)
