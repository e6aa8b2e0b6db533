"""A table of bytes by bytes that may be lost at any time.

The only file that knows diskcache. Unaware of what it remembers. Guards: nothing in the table is ever unpickled, opened
as a file or deleted as one (whoever can write to the folder could otherwise run code on reading, CVE-2025-69872); and
whatever is wrong with the table, the worst that happens is that it is empty.
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from dagbuild.ground.private import make_private
from dagbuild.store.folder import GRAVE
from dagbuild.store.notices import Notice

if TYPE_CHECKING:
    import diskcache

KEYS_AT_ONCE = 900
"""SQLite takes 999 variables in its oldest builds."""

_KEPT_KB = 32_000
"""Of the table in memory, at most, once it was read: SQLite's own 2 MB are a twentieth of 100,000 records' index."""

LOCK_WAIT = 5
"""Seconds to wait for another process that writes; then it is done without."""

_RAW = 1
_COLUMNS = "SELECT key, raw, mode, filename, value FROM Cache"
_SET_ROW = """
INSERT INTO Cache (key, raw, mode, value) VALUES (?, 1, 1, ?)
ON CONFLICT (key, raw) DO UPDATE SET mode = 1, filename = NULL, value = excluded.value
"""


class Rows(Protocol):
    """A table whose write lock is held."""

    def set_rows(self, rows: Iterable[tuple[bytes, bytes]]) -> None:
        """Set values by keys."""

    def remove_rows(self, keys: Iterable[bytes]) -> None:
        """Remove what is under these keys."""


class MemoChangedError(Exception):
    """The table is not the one that was read before: it was lost, replaced or dropped as damaged."""


class Memo:
    """One table. Safe to use from several threads and processes; opened when first used."""

    def __init__(self, folder: Path, on_notice: Notice) -> None:
        self._folder = folder
        self._file = folder / "cache.db"
        self._text = str(self._file)
        self._notice = on_notice
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._reader: sqlite3.Connection | None = None
        self._inode: int | None = None
        self._writer: diskcache.Cache | None = None
        self._usable = True

    @classmethod
    def absent(cls) -> Memo:
        """Return a table that is always empty."""
        memo = cls(Path(os.devnull), lambda _: None)
        memo._usable = False
        return memo

    def find(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """Return the values of those keys that are there; raises MemoChangedError."""
        found: dict[bytes, bytes] = {}
        wanted = list(keys)
        for start in range(0, len(wanted), KEYS_AT_ONCE):
            some = wanted[start : start + KEYS_AT_ONCE]
            marks = ",".join("?" * len(some))
            found.update(self._select(f"{_COLUMNS} WHERE key IN ({marks})", some))
        return found

    def find_prefix(self, prefix: bytes) -> dict[bytes, bytes]:
        """Return all that is under keys that start with `prefix`, an ASCII letter; raises MemoChangedError."""
        after = prefix[:-1] + bytes([prefix[-1] + 1])
        return self._select(f"{_COLUMNS} WHERE key >= ? AND key < ?", [prefix, after])

    def _select(self, query: str, values: list[bytes]) -> dict[bytes, bytes]:
        with self._lock:
            reader = self._open_reader()
            if reader is None:
                return {}
            try:
                rows = reader.execute(query, values).fetchall()
            except sqlite3.OperationalError as error:
                if "locked" in str(error) or "busy" in str(error):
                    self._give_up()
                    raise MemoChangedError from error
                if "no such table" in str(error):
                    self._forget()  # another process is about to set it up: dropping it would trip that one
                    return {}
                self.drop(str(error))
            except (sqlite3.DatabaseError, ValueError) as error:  # the latter where a message is no text
                self.drop(str(error))
        found: dict[bytes, bytes] = {}
        for key, raw, mode, filename, value in rows:
            if (
                raw != 1
                or mode != _RAW
                or filename is not None
                or type(key) is not bytes
                or type(value) is not bytes
            ):
                self.drop("it has a row that dagbuild did not write")
            found[key] = value
        return found

    @contextlib.contextmanager
    def writing(self) -> Iterator[Rows | None]:
        """Hold the table's write lock and yield the rows, or None when the table cannot be written.

        All changes are made or none. Raises MemoChangedError.
        """
        with self._lock, contextlib.ExitStack() as stack:
            yield self._begin(stack)

    def _begin(self, stack: contextlib.ExitStack) -> Rows | None:
        if not self._usable:
            return None
        import diskcache

        try:
            self._check()
            cache = self._writer or self._open_writer()
            stack.enter_context(_translated(self))
            stack.enter_context(cache.transact())
        except MemoChangedError:
            raise
        except (diskcache.Timeout, OSError, sqlite3.OperationalError):
            return None  # held by others, a read-only folder, a full disk: not worth a word
        except Exception as error:
            self.drop(str(error))  # diskcache trips over a damaged file in many ways
        rows: Rows = cache
        return rows

    def put(self, rows: Mapping[bytes, bytes]) -> None:
        """Set rows; does nothing when the table cannot be written."""
        if rows:
            with contextlib.suppress(MemoChangedError), self.writing() as table:
                if table is not None:
                    table.set_rows(rows.items())

    def recall(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """Return the values of those keys that are there, as far as the table can be read."""
        return self._recalling(lambda: self.find(keys))

    def recall_prefix(self, prefix: bytes) -> dict[bytes, bytes]:
        """Return what `find_prefix` gives, as far as the table can be read."""
        return self._recalling(lambda: self.find_prefix(prefix))

    def _recalling(self, find: Callable[[], dict[bytes, bytes]]) -> dict[bytes, bytes]:
        for _ in range(2):  # another table may have come in the place of the one that was read
            with contextlib.suppress(MemoChangedError):
                return find()
        return {}

    def remove(self, keys: Collection[bytes]) -> None:
        """Remove rows; does nothing when there is no table or it cannot be written."""
        if keys and self._file.exists():
            with contextlib.suppress(MemoChangedError), self.writing() as table:
                if table is not None:
                    table.remove_rows(keys)

    def drop(self, why: str) -> NoReturn:
        """Remove the table, say so, and raise MemoChangedError."""
        with self._lock:
            if self._inode is not None and self._is_current():
                self._notice(f"cache: the index is set up anew: {why}")
                grave = self._folder.with_name(f"{self._folder.name}.{secrets.token_hex(4)}{GRAVE}")
                try:
                    self._folder.rename(grave)
                except FileNotFoundError:
                    pass
                except OSError:
                    self._usable = False  # cannot be removed: go on without
                shutil.rmtree(grave, ignore_errors=True)
            self._forget()
        raise MemoChangedError(why)

    def close(self) -> None:
        """Close the files; they are opened again when needed."""
        with self._lock:
            self._forget()

    # -- connections -----------------------------------------------------------------------------------------------

    def _is_current(self) -> bool:
        """Tell whether the file that is open is the one in the folder."""
        try:
            return self._inode is None or os.stat(self._text).st_ino == self._inode  # noqa: PTH116 - asked often
        except OSError:
            return False

    def _check(self) -> None:
        if self._pid != os.getpid():
            # SQLite's connections must not be used, nor closed, in a forked child.
            _LEFT_BEHIND.append((self._reader, self._writer))
            self._reader = self._writer = self._inode = None
            self._pid = os.getpid()
        if self._inode is not None and not self._is_current():
            self._forget()
            raise MemoChangedError("it was removed or replaced")

    def _open_reader(self) -> sqlite3.Connection | None:
        if not self._usable:
            return None
        self._check()
        if self._reader is None:
            try:
                inode = self._file.stat().st_ino
            except OSError:
                return None
            if self._inode is None and inode:
                self._inode = inode
            self._reader = _connect(self._file)
        return self._reader

    def _open_writer(self) -> diskcache.Cache:
        make_private(self._folder)
        self._writer = _cache_class()(
            str(self._folder),
            timeout=LOCK_WAIT,
            disk=_no_disk(),
            eviction_policy="none",
            cull_limit=0,
            size_limit=2**62,
            statistics=0,
            sqlite_mmap_size=0,  # a mapped file that somebody cuts kills its readers
        )
        self._inode = self._file.stat().st_ino
        return self._writer

    def _forget(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._reader is not None:
                self._reader.close()
            if self._writer is not None:
                self._writer.close()
        self._reader = self._writer = self._inode = None

    def _give_up(self) -> None:
        self._forget()
        self._usable = False


_LEFT_BEHIND: list[Any] = []


@contextlib.contextmanager
def _translated(memo: Memo) -> Iterator[None]:
    """Turn what goes wrong inside a transaction into a lost table, or into nothing when it is not the table's fault."""
    try:
        yield
    except sqlite3.OperationalError:
        memo.close()  # a full disk, a lock that was not given up: rolled back
        raise MemoChangedError("it could not be written") from None
    except (sqlite3.DatabaseError, ValueError) as error:
        memo.drop(str(error))


