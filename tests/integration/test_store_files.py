"""Digests of files: remembered as long as nothing can have changed."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from dagbuild.ground.digest import digest_bytes, digest_chunks
from dagbuild.store.file_digests import FileDigests
from dagbuild.store.own_loop import open_loop
from tests.servers.s3 import S3Server
from tests.support import noting

OLD = time.time() - 1000


@pytest.fixture
def digests(tmp_path: Path) -> Iterator[Any]:
    made = FileDigests(tmp_path / "cache")
    yield made
    made.close()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Count the files that are read."""
    from dagbuild.store import file_digests

    count: list[int] = []
    monkeypatch.setattr(file_digests, "digest_chunks", noting(count, lambda chunks: 1, digest_chunks))
    return count


def test_digest_is_that_of_the_bytes(tmp_path: Path, digests: Any) -> None:
    """Whatever the name."""
    (tmp_path / "file").write_bytes(b"content")

    assert digests.digest_file(tmp_path / "file") == digest_bytes(b"content")
    assert digests.digest_file(f"file://{tmp_path}/file") == digest_bytes(b"content")


def test_a_file_is_read_once(
    tmp_path: Path, digests: Any, reads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While size, times and inode stay, also by another process."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 10**10)
    for _ in range(3):
        digests.digest_file(path)
    FileDigests(tmp_path / "cache").digest_file(path)

    assert len(reads) == 1


def test_a_young_file_is_read_again(tmp_path: Path, digests: Any) -> None:
    """A second change within the file system's clock tick shows in no stamp."""
    path = tmp_path / "file"
    path.write_bytes(b"before")
    first = digests.digest_file(path)
    found = path.stat()
    path.write_bytes(b"after!")
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))

    assert digests.digest_file(path) != first


def test_change_is_seen_even_with_the_old_mtime(
    tmp_path: Path, digests: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change time cannot be set back."""
    path = tmp_path / "file"
    path.write_bytes(b"before")
    os.utime(path, (OLD, OLD))
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 10**10)
    first = digests.digest_file(path)
    path.write_bytes(b"after!")
    os.utime(path, (OLD, OLD))

    assert digests.digest_file(path) != first


def test_many_files_by_name_and_content(tmp_path: Path, digests: Any) -> None:
    """Another folder is no change; another name or content is."""
    for folder in ("one", "two"):
        (tmp_path / folder / "sub").mkdir(parents=True)
        (tmp_path / folder / "sub" / "a").write_bytes(b"a")
        (tmp_path / folder / "b").write_bytes(b"b")
    one = digests.list_files(tmp_path / "one", ["sub/a", "b"])

    assert digests.list_files(tmp_path / "two", [str(tmp_path / "two" / "b"), "sub/a"]) == one
    (tmp_path / "two" / "b").rename(tmp_path / "two" / "c")
    assert digests.list_files(tmp_path / "two", ["sub/a", "c"]) != one


def test_missing_file_is_an_os_error(tmp_path: Path, digests: Any) -> None:
    """For paths and URLs."""
    for path in (tmp_path / "none", f"memory://{secrets.token_hex(4)}/none", "nosuchprotocol://x"):
        with pytest.raises(OSError, match=r"."):
            digests.digest_file(path)


def test_damaged_memo_is_no_trouble(tmp_path: Path, digests: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs a read."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 10**10)
    digests.digest_file(path)
    database = tmp_path / "cache" / "index" / "1" / "files" / "cache.db"
    database.write_bytes(b"garbage" * 1000)

    assert FileDigests(tmp_path / "cache").digest_file(path) == digest_bytes(b"content")


def test_url_changes_with_its_content(s3_server: S3Server) -> None:
    """On S3 by its etag: equal content is equal, and nothing is downloaded."""
    url = f"{s3_server.make_bucket()}/table.csv"
    fsspec.config.conf["s3"] = s3_server.options
    try:
        fs, path = fsspec.core.url_to_fs(url, loop=open_loop())
        seen = []
        for content in (b"1,2", b"3,4", b"1,2"):
            fs.pipe_file(path, content)
            seen.append(FileDigests().digest_file(url))
    finally:
        del fsspec.config.conf["s3"]

    assert seen[0] == seen[2] != seen[1]
