"""A folder behind a URL: s3://, file://, memory:// and whatever else fsspec speaks.

The only file that knows fsspec. Unaware of blobs and records. Guards: whatever a driver raises leaves here as one of
three answers (not there, not allowed, out of reach), and an object is never seen half written.
"""

from __future__ import annotations

import contextlib
import errno
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from dagbuild.ground.atomic import PART
from dagbuild.ground.digest import Digest, digest_json
from dagbuild.ground.errors import StoreError
from dagbuild.ground.secrets import clean, mask_url

_WHOLE_OBJECTS = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss", "memory"})
"""Protocols whose objects appear when they are complete; elsewhere they are written beside and renamed."""

_S3_CONFIG = {
    # Checksums that newer botocore adds by itself break range reads on several servers that are not AWS.
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
    "connect_timeout": 5,
    "read_timeout": 30,
    "retries": {"max_attempts": 2},
}

PATIENCE = 60.0
"""Seconds until a call counts as failed, and for each so many bytes one more. Drivers have time-outs of their own, but
not everywhere: a server that is silent after "Expect: 100-continue" holds up s3fs 2026.9 for ever."""

_SLOWEST = 256 * 1024

_CONTENT_FIELDS = ("ETag", "etag", "md5Hash", "content_md5", "Content-MD5", "md5", "checksum", "Digest")


_EXTRAS = {
    scheme: f"pip install 'dagbuild[{extra}]' brings that"
    for extra, schemes in {"s3": ("s3", "s3a"), "gs": ("gs", "gcs"), "az": ("az", "abfs", "abfss", "adl"),
                           "sftp": ("sftp", "ssh")}.items()
    for scheme in schemes
}  # fmt: skip


class RemoteDeniedError(StoreError):
    """The remote does not allow it: asking again is of no use."""


class RemoteOutageError(StoreError):
    """The remote is out of reach, or broken."""


@contextlib.contextmanager
def _classified(url: str) -> Iterator[None]:
    """Let FileNotFoundError through; turn everything else into one of the two errors above, without secrets."""
    try:
        yield
    except (FileNotFoundError, StoreError):
        raise
    except ImportError as error:
        raise RemoteOutageError(
            f"no driver for '{mask_url(url)}' is installed: {error}",
            hint=_EXTRAS.get(
                url.partition("://")[0], f"install fsspec's driver for {url.partition('://')[0]}://"
            ),
        ) from error
    except Exception as error:
        text = clean((str(error).splitlines() or [""])[0]) or type(error).__name__
        url = mask_url(url)
        if isinstance(error, PermissionError) or getattr(error, "errno", None) in {errno.EROFS, errno.EPERM}:
            raise RemoteDeniedError(f"'{url}' does not allow it: {text}") from error
        raise RemoteOutageError(f"'{url}' is out of reach: {text}") from error


