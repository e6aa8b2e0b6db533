"""Copies of a shared store's record parts, looked up like local segments.

Knows part names and the two folders, no blobs and no trust. A part never changes once it is there, so a copy is
good for ever; what disappears behind the URL disappears here. Losing the folder costs a download.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from dagbuild.ground import atomic
from dagbuild.ground.private import make_private
from dagbuild.model.record import Record
from dagbuild.store.compression import compress, decompress
from dagbuild.store.index import Index
from dagbuild.store.lines import encode_line
from dagbuild.store.memo import Memo
from dagbuild.store.merging import LARGE, MANY, merge_parts
from dagbuild.store.notices import Notice
from dagbuild.store.object_info import Found
from dagbuild.store.record_log import RecordLog
from dagbuild.store.remote import RemoteFolder, map_at_once
from dagbuild.store.segments import NAME, SegmentReader, new_name

LARGEST = 64 << 20
"""Bytes of a part: what is larger, packed or not, is left alone."""

MOST_PARTS = 10_000
MOST_BYTES = 1 << 30
"""So much of what is there is copied, the newest parts first: names begin with the time."""

_LISTINGS = 4
"""Looks at the list, where parts are merged while they are copied."""

_NEWEST = 16
"""Records of one key that are looked at, of those that were written last."""

_NAMED = re.compile(rb'\["(xxh3-[0-9a-f]{32})",[0-9]+,"sha256-')
"""A blob in a line, as canonical JSON spells it."""


class Mirror:
    """The records behind a URL. Raises RemoteDeniedError or RemoteOutageError wherever it looks there."""

    def __init__(self, remote: RemoteFolder, folder: Path | None, refresh: float, on_notice: Notice) -> None:
        """Without a folder, copies are kept until `close`."""
        self._remote = remote
        self._temporary = None if folder else tempfile.mkdtemp(prefix="dagbuild-")
        self._folder = folder or Path(str(self._temporary))
        self._refresh = refresh
        self._refreshed = float("-inf")
        self._notice = on_notice
        self._told: set[str] = set()
        self._naming: dict[str, frozenset[bytes]] = {}  # by part, which blobs its records name
        self._reader = SegmentReader(self._folder / "segments")
        self._log = RecordLog(
            self._reader,
            Index(Memo(self._folder / "index", on_notice)),
            on_notice,
            parse=Record.from_elsewhere,
            newest=_NEWEST,
        )
        self._name = new_name().removesuffix(".jsonl")
        self._sent = 0

    @property
    def log(self) -> RecordLog:
        """The records copied so far."""
        return self._log

    def size(self) -> int:
        """Return how many bytes the copies take."""
        return self._reader.total()

    def refresh(self) -> None:
        """Copy what is new, unless that was done moments ago."""
        if time.monotonic() - self._refreshed < self._refresh:
            return
        self._copy_news()
        self._refreshed = time.monotonic()

    def _copy_news(self) -> set[str]:
        """Copy what is new, drop what is gone, and return the parts that are there."""
        for _ in range(_LISTINGS):
            there = self._choose(self._remote.list_objects("records"))
            have = set(self._reader.names())
            still = map_at_once(self._copy_part, sorted(there - have))
            for name in have - there:
                (self._folder / "segments" / name).unlink(missing_ok=True)
            if all(still):
                break  # else they were merged into another, which the next list names
        return there

    def merge(self) -> None:
        """Make one part of many, if there are many that are small and they may be removed; see `merging`."""
        if len(self._find_small(self._reader.names())) <= MANY or not self._may_remove:
            return
        small = self._find_small(self._copy_news() - self._told)
        if len(small) > MANY:
            parts = {}
            for path in small:
                with contextlib.suppress(OSError):
                    parts[path.name] = path.read_bytes()
            merge_parts(self._remote, parts, self._send)
        self._refreshed = float("-inf")

    @cached_property
    def _may_remove(self) -> bool:
        return self._remote.may_remove()

    def _find_small(self, names: Iterable[str]) -> list[Path]:
        """Return the copies of parts that are not too large to be merged; reads none."""
        small = []
        for name in names:
            path = self._folder / "segments" / name
            with contextlib.suppress(OSError):
                if path.stat().st_size < LARGE:
                    small.append(path)
        return small

    def _choose(self, there: Mapping[str, Found]) -> set[str]:
        """Return the parts to have copies of; say once which ones are too large or too many."""
        chosen: set[str] = set()
        room = MOST_BYTES
        for name in sorted(there, reverse=True):
            part, size = name.removesuffix(".zst"), there[name].size
            if part == name or not NAME.fullmatch(part):
                continue
            if size > LARGEST:
                self._say_damaged(part, f"they take {size:,} bytes, and {LARGEST:,} is the most")
            elif size > room or len(chosen) == MOST_PARTS:
                self._say_once("", "remote: there are more records than are read; the oldest are left out")
                break
            else:
                chosen.add(part)
                room -= size
        return chosen

    def _say_damaged(self, part: str, why: object) -> None:
        self._say_once(part, f"remote: the records '{part}' are damaged; skipped ({why})")

    def _say_once(self, about: str, text: str) -> None:
        if about not in self._told:
            self._told.add(about)
            self._notice(text)

    def find_naming(self, digest: str) -> Iterator[Record]:
        """Yield the records copied so far that name a blob with its strong digest; a rare question."""
        text = digest.encode("ascii")
        for name in self._reader.names():
            if name not in self._naming:
                data = b""
                with contextlib.suppress(OSError):
                    data = (self._folder / "segments" / name).read_bytes()
                self._naming[name] = frozenset(_NAMED.findall(data))
            if text in self._naming[name]:
                for line in self._reader.find_lines(name, text, self._notice):
                    with contextlib.suppress(ValueError):
                        yield Record.from_elsewhere(line.data)

    def send(self, records: Collection[Record]) -> None:
        """Make records a part of their own behind the URL."""
        self._send(b"".join(encode_line(record) for record in records))

    def _send(self, data: bytes) -> None:
        part = f"{self._name}-{self._sent + 1:04d}.jsonl"
        self._remote.write(f"records/{part}.zst", compress(data))
        self._sent += 1
        self._keep(part, data)

    def _copy_part(self, part: str) -> bool:
        """Copy a part, if it can be read; tell whether it is there."""
        try:
            data = decompress(self._remote.read(f"records/{part}.zst"), ".zst", LARGEST)
        except FileNotFoundError:
            return False
        except OSError as error:
            self._say_damaged(part, error)
            return True
        if len(data) > LARGEST:
            self._say_damaged(part, f"they are more than {LARGEST:,} bytes when unpacked")
        else:
            self._keep(part, data)
        return True

    def _keep(self, part: str, data: bytes) -> None:
        path = self._folder / "segments" / part
        with contextlib.suppress(OSError):  # a read-only folder: the remote's records are out of reach then
            make_private(path.parent)
            atomic.write(str(path), data)

    def close(self) -> None:
        """Let go of files."""
        self._log.fold()
        self._log.close()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
