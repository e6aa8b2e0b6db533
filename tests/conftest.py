"""What tests of several folders share."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.servers.s3 import own_s3_server, s3_server

__all__ = ["own_s3_server", "s3_server"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the command line's golden texts anew"
    )


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """SIGINT as in a terminal: a test run that a shell has put in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def local_ray() -> Iterator[None]:
    """A Ray of two cores on this machine, started once for the whole run; executors use it and leave it running."""
    ray = pytest.importorskip("ray")
    ray.init(
        "local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=128 * 1024 * 1024,
    )
    yield
    ray.shutdown()
