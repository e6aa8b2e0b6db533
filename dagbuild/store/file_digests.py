"""What files are: the digest of their bytes, remembered by size, times and inode.

Knows paths and stat, no nodes. Guards: a remembered digest is used only while nothing can have changed the
bytes; where the file system's clock is too coarse to tell, the bytes are read again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from dagbuild.ground.digest import Digest, canonical_json, digest_chunks, is_digest
from dagbuild.ground.read_once import open_at_once
from dagbuild.ground.stamps import Stamp, take_settled, take_stamp
from dagbuild.store.folder import CacheFolder
from dagbuild.store.memo import Memo
from dagbuild.store.notices import Notice, log_notice

_READ = 1 << 20


class FileDigests:
    """Digests of local files and of what lies at URLs, remembered in a cache folder if one is given."""

    def __init__(self, folder: Path | None = None, *, on_notice: Notice = log_notice) -> None:
        self._memo = Memo(CacheFolder(folder).index / "files", on_notice) if folder else Memo.absent()

    def digest_file(self, path: str | os.PathLike[str]) -> Digest:
        """Return the digest of a file's bytes; for a URL, of what its store says of them (an etag).

        Raises OSError when it is not there or cannot be read.
        """
        return self._digest_all([os.fspath(path)])[0]

    def list_files(self, root: str | os.PathLike[str], paths: Iterable[str]) -> list[tuple[str, Digest]]:
        """Return the names below `root` of several files, sorted, each with the digest of its bytes. Raises OSError."""
        full = [str(Path(root) / path) for path in paths]
        names = [Path(os.path.relpath(path, root)).as_posix() for path in full]
        digests = self._digest_all(full)
        return sorted(zip(names, digests, strict=True))

    def digest_each(self, paths: Iterable[str]) -> dict[str, Digest]:
        """Return the digest of each file's bytes, by path. Raises OSError."""
        each = list(dict.fromkeys(paths))
        return dict(zip(each, self._digest_all(each), strict=True))

    def close(self) -> None:
        """Close files; they are opened again when needed."""
        self._memo.close()

    def _digest_all(self, paths: list[str]) -> list[Digest]:
        local = {
            path: str(Path(path.removeprefix("file://")).absolute()) for path in paths if _is_local(path)
        }
        keys = {path: b"f" + os.fsencode(name) for path, name in local.items()}
        known = self._memo.recall(list(keys.values()))
        news: dict[bytes, bytes] = {}
        found: list[Digest] = []
        for path in paths:
            if path in local:
                digest, note = _digest_local(local[path], known.get(keys[path]))
                if note is not None:
                    news[keys[path]] = note
            else:
                from dagbuild.store.remote import content_id

                digest = content_id(path)
            found.append(digest)
        self._memo.put(news)
        return found


def _is_local(path: str) -> bool:
    return "://" not in path or path.startswith("file://")


def _digest_local(path: str, note: bytes | None) -> tuple[Digest, bytes | None]:
    """Return a file's digest, and what to remember of it when that is news and safe."""
    with open(path, "rb", buffering=0, opener=open_at_once) as file:
        before, settled = take_settled(file.fileno())
        known = _read_note(note)
        if known is not None and known[0] == before:
            return known[1], None
        digest = digest_chunks(iter(lambda: file.read(_READ), b""))
        safe = settled and before == take_stamp(file.fileno())
    return digest, canonical_json([before, digest]) if safe else None


def _read_note(note: bytes | None) -> tuple[Stamp, Digest] | None:
    if note is None:
        return None
    try:
        stamp, digest = json.loads(note)
    except (ValueError, TypeError):
        return None
    if not isinstance(stamp, list) or len(stamp) != 4 or not isinstance(digest, str) or not is_digest(digest):
        return None
    size, mtime, ctime, inode = stamp
    return (size, mtime, ctime, inode), Digest(digest)
