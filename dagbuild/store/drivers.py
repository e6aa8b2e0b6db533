"""fsspec's drivers for one URL: opened when they are needed, and lent to calls.

The only file that knows fsspec. Knows what each driver wants to be told; nothing of objects. Guards: a driver that
takes one call at a time never has two, and a connection that broke is not lent again.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from dagbuild.store.own_loop import open_loop
from dagbuild.store.sftp import SFTP, SftpDriver, complete, let_in

AT_ONCE = 24
"""Requests side by side."""

_CONNECTIONS = 8
"""Drivers of one URL, where each takes one call at a time: OpenSSH drops some from ten that are not yet let in."""

_SHORTEST = 0.5
"""Seconds that even the last try is given."""

_S3_CONFIG = {
    # Checksums that newer botocore adds by itself break range reads on several servers that are not AWS.
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
    "connect_timeout": 4,
    "read_timeout": 8,
    "retries": {"total_max_attempts": 1},  # what is worth it is repeated by `remote`, within one budget
    "max_pool_connections": 2 * AT_ONCE,
}


class _Opened:
    """What one process has open; a child of fork opens its own."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.shared: Any = None
        self.free: list[Any] = []
        self.seats = threading.Semaphore(_CONNECTIONS)


class Drivers:
    """Drivers for one URL. Safe to use from several threads; raises whatever drivers raise."""

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        self._url = url
        self._options = options
        self.protocol = url.partition("://")[0] if "://" in url else "file"
        self.top = ""
        """What the drivers call the place that the URL names; known once there is one."""
        self._by_process: dict[int, _Opened] = {}

    @contextlib.contextmanager
    def lend(self, until: float) -> Iterator[Any]:
        """Yield a driver that gives up at a time, where it can be told to, or soon after."""
        import fsspec

        opened = self._by_process.setdefault(os.getpid(), _Opened())
        if fsspec.get_filesystem_class(self.protocol).async_impl or self.protocol in {
            "file",
            "local",
            "memory",
        }:
            with opened.lock:
                if opened.shared is None:
                    opened.shared = self._open(until)
            yield opened.shared
            return
        if not opened.seats.acquire(timeout=seconds_until(until)):
            raise TimeoutError
        try:
            yield from self._lend_one(opened, until)
        finally:
            opened.seats.release()

    def _lend_one(self, opened: _Opened, until: float) -> Iterator[Any]:
        with opened.lock:
            driver = opened.free.pop() if opened.free else None
        if driver is None:
            driver = self._open(until)
        if self.protocol in SFTP:
            driver.give(seconds_until(until))
        try:
            yield driver
        except FileNotFoundError:
            opened.free.append(driver)
            raise
        except BaseException:
            with opened.lock:
                dropped = [driver, *opened.free]
                opened.free.clear()  # what broke this one broke the others, too: a server that was started again
            for each in dropped if self.protocol in SFTP else ():
                each.close()
            raise
        opened.free.append(driver)

    def _open(self, until: float) -> Any:
        try:
            driver, top = open_driver(self._url, self._options, seconds=seconds_until(until))
        except (
            FileNotFoundError
        ) as error:  # a file with a key, which is not to be taken for an object that is missing
            raise ValueError(f"there is no '{error.filename or error}'") from error
        except TypeError as error:  # an option that the driver does not know, or that the URL gives, too
            raise ValueError(str(error)) from error
        if not top.strip("/"):
            raise ValueError("the URL names no bucket or folder")
        self.top = top.rstrip("/")
        return driver


def seconds_until(time_: float) -> float:
    """Return how long a call may take that is to be over at a time."""
    return max(time_ - time.monotonic(), _SHORTEST)


def open_driver(url: str, options: Mapping[str, Any], *, seconds: float) -> tuple[Any, str]:
    """Return a driver of its own, on the store's loop, and what it calls the URL's path."""
    import fsspec

    protocol = url.partition("://")[0] if "://" in url else "file"
    given = dict(options)
    if protocol in SFTP:
        with let_in():
            driver, path = fsspec.core.url_to_fs(url, skip_instance_cache=True, **complete(given, seconds))
        return SftpDriver(driver), path
    if protocol in {"s3", "s3a"}:
        given["config_kwargs"] = {**_S3_CONFIG, **given.get("config_kwargs", {})}
    given |= _loop_for(protocol)
    # Listings must be fresh, and an instance of our own is never closed by others.
    driver, path = fsspec.core.url_to_fs(url, use_listings_cache=False, skip_instance_cache=True, **given)
    if protocol in {"s3", "s3a"}:
        driver.retries = 1
    return driver, path


def _loop_for(protocol: str) -> dict[str, Any]:
    """Return what a driver is told so that it runs on the store's loop, if it runs on one."""
    import fsspec

    return {"loop": open_loop()} if fsspec.get_filesystem_class(protocol).async_impl else {}


@contextlib.contextmanager
def share_driver(url: str) -> Iterator[tuple[Any, str]]:
    """Yield a driver with fsspec's own settings, on the store's loop, and what it calls the URL's path.

    fsspec keeps it for the thread's next question.
    """
    import fsspec

    protocol = url.partition("://")[0]
    if protocol in SFTP:  # a connection that broke would stay
        driver, path = open_driver(url, {}, seconds=10)
        with contextlib.closing(driver):
            yield driver, path
        return
    driver, path = fsspec.core.url_to_fs(url, use_listings_cache=False, **_loop_for(protocol))
    driver.invalidate_cache()
    yield driver, path


def ask_s3(driver: Any, what: str, seconds: float, **fields: Any) -> Any:
    """Ask in the words of S3 where the driver would ask more than once."""
    from fsspec.asyn import sync

    return sync(driver.loop, driver._call_s3, what, **fields, timeout=seconds)
