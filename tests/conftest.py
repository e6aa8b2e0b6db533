"""What tests of several folders share."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from dagbuild.executors.forking import find_obstacle
from dagbuild.settings import make_key, take_key
from tests.servers.s3 import own_s3_server, s3_server
from tests.servers.sftp import own_sftp_server, sftp_server
from tests.support import forget_modules

__all__ = ["own_s3_server", "own_sftp_server", "s3_server", "sftp_server"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the command line's golden texts anew"
    )
    parser.addoption(
        "--update-pages", action="store_true", help="write anew what tests make of the guide's pages"
    )
    parser.addoption(
        "--thorough",
        action="store_true",
        help="try every moment, bit and door, where one of each kind is tried else",
    )
    parser.addoption(
        "--share", default="1/1", help="of the edits in tests/torture, play every N-th from the M-th on: M/N"
    )
    parser.addoption(
        "--histories", type=int, default=0, help="how many random projects are edited in each search"
    )
    parser.addoption(
        "--fuzz", type=float, default=0, help="seconds to look for forms that no parser can stand"
    )
    parser.addoption("--seed", type=int, default=0, help="where the search for such projects begins")


_environment: dict[str, str] = {}
"""The variables that were there before any test was imported."""


def pytest_configure() -> None:
    """Take SIGINT as in a terminal, also for what tests start: a run in a shell's background ignores it."""
    _environment.update(os.environ)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leaves_threads(item: pytest.Item) -> bool:
    given = getattr(item, "callspec", None)
    on_ray = "local_ray" in getattr(item, "fixturenames", ()) or (
        given is not None
        and any(isinstance(value, str) and value == "ray" for value in given.params.values())
    )
    return on_ray or item.get_closest_marker("leaves_threads") is not None


@pytest.hookimpl(trylast=True)  # after pytest has put together what shares a fixture
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the tests to xdist's processes, so that they end together: each gets as many of them, in a row.

    Those that leave threads come last in each: until then steps run in copies of the process, as they do for most.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    hands: list[list[pytest.Item]] = [[] for _ in range(processes)]
    for leaves in (False, True):
        kind = [item for item in items if _leaves_threads(item) is leaves]
        for _, group in itertools.groupby(kind, lambda item: item.path):
            file = list(group)
            for first in range(0, len(file), RUN):
                min(hands, key=len).extend(file[first : first + RUN])
    hands.sort(key=len)  # so that none begins with the last of another's
    items[:] = itertools.chain.from_iterable(hands)


RUN = 100
"""So many tests of a file one process plays after each other: they share what is built for it."""


def _find_obstacle() -> str | None:
    return find_obstacle() if sys.platform == "linux" else None  # elsewhere no process is copied


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Take away what the libraries that tests import set for the process: other tests begin without it."""
    try:
        return (yield)
    finally:
        for name in os.environ.keys() - _environment.keys():
            if not name.startswith("PYTEST_"):
                del os.environ[name]


def pytest_collection_finish(session: pytest.Session) -> None:
    """See that importing the tests has started no threads."""
    obstacle = _find_obstacle()
    if obstacle is not None:
        raise pytest.UsageError(
            f"importing the tests leaves a process that is not copied for steps: {obstacle}"
        )


@pytest.fixture(autouse=True)
def no_threads_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tell of a test after which steps of the others run in another way, and no mark says so.

    It is no failure: a library may start its threads a moment later, in another test.
    """
    yield
    obstacle = _find_obstacle()
    if obstacle != _obstacles[-1]:
        _obstacles.append(obstacle)
        if obstacle is not None and not _leaves_threads(request.node):
            warnings.warn(f"mark it `leaves_threads`: {obstacle}", stacklevel=1)


_obstacles: list[str | None] = [None]
"""What kept this process from being copied, by and by."""


@pytest.fixture(scope="session", autouse=True)
def one_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """All machines of the tests are one user's, with one key, and not that of whoever runs the tests."""
    os.environ["XDG_CONFIG_HOME"] = str(tmp_path_factory.mktemp("config"))
    make_key("ada")
    take_key()
    yield
    del os.environ["XDG_CONFIG_HOME"]


@pytest.fixture(autouse=True)
def no_modules_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """A project in a test's own folder is no other test's, whatever its modules are called."""
    folder = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    if folder is not None:
        forget_modules(folder)


@pytest.fixture(autouse=True)
def back_again() -> Iterator[None]:
    """A test that goes to another folder comes back; the project that it builds may go to one by itself."""
    here = os.getcwd()
    yield
    os.chdir(here)


@pytest.fixture(scope="session")
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether there is time for all that can be tried."""
    return bool(request.config.getoption("--thorough"))


@pytest.fixture
def ticking(tmp_path: Path) -> Iterator[Path]:
    """A folder in which writes in a row bear one time: here, or in memory, for newer kernels note each on most disks."""
    if _ticks(tmp_path):
        yield tmp_path
        return
    folder = tmp_path / "ticking"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "ramfs", "none", str(folder)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("each write shows in the times here, and no disk of another kind may be mounted")
    try:
        if not _ticks(folder):
            pytest.skip("each write shows in the times here")
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _ticks(folder: Path) -> bool:
    path, same = folder / "probe", 0
    for _ in range(100):
        path.write_text("a")
        before = path.stat()
        path.write_text("b")
        same += path.stat().st_ctime_ns == before.st_ctime_ns
    path.unlink()
    return same > 50


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
