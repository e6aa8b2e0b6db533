"""Which files the name of a file, a folder or a glob stands for: one rule for who digests, hands over and covers them.

Knows names and the disk, nothing of nodes. What lies behind linked folders counts like what lies in the folder itself;
what tools leave there does not. Guards: a loop of links ends.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TypeAlias

from dagbuild.ground.litter import is_cache, is_litter

_MAGIC = frozenset("*?[")

_Rule: TypeAlias = Callable[[str], bool]

_Above: TypeAlias = frozenset[tuple[int, int]]
"""Device and inode of the folders that a walk has come through: entering one of them again would never end."""


def _no(_: str) -> bool:
    return False


def is_pattern(path: str) -> bool:
    """Tell whether a path is a pattern that may match several files."""
    return not _MAGIC.isdisjoint(path)


def fixed_folder(name: str) -> Path:
    """Return the folder that a glob, folder or file name stands in: what comes before the first wildcard."""
    path = Path(name)
    if path.is_dir():
        return path
    return Path(*itertools.takewhile(lambda part: not is_pattern(part), path.parent.parts))


def find_files(name: str) -> list[str]:
    """Return the files that a folder's name, a glob or a file's name stands for, sorted; none where there is none.

    Of a folder all that are below it; of a glob those that it matches, where `**` stands for folders at any depth, or
    at its end for all that is in them. Litter only where a part of the name means it.
    """
    os.fsencode(name)  # raises UnicodeEncodeError where the locale cannot spell it, while is_file() says no
    if os.path.isfile(name):  # noqa: PTH113 - paths are text here, there may be many
        return [name]
    tidy = _Walk(is_litter, is_cache)
    found = tidy.start(Path(name), ("**",)) if os.path.isdir(name) else tidy.start(*_split(name))  # noqa: PTH112
    return sorted(path for path in found if os.path.isfile(path))  # noqa: PTH113


def match(pattern: str, skips: _Rule = _no) -> set[str]:
    """Return the files and folders that a glob matches.

    Without the names that `skips` tells of, and what is in folders of such names, unless a part of the glob is such.
    """
    return _Walk(skips, _no).start(*_split(pattern))


def _split(pattern: str) -> tuple[Path, tuple[str, ...]]:
    base = fixed_folder(pattern)
    return base, Path(pattern).relative_to(base).parts


@dataclass(frozen=True)
class _Walk:
    """A walk without names that one rule tells of, and without what is in folders that the other does, by paths."""

    skips: _Rule
    shuns: _Rule

    def start(self, base: Path, parts: Sequence[str]) -> set[str]:
        """Return what is in a folder and matches the parts of a pattern."""
        with suppress(OSError):
            return set(self.match(str(base), parts, frozenset({_place(base.stat())})))
        return set()

    def match(self, folder: str, parts: Sequence[str], above: _Above) -> Iterator[str]:
        """Yield what is in a folder and matches the parts of a pattern; `above` are the folders on the way there."""
        if not parts:  # a folder that is called like a pattern
            yield folder
            return
        part, rest = parts[0], parts[1:]
        if not is_pattern(part):
            path = os.path.join(folder, part)  # noqa: PTH118
            if rest:
                yield from self.match(path, rest, above)
            elif os.path.lexists(path):
                yield path
            return
        deep = part == "**"
        if deep and rest:
            yield from self.match(folder, rest, above)
        for entry in _entries(folder):
            meant = not self.skips(entry.name) or (not deep and self.skips(part))
            if not meant or not (deep or fnmatch(entry.name, part)):
                continue
            if not rest:
                yield entry.path
            with suppress(OSError):
                if (deep or rest) and entry.is_dir() and not self.shuns(entry.path):
                    yield from self._enter(entry.path, parts if deep else rest, above)

    def _enter(self, folder: str, parts: Sequence[str], above: _Above) -> Iterator[str]:
        with suppress(OSError):
            place = _place(os.stat(folder))  # noqa: PTH116
            if place not in above:
                yield from self.match(folder, parts, above | {place})


def _place(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """Return what is in a folder; nothing for one that cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