def _connect(file: Path) -> sqlite3.Connection:
    """Open the table for reading, also on a read-only file system, where SQLite's log cannot be joined."""
    for mode in ("mode=rw", "mode=ro", "immutable=1"):
        try:
            connection = sqlite3.connect(
                f"{file.absolute().as_uri()}?{mode}",
                uri=True,
                timeout=5,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.OperationalError:
            continue  # removed since it was looked for
        try:
            connection.execute("PRAGMA query_only = 1")
            connection.execute(f"PRAGMA cache_size = -{_KEPT_KB}")
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            connection.close()
            continue
        except (sqlite3.DatabaseError, ValueError):
            pass  # damaged: the first real query says so and drops the table
        return connection
    return sqlite3.connect(":memory:", check_same_thread=False)


@functools.cache
def _cache_class() -> Any:
    """Return diskcache's table, without its patience."""
    import diskcache

    class Table(diskcache.Cache):  # type: ignore[misc]
        """Gives up where a lock never comes free, as on a file whose log belongs to one that was replaced.

        diskcache's own (5.6) tries each statement and setting again for a minute. It sets rows one by one, too, each
        with a question first.
        """

        def set_rows(self, rows: Iterable[tuple[bytes, bytes]]) -> None:
            self._con.executemany(_SET_ROW, rows)

        def remove_rows(self, keys: Iterable[bytes]) -> None:
            self._con.executemany("DELETE FROM Cache WHERE key = ? AND raw = 1", ((key,) for key in keys))

        @property
        def _sql_retry(self) -> Any:
            return self._sql

        def reset(self, key: str, *value: Any, update: bool = True) -> Any:
            if not key.startswith("sqlite_"):
                return super().reset(key, *value, update=update)
            deadline = time.monotonic() + LOCK_WAIT
            while True:
                try:
                    if self._sql(f"PRAGMA {key[7:]}").fetchall() != [value]:
                        self._sql(f"PRAGMA {key[7:]} = {value[0]}").fetchall()
                    break
                except sqlite3.OperationalError as error:  # while another process sets it up, too
                    if "locked" not in str(error) or time.monotonic() > deadline:
                        raise
                    time.sleep(0.001)
            setattr(self, key, value[0])
            return value[0]

    return Table


@functools.cache
def _no_disk() -> Any:
    """Return what diskcache turns rows into values with, which here is not done; diskcache is imported when needed."""
    import diskcache

    class NoDisk(diskcache.Disk):  # type: ignore[misc]
        """Refuses: rows are set and read as bytes, by statements of our own."""

        def _refuse(self, *_: Any, **__: Any) -> NoReturn:
            raise ValueError("no row is made into a value")

        put = get = store = fetch = remove = _refuse

    return NoDisk
