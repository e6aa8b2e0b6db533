"""Write beside and rename: under its own name a file is whole, or it is not there.

The name of what is being written ends with `PART`, by which a sweeper knows what killed processes have left. Imports
`os` alone. Guards: whoever opens a path sees the old content or the new one; and a write that fails leaves the old one,
and no part.
"""

import os

PART = ".part"
"""How the names of files and folders end that are not finished."""

_LONGEST = 40
"""Letters of a name that its part bears, for people; names of files have some 255 bytes."""


def part_name(path: str) -> str:
    """Return a fresh name, hidden, beside a path: who writes the same at the same time has another."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name[:_LONGEST]}.{os.urandom(4).hex()}{PART}")


def create(part: str, mode: int = 0o600, flags: int = 0) -> int:
    """Return the descriptor of a new file to write to; raises OSError, also when there is one."""
    return os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | flags, mode)


def publish(part: str, path: str, *, sync: bool = False) -> None:
    """Give what is finished its name; raises OSError. `sync`: afterwards it is on the disk, under that name."""
    if sync:
        _sync(part)
    os.replace(part, path)
    if sync:
        _sync(os.path.dirname(path) or ".")


def discard(part: str) -> None:
    """Remove a part, file or folder, if it is there and may be removed."""
    try:
        os.unlink(part)
    except FileNotFoundError:
        return
    except OSError:
        from shutil import rmtree  # costs more to import than all of this

        rmtree(part, ignore_errors=True)


class Replacing:
    """Yields the name of a part to write; when the block ends, that takes the place of what lies at the path.

    When the block fails, the part is removed and the path is as it was.
    """

    def __init__(self, path: str, *, sync: bool = False) -> None:
        self._path = path
        self._sync = sync
        self._part = part_name(path)

    def __enter__(self) -> str:
        return self._part

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            discard(self._part)
            return
        try:
            publish(self._part, self._path, sync=self._sync)
        except BaseException:
            discard(self._part)
            raise


def write(path: str, data: bytes, *, mode: int | None = None, sync: bool = False) -> None:
    """Make a file of these bytes, or replace it; raises OSError, and then nothing has changed.

    `mode`: its permissions; without it, it is its owner's alone.
    """
    with Replacing(path, sync=sync) as part:
        with open(create(part), "wb") as file:
            file.write(data)
        if mode is not None:
            os.chmod(part, mode)  # whatever the umask is


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
