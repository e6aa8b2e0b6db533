"""SFTP as the other drivers are: fsspec's driver with what it lacks.

The only file that knows paramiko. Guards: a server that is silent is given up; bytes travel many requests at once, not
one every round trip; and no answer about an object's size is believed before its bytes are there.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dagbuild.ground.home import expand_user
from dagbuild.ground.quiet import quiet

SFTP = frozenset({"sftp", "ssh"})

_BLOCK = 4 << 20
"""Bytes that are asked for at once."""

_CONNECT = 4.0
_LET_IN = 8.0
"""Seconds for a connection, and until the server has let us in."""


def complete(options: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Return options that give a server up which lets nobody in, and find a key below the home folder."""
    limits = {
        "timeout": min(seconds, _CONNECT),
        "banner_timeout": min(seconds, _CONNECT),
        "auth_timeout": min(seconds, _LET_IN),
        "channel_timeout": min(seconds, _LET_IN),
    }
    key = options.get("key_filename")
    found = {"key_filename": str(expand_user(key))} if isinstance(key, str) else {}
    return {"transport_factory": _open_transport, **limits, **options, **found}


def _open_transport(*args: Any, **kwargs: Any) -> Any:
    """Return a connection whose thread is the store's own: no step's, and no reason not to copy the process."""
    from paramiko import Transport

    class QuietTransport(Transport):  # type: ignore[misc]  # paramiko has no types
        def run(self) -> None:
            with quiet():
                super().run()

    return QuietTransport(*args, **kwargs)


@contextlib.contextmanager
def let_in() -> Iterator[None]:
    """Raise PermissionError where the server lets nobody in with what there is."""
    import paramiko

    # Without a handler, what it says of a server that hangs up goes to the terminal.
    logging.getLogger("paramiko").addHandler(logging.NullHandler())
    try:
        yield
    except paramiko.AuthenticationException as error:
        raise PermissionError(str(error)) from error
    except paramiko.SSHException as error:
        raise ConnectionError(f"SSH could not connect: {error}") from error


class SftpDriver:
    """One connection, for one call at a time: paramiko mixes up the answers of two."""

    async_impl = False

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    def give(self, seconds: float) -> None:
        """Let nothing wait longer than this for an answer."""
        self._driver.ftp.get_channel().settimeout(seconds)

    def close(self) -> None:
        """Let go of the connection."""
        with contextlib.suppress(Exception):
            self._driver.client.close()

    def isdir(self, path: str) -> bool:
        """Tell whether a folder is there; fsspec's own takes a connection that broke for a folder that is not."""
        try:
            return bool(self._driver.info(path)["type"] == "directory")
        except FileNotFoundError:
            return False

    def makedirs(self, path: str, exist_ok: bool = True) -> None:
        """Make a folder and those above it, whoever else makes them at the same time."""
        del exist_ok
        missing = []
        while path.strip("/") and not self.isdir(path):
            missing.append(path)
            path = path.rpartition("/")[0]
        for each in reversed(missing):
            try:
                self._driver.ftp.mkdir(each)
            except OSError:
                if not self.isdir(each):
                    raise

    def cat_file(self, path: str, start: int = 0, end: int | None = None) -> bytes:
        """Return an object's bytes, or some of them; fewer where it ends before."""
        return b"".join(self._iter_blocks(path, start, end))

    def get_file(self, path: str, target: str) -> None:
        """Write an object's bytes to a local file."""
        with Path(target).open("wb") as file:
            file.writelines(self._iter_blocks(path, 0, None))

    def _iter_blocks(self, path: str, start: int, end: int | None) -> Iterator[bytes]:
        with self._driver.ftp.open(path, "rb") as file:
            there = file.stat().st_size or 0
            end = there if end is None else min(end, there)
            for at in range(start, end, _BLOCK):
                wanted = min(_BLOCK, end - at)
                (block,) = file.readv([(at, wanted)])
                yield block
                if len(block) < wanted:
                    return

    def pipe_file(self, path: str, data: bytes) -> None:
        """Make an object of some bytes."""
        self._driver.ftp.putfo(io.BytesIO(data), path)

    def put_file(self, source: str, path: str) -> None:
        """Make an object of a local file's bytes."""
        self._driver.ftp.put(source, path)