class RemoteFolder:
    """Objects below one URL, by relative name. Safe to use from several threads.

    The driver is opened when first needed. Every method raises FileNotFoundError, RemoteDeniedError or
    RemoteOutageError.
    """

    def __init__(
        self, url: str, options: Mapping[str, Any] | None = None, *, patience: float = PATIENCE
    ) -> None:
        self.url = url if url.endswith("://") else url.rstrip("/")
        self._options = dict(options or {})
        self._patience = patience
        self._fs: Any = None
        self._root = ""
        self._renames = False
        self._read_options: dict[str, Any] = {}

    def _open(self) -> Any:
        if self._fs is None:
            import fsspec

            protocol = self.url.partition("://")[0] if "://" in self.url else "file"
            options = dict(self._options)
            if protocol in {"s3", "s3a"}:
                options["config_kwargs"] = {**_S3_CONFIG, **options.get("config_kwargs", {})}
                # s3fs asks for an object's size before each read, unless it is to use one connection.
                self._read_options = {"max_concurrency": 1}
            if protocol in {"file", "local"}:
                options.setdefault("auto_mkdir", True)
            # Listings must be fresh, and an instance of our own is never closed by others.
            fs, self._root = fsspec.core.url_to_fs(
                self.url, use_listings_cache=False, skip_instance_cache=True, **options
            )
            if not self._root.strip("/"):
                raise ValueError("the URL names no bucket or folder")
            if protocol in {"s3", "s3a"}:
                fs.retries = 1  # botocore repeats what is worth it
            self._renames = protocol not in _WHOLE_OBJECTS
            self._fs = fs
        return self._fs

    def _limits(self, size: int = 0) -> dict[str, float]:
        """Return the argument that makes a driver give up; only those that run on an event loop take it."""
        return {"timeout": self._patience + size / _SLOWEST} if self._open().async_impl else {}

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def read(self, name: str, size: int = 0) -> bytes:
        """Return an object's bytes, which are `size` or less as far as is known."""
        with _classified(self.url):
            fs = self._open()
            data: bytes = fs.cat_file(self._path(name), **self._read_options, **self._limits(size))
            return data

    def read_to(self, name: str, target: Path, size: int) -> None:
        """Write an object's bytes to a local file, without holding them in memory."""
        with _classified(self.url):
            self._open().get_file(self._path(name), str(target), **self._limits(size))

    def write(self, name: str, data: bytes) -> None:
        """Make an object of some bytes; one that is there is replaced."""
        with _classified(self.url):
            fs = self._open()
            with self._whole(name) as path:
                fs.pipe_file(path, data, **self._limits(len(data)))

    def write_file(self, name: str, source: Path) -> None:
        """Make an object of a local file's bytes."""
        with _classified(self.url):
            fs = self._open()
            with self._whole(name) as path:
                fs.put_file(str(source), path, **self._limits(source.stat().st_size))

    @contextlib.contextmanager
    def _whole(self, name: str) -> Iterator[str]:
        """Yield where to write an object so that nobody sees the half of it."""
        path = self._path(name)
        if not self._renames:
            yield path
            return
        part = f"{path}.{secrets.token_hex(4)}{PART}"
        self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        try:
            yield part
            self._fs.mv(part, path)
        except BaseException:
            with contextlib.suppress(Exception):
                self._fs.rm_file(part)
            raise

    def list(self, folder: str) -> list[str]:
        """Return the names in a folder, without what is in folders below; empty when there is no such folder."""
        with _classified(self.url):
            fs = self._open()
            try:
                paths = fs.ls(self._path(folder), detail=False, **self._limits())
            except FileNotFoundError:
                return []
            return [path.rstrip("/").rpartition("/")[2] for path in paths]

    def list_sizes(self, folder: str) -> dict[str, int]:
        """Return the names in a folder as `list` does, each with the bytes that it takes; 0 where nobody says."""
        with _classified(self.url):
            fs = self._open()
            try:
                found = fs.ls(self._path(folder), detail=True, **self._limits())
            except FileNotFoundError:
                return {}
            return {each["name"].rstrip("/").rpartition("/")[2]: int(each.get("size") or 0) for each in found}

    def size(self, name: str) -> int | None:
        """Return an object's size, or None when it is not there."""
        with _classified(self.url):
            try:
                return int(self._open().info(self._path(name), **self._limits())["size"] or 0)
            except FileNotFoundError:
                return None

    def modified(self, name: str) -> float | None:
        """Return when an object was written, by the clock over there, in seconds since 1970; None if it has none."""
        with _classified(self.url):
            try:
                told = self._open().modified(self._path(name))
            except NotImplementedError:
                return None
            return float(told.timestamp()) if isinstance(told, datetime) else None

    def remove(self, name: str) -> None:
        """Remove an object."""
        with _classified(self.url):
            self._open().rm_file(self._path(name), **self._limits())


def content_id(url: str) -> Digest:
    """Return a digest of what the store behind a URL says of the content there: an etag, a checksum, or its times.

    Raises OSError when there is nothing, or no answer.
    """
    import fsspec

    try:
        with _classified(url):
            fs, path = fsspec.core.url_to_fs(url, use_listings_cache=False)
            fs.invalidate_cache()
            info = fs.info(path)
            for name in _CONTENT_FIELDS:
                if info.get(name):
                    return digest_json(["content", str(info[name]), info.get("size")])
            return digest_json(["ukey", str(fs.ukey(path))])
    except StoreError as error:
        raise OSError(str(error)) from error
