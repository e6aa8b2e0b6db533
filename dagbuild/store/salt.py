"""The salt of a cache folder: what digests of secrets are mixed with where the project names none of its own.

Knows one small file. Guards: it never leaves the folder; a process has one salt for a folder from first to last, also
where it makes the folder in between; and processes that begin one at once agree, for it is made of what they share.
"""

from __future__ import annotations

import os
import secrets
from hashlib import blake2b
from pathlib import Path

from dagbuild.ground import atomic
from dagbuild.ground.boot import boot_id

NAME = "salt"
_BYTES = 16
_chosen: dict[str, bytes] = {}  # by folder


def find_salt(folder: Path) -> bytes:
    """Return the salt of a cache folder; a new one where there is none, which `keep_salt` writes down."""
    where = str(folder)
    if where not in _chosen:
        _chosen[where] = _read(folder) or _make(where)
        if folder.is_dir():
            keep_salt(folder)
    return _chosen[where]


def name_folder(folder: Path) -> str | None:
    """Return a name of a cache folder, the same for all who have that folder; None where there is none, or no salt."""
    salt = _read(folder)
    return blake2b(salt, digest_size=_BYTES, person=b"dagbuild folder").hexdigest() if salt else None


def keep_salt(folder: Path) -> None:
    """Write the salt down in a folder that has none, where that is possible: it costs a re-run where it is not."""
    path = folder / NAME
    if _read(folder):
        return
    part = atomic.part_name(str(path))
    try:
        with open(atomic.create(part), "w", encoding="ascii") as file:  # noqa: PTH123 - a descriptor
            file.write(find_salt(folder).hex() + "\n")
        _put(part, path, folder)
    except OSError:
        _chosen[str(folder)] = _read(folder) or find_salt(folder)
    finally:
        atomic.discard(part)


def _put(part: str, path: Path, folder: Path) -> None:
    """Give the file its name: never in the place of another's, unless nobody could read that."""
    try:
        os.link(part, path)
    except FileExistsError:
        if _read(folder):
            raise
        atomic.publish(part, str(path))


def _make(where: str) -> bytes:
    """Return the first salt of a folder: nobody who has the folder can guess it, or has to before the next boot."""
    boot = boot_id()
    if boot is None:
        return secrets.token_bytes(_BYTES)
    return blake2b(f"{boot} {where}".encode("utf-8", "surrogateescape"), digest_size=_BYTES).digest()


def _read(folder: Path) -> bytes | None:
    try:
        found = bytes.fromhex((folder / NAME).read_text("ascii").strip())
    except (OSError, ValueError):
        return None
    return found if len(found) >= _BYTES else None
