"""A folder behind a URL: s3://, file://, memory:// and whatever else fsspec speaks.

Unaware of blobs and records; `drivers` opens what fsspec has for the URL. Guards: whatever a driver raises leaves here
as one of three answers (not there, not allowed, out of reach), and an object is never seen half written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

from dagbuild.ground.atomic import PART
from dagbuild.ground.digest import Digest, digest_chunks, digest_json
from dagbuild.ground.errors import StoreError
from dagbuild.ground.quiet import QuietPool, quiet
from dagbuild.ground.secrets import clean, mask_url
from dagbuild.ground.stamps import COARSE_NS
from dagbuild.store.drivers import AT_ONCE, Drivers, ask_s3, seconds_until, share_driver
from dagbuild.store.group_folder import make_folders, open_to_all
from dagbuild.store.object_info import Found, find_tag, find_time, name_object
from dagbuild.store.remote_errors import RemoteDeniedError, RemoteOutageError, classified

_T = TypeVar("_T")
_Item = TypeVar("_Item")

_WHOLE_OBJECTS = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss", "memory"})
"""Protocols whose objects appear when they are complete; elsewhere they are written beside and renamed."""

PATIENCE = 10.0
"""Seconds until a call counts as failed, with all its repetitions, and for each so many bytes one more. Drivers have
time-outs of their own, but not everywhere: a server that is silent after "Expect: 100-continue" holds up s3fs 2026.9
for ever."""

_SLOWEST = 256 * 1024

_PAUSES = (0.1, 0.3, 1.0)
"""Seconds before a call that failed is tried again."""

_RANGE = 16 << 20
"""Large objects travel in ranges of so many bytes, several at once."""

_RANGES_AT_ONCE = 8

_REMOVED_AT_ONCE = 1000
"""Objects that S3 removes for one request."""

_TURNS = 3

PROBE, PROBE_DATA = "probe", b"dagbuild\n"
"""What is written to see whether that is allowed, and by which clock."""


def map_at_once(call: Callable[[_Item], _T], items: Sequence[_Item]) -> list[_T]:
    """Return what a call gives for each item, some at a time; raises what the first of them raised.

    What hangs in a call holds nobody up but the caller.
    """
    if len(items) <= 1:
        return [call(item) for item in items]
    pool = QuietPool(min(AT_ONCE, len(items)), "dagbuild-fetch")
    try:
        return pool.map(call, items)
    finally:
        pool.close()


class RemoteFolder:
    """Objects below one URL, by relative name. Safe to use from several threads.

    The driver is opened when first needed. What fails for the moment is tried again, within the `patience`. Every
    method raises FileNotFoundError, RemoteDeniedError or RemoteOutageError.
    """

    def __init__(
        self,
        url: str,
        options: Mapping[str, Any] | None = None,
        *,
        within: str = "",
        patience: float = PATIENCE,
    ) -> None:
        """What the URL names must be there, a bucket or a folder; `within`, a folder below it, is made."""
        self._top_url = url if url.endswith("://") else url.rstrip("/")
        self._within = within.strip("/")
        self.url = f"{self._top_url}/{self._within}" if self._within else self._top_url
        self._patience = patience
        self._until = threading.local()  # when this thread's call is to be given up
        self._drivers = Drivers(self._top_url, options or {})
        self._protocol = self._drivers.protocol
        self._is_s3 = self._protocol in {"s3", "s3a"}
        self._is_local = self._protocol in {"file", "local"}
        self._renames = self._protocol not in _WHOLE_OBJECTS
        self._is_there = False
        # s3fs asks for an object's size before each read, unless it is to use one connection.
        self._read_options = {"max_concurrency": 1} if self._is_s3 else {}
        self._ranges = {"chunksize": _RANGE, "max_concurrency": _RANGES_AT_ONCE} if self._is_s3 else {}

    def _do(self, call: Callable[[Any], _T], size: int = 0) -> _T:
        """Return what the driver answers; what may come right is tried again, after a pause, while patience lasts."""
        self._until.at = until = time.monotonic() + self._patience + size / _SLOWEST
        for pause in (*_PAUSES, None):
            try:
                with quiet(), classified(self.url), self._drivers.lend(until) as fs:
                    return call(fs)
            except RemoteOutageError as error:
                if pause is None or error.lasting or time.monotonic() + pause > until:
                    raise
                time.sleep(pause * random.uniform(0.5, 1.5))
        raise AssertionError

    def _limits(self, fs: Any) -> dict[str, float]:
        """Return the argument that makes a driver give up; only those that run on an event loop take it."""
        return {"timeout": seconds_until(self._until.at)} if fs.async_impl else {}

    def _path(self, name: str) -> str:
        return "/".join(part for part in (self._drivers.top, self._within, name) if part)

    def check(self) -> None:
        """Raise RemoteDeniedError when what the URL names is not there.

        Nobody makes a bucket by mistake, or fills the folder where a disk is mounted at other times.
        """
        if not self._is_there:
            self._do(self._check)

    def _check(self, fs: Any) -> None:
        if self._is_there:
            return
        if self._is_s3:
            try:
                self._ask_s3(fs, "head_bucket", Bucket=self._drivers.top.partition("/")[0])
            except FileNotFoundError as error:
                raise RemoteDeniedError(
                    f"there is nothing at '{mask_url(self._top_url)}', not even a bucket"
                ) from error
            except PermissionError:
                pass  # it is there
        elif self._renames and not fs.isdir(self._drivers.top):
            where = self._drivers.top if self._is_local else mask_url(self._top_url)
            raise RemoteDeniedError(
                f"there is no folder '{where}'",
                hint=f"mkdir -p '{where}' makes it, unless a disk is not mounted" if self._is_local else None,
            )
        self._is_there = True

    def _ask_s3(self, fs: Any, what: str, **fields: Any) -> Any:
        return ask_s3(fs, what, seconds_until(self._until.at), **fields)

    def read(self, name: str, size: int = 0) -> bytes:
        """Return an object's bytes, which are `size` or less as far as is known."""
        return self._read(name, size)

    def read_range(self, name: str, start: int, size: int) -> bytes:
        """Return some of an object's bytes; fewer where it ends before."""
        return self._read(name, size, start=start, end=start + size)

    def _read(self, name: str, size: int, **span: int) -> bytes:
        def read(fs: Any) -> bytes:
            try:
                data = fs.cat_file(self._path(name), **span, **self._read_options, **self._limits(fs))
            except Exception as error:
                if span and _ends_before(error):
                    return b""
                raise
            return bytes(data)

        return self._do(read, size)

    def read_to(self, name: str, target: Path, size: int) -> None:
        """Write an object's bytes to a local file, without holding them in memory."""

        def read(fs: Any) -> None:
            fs.get_file(self._path(name), str(target), **self._ranges, **self._limits(fs))

        self._do(read, size)

    def write(self, name: str, data: bytes) -> None:
        """Make an object of some bytes; one that is there is replaced."""

        def write(fs: Any) -> None:
            with self._whole(fs, name) as path:
                fs.pipe_file(path, data, **self._limits(fs))

        self._do(write, len(data))

    def write_file(self, name: str, source: Path) -> None:
        """Make an object of a local file's bytes."""
        size = source.stat().st_size

        def write(fs: Any) -> None:
            with self._whole(fs, name) as path:
                fs.put_file(str(source), path, **self._ranges, **self._limits(fs))

        self._do(write, size)

    @contextlib.contextmanager
    def _whole(self, fs: Any, name: str) -> Iterator[str]:
        """Yield where to write an object so that nobody sees the half of it."""
        path = self._path(name)
        if not self._renames:
            yield path
            return
        self._check(fs)
        part = f"{path}.{secrets.token_hex(4)}{PART}"
        folder = path.rpartition("/")[0]
        if self._is_local:
            make_folders(self._drivers.top, folder)
        else:
            fs.makedirs(folder, exist_ok=True)
        try:
            yield part
            if self._is_local:
                open_to_all(self._drivers.top, part)
            fs.mv(part, path)
        except BaseException:
            with contextlib.suppress(Exception):
                fs.rm_file(part)
            raise

    def list(self, folder: str) -> list[str]:
        """Return the names in a folder, without what is in folders below; empty when there is no such folder.

        Raises RemoteDeniedError when what the URL names is not there.
        """

        def look(fs: Any) -> list[str]:
            try:
                paths = fs.ls(self._path(folder), detail=False, **self._limits(fs))
            except FileNotFoundError:
                self._check(fs)
                return []
            return [path.rstrip("/").rpartition("/")[2] for path in paths]

        return self._do(look)

    def list_objects(self, folder: str) -> dict[str, Found]:
        """Return the objects in a folder, by name as `list` does, each with what the listing says of it."""

        def look(fs: Any) -> dict[str, Found]:
            try:
                found = fs.ls(self._path(folder), detail=True, **self._limits(fs))
            except FileNotFoundError:
                self._check(fs)
                return {}
            return dict(name_object(each) for each in found if each.get("type") != "directory")

        return self._do(look)

    def size(self, name: str) -> int | None:
        """Return an object's size, or None when it is not there."""

        def look(fs: Any) -> int:
            if not self._is_s3:
                return int(fs.info(self._path(name), **self._limits(fs))["size"] or 0)
            bucket, _, key = self._path(name).partition("/")
            return int(self._ask_s3(fs, "head_object", Bucket=bucket, Key=key)["ContentLength"])

        try:
            return self._do(look)
        except FileNotFoundError:
            return None

    def modified(self, name: str) -> float | None:
        """Return when an object was written, by the clock over there, in seconds since 1970; None if it has none."""
        return self._do(lambda fs: find_time(fs.info(self._path(name), **self._limits(fs))))

    def tell_time(self) -> float | None:
        """Return what time it is over there, None where drivers do not tell, by an object that is written for it."""
        for _ in range(_TURNS):
            self.write(PROBE, PROBE_DATA)
            with contextlib.suppress(FileNotFoundError):  # somebody has just looked whether it can be removed
                return self.modified(PROBE)
        return None

    def may_remove(self) -> bool:
        """Tell whether objects may be removed, by removing the one that `tell_time` and others write."""
        try:
            self._remove_if_there(PROBE)
        except RemoteDeniedError:
            return False
        return True

    def remove(self, name: str) -> None:
        """Remove an object."""
        self._do(lambda fs: fs.rm_file(self._path(name), **self._limits(fs)))

    def remove_all(self, names: Sequence[str]) -> None:
        """Remove objects; what is gone already is none the less."""
        if not self._is_s3:
            map_at_once(self._remove_if_there, names)
            return
        for start in range(0, len(names), _REMOVED_AT_ONCE):
            self._do(partial(self._remove_from_s3, names[start : start + _REMOVED_AT_ONCE]))

    def _remove_if_there(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.remove(name)

    def _remove_from_s3(self, names: Sequence[str], fs: Any) -> None:
        bucket = self._drivers.top.partition("/")[0]
        keys = [{"Key": self._path(name).partition("/")[2]} for name in names]
        told = self._ask_s3(fs, "delete_objects", Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
        for error in told.get("Errors", ()):
            if error.get("Code") == "AccessDenied":
                raise PermissionError(error.get("Message") or "it may not be removed")
            if error.get("Code") != "NoSuchKey":
                raise OSError(f"{error.get('Code')}: {error.get('Message')}")


def _ends_before(error: Exception) -> bool:
    """Tell whether an object ends before the range that was asked for: HTTP's 416, by the words of a driver."""
    return getattr(error, "errno", None) == errno.EINVAL or "satisfiable" in str(error)


_READ = 1 << 20


def content_id(url: str) -> Digest:
    """Return a digest of what the store behind a URL says of the content there: an etag, a checksum, or its time.

    Where it says none of them, and while a time is so young that more may be written that bears it, the content is
    read. Raises OSError, which says what is wrong without secrets, when there is nothing, or no answer.
    """
    try:
        with classified(url), share_driver(url) as (fs, path):
            info = fs.info(path)
            if tag := find_tag(info):
                return digest_json(["content", tag, info.get("size")])
            written = find_time(info)
            if written is not None and written + COARSE_NS / 1e9 < time.time():
                return digest_json(["written", written, info.get("size")])
            with fs.open(path, "rb") as file:
                return digest_json(["read", digest_chunks(iter(partial(file.read, _READ), b""))])
    except StoreError as error:
        raise OSError(str(error)) from error
    except FileNotFoundError as error:
        raise _explain_missing(mask_url(url), error.__cause__) from error


def _explain_missing(where: str, cause: BaseException | None) -> OSError:
    """Return what to say of a URL that a driver finds nothing at: that of HTTP does so whatever has gone wrong."""
    status = getattr(cause, "status", None)
    if cause is None or not where.startswith("http") or status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return FileNotFoundError(f"there is nothing at '{where}'")
    if isinstance(status, int):
        phrase = f" ({HTTPStatus(status).phrase})" if status in set(HTTPStatus) else ""
        return OSError(f"'{where}' answers {status}{phrase}")
    if isinstance(cause, TimeoutError):
        return OSError(f"'{where}' does not answer")
    inner = cause.__cause__ if isinstance(cause.__cause__, OSError) else cause
    if isinstance(inner, ConnectionError) and inner.errno:
        return OSError(f"nobody answers at '{where}': {os.strerror(inner.errno)}")
    why = getattr(inner, "strerror", None) or str(inner) or type(inner).__name__
    return OSError(f"'{where}' is out of reach: {clean(why)}")
