"""A real SFTP server for tests: asyncssh in a process of its own, on a free port of this machine.

It renames as OpenSSH does: over an object that is there only where it is asked for in OpenSSH's own words.
"""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.servers.local import LocalServer, free_port


@dataclass
class SFTPServer(LocalServer):
    """The server: can be killed and started again on the same port, with the same data and the same host key."""

    home: Path
    port: int = field(default_factory=free_port)
    user: str = "ada"
    password: str = field(default_factory=lambda: secrets.token_hex(16))
    process: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        """What its clients see as "/"."""
        return self.home / "data"

    @property
    def key_file(self) -> Path:
        """The private key that lets its user in without the password."""
        return self.home / "id_ed25519"

    @property
    def options(self) -> dict[str, Any]:
        """For fsspec; the keys of whoever runs the tests are not tried."""
        return {"password": self.password, "look_for_keys": False, "allow_agent": False}

    def make_folder(self) -> str:
        """Return the URL of a fresh folder."""
        name = f"team-{secrets.token_hex(4)}"
        (self.folder / name).mkdir()
        return f"sftp://{self.user}@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Start and wait until it answers."""
        import asyncssh

        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("host_key", self.key_file.name):
            if not (self.home / name).exists():
                key = asyncssh.generate_private_key("ssh-ed25519")
                key.write_private_key(self.home / name)
                key.write_public_key(self.home / f"{name}.pub")
        self.launch(
            [sys.executable, "-m", "tests.servers.sftp", str(self.home), str(self.port), self.user, self.password],
            cwd=Path(__file__).parents[2],
        )  # fmt: skip


def count_connections() -> int:
    """Return how many connections of paramiko's are open; the thread of one that was closed ends a little later."""
    from paramiko import Transport

    return sum(isinstance(each, Transport) and each.is_active() for each in threading.enumerate())


@contextmanager
def run_sftp(folder: Path) -> Iterator[SFTPServer]:
    """Run a server that keeps all it has in a folder; skips the test where the libraries are not installed."""
    for library in ("asyncssh", "paramiko"):
        pytest.importorskip(library)
    server = SFTPServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def sftp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SFTPServer]:
    """One server for all tests of a process; each of them takes a folder of its own."""
    with run_sftp(tmp_path_factory.mktemp("sftp")) as server:
        yield server


@pytest.fixture
def own_sftp_server(tmp_path: Path) -> Iterator[SFTPServer]:
    """A server that the test may kill."""
    with run_sftp(tmp_path / "sftp") as server:
        yield server


async def serve(home: Path, port: int, user: str, password: str) -> None:
    """Serve a folder until the process ends."""
    import asyncssh

    class Door(asyncssh.SSHServer):  # type: ignore[misc]
        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password_: str) -> bool:
            return (username, password_) == (user, password)

    await asyncssh.listen(
        "127.0.0.1",
        port,
        server_factory=Door,
        server_host_keys=[home / "host_key"],
        authorized_client_keys=str(home / "id_ed25519.pub"),
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(home / "data").encode()),
    )
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]))
