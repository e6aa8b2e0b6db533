"""The kinds of files in a cache folder, and what the loss of each may cost.

A file that no kind covers fails the tests: whoever adds a kind of file says here what becomes of it when it is damaged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Places = Callable[[bytes], Sequence[int]]


def ends_and_middle(data: bytes) -> list[int]:
    """Return the first, the middle and the last byte."""
    return sorted({0, len(data) // 2, len(data) - 1})


def fields_of_lines(data: bytes) -> list[int]:
    """Return a byte of each part of the first, a middle and the last line of a segment: digest, gap, JSON, end."""
    starts = [0, *(match.end() for match in re.finditer(rb"\n", data))][:-1]
    places = []
    for start in (starts[0], starts[len(starts) // 2], starts[-1]):
        end = data.index(b"\n", start)
        gap = data.index(b" ", start, end)
        fields = [start, start + 5, gap - 1, gap, gap + 1, end - 1, end]
        for name in (b'"deep"', b'"content"', b'"codec"', b'"form"', b'"node"', b'"format"', b'"started"'):
            found = data.find(name, start, end)
            if found >= 0:
                fields += [found + 1, found + len(name) + 3]
        places += fields
    return sorted(set(places))


def fields_of_database(data: bytes) -> list[int]:
    """Return a byte of each field of SQLite's header, and of each part of its first, second, middle and last page."""
    page = int.from_bytes(data[16:18], "big") or 4096
    header = [0, 15, 16, 17, 18, 19, 20, 21, 24, 28, 32, 36, 40, 44, 47, 48, 52, 56, 60, 64, 68, 72, 92, 96]
    pages = [0, 1, len(data) // page // 2, len(data) // page - 1]
    inside = [
        at + each
        for at in (number * page for number in pages)
        for each in (0, 3, 8, 100, page // 2, page - 1)
    ]
    return sorted({place for place in [*header, 103, 108, *inside] if place < len(data)})


def fields_of_log(data: bytes) -> list[int]:
    """Return a byte of each field of the header of SQLite's log, and of its first and last frame."""
    frame = 24 + int.from_bytes(data[8:12], "big")
    last = 32 + (len(data) - 32) // frame * frame - frame
    inside = [at + each for at in (32, last) for each in (0, 4, 8, 12, 16, 23, 24, 32, frame - 1)]
    return sorted({place for place in [0, 4, 8, 12, 16, 20, 24, 28, *inside] if 0 <= place < len(data)})


@dataclass(frozen=True)
class Kind:
    """Files whose path below the cache folder matches `pattern` wholly.

    `holds` is what a damaged one costs: "values" and "records" are made again and named by `verify`; "memory" costs
    looking, and at most making again; "nothing" costs nothing at all. `places` are the bytes to flip.
    """

    name: str
    pattern: str
    holds: str
    places: Places = ends_and_middle


KINDS = (
    Kind("blob", r"objects/[0-9a-f]{2}/[0-9a-f]{30}", "values"),
    Kind("segment", r"segments/[\w-]+\.jsonl", "records", fields_of_lines),
    Kind("index", r"index/\d+/(records|files|blobs)/cache\.db", "memory", fields_of_database),
    Kind("log of the index", r"index/\d+/(records|files|blobs)/cache\.db-wal", "memory", fields_of_log),
    Kind("shared memory of the index", r"index/\d+/(records|files|blobs)/cache\.db-shm", "memory"),
    Kind("snapshot", r"index/project/[\w-]+\.json", "nothing"),
    Kind("forms", r"index/forms/[\w-]+/[\w-]+\.json", "nothing"),
    Kind("failed run", r"failures/[\w-]+\.json", "nothing"),
    Kind("answer", r"index/answers/[0-9a-f]+", "nothing"),
    Kind("copy of a value's file", r"files/[0-9a-f]{2}/[0-9a-f]{30}/.+", "nothing"),
    Kind("lock", r"locks/[\w.-]+", "nothing"),
    Kind("mark of a running step", r"running/\d+-[0-9a-f]+", "nothing"),
    Kind("uses", r"uses/[\d-]+\.\w+\.txt", "nothing"),
    Kind("texts", r"README\.md|CACHEDIR\.TAG|\.gitignore", "nothing"),
    Kind("format", r"format", "nothing"),
    Kind("salt", r"salt", "memory"),
    Kind("half-written", r".*\.part", "nothing"),
    Kind("put aside", r"aside/.+", "nothing"),
    Kind("copy of a shared segment", r"remote/[\w-]+/segments/[\w-]+\.jsonl", "nothing", fields_of_lines),
    Kind("index of copies", r"remote/[\w-]+/index/cache\.db(-wal|-shm)?", "nothing", fields_of_database),
)


def find_kinds(cache: Path) -> dict[str, list[Path]]:
    """Return the files of a cache folder by the name of their kind; raises LookupError for one that is not known."""
    found: dict[str, list[Path]] = {}
    for path in sorted(path for path in cache.rglob("*") if path.is_file()):
        relative = path.relative_to(cache)
        kind = next((kind for kind in KINDS if re.fullmatch(kind.pattern, relative.as_posix())), None)
        if kind is None:
            raise LookupError(
                f"'{relative}' is of no known kind: say in {Path(__file__).name} what its loss may cost"
            )
        found.setdefault(kind.name, []).append(relative)
    return found
