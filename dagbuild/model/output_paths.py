"""Paths that nodes declare, as text: named from the project's root, with slashes, whatever the system.

Knows no disk: what a pattern will match is judged by its text. Guards: a declared output lies inside the project, and
what may be read of one is never taken for something else.
"""

from __future__ import annotations

import fnmatch
import unicodedata
from collections.abc import Iterable, Sequence

_MAGIC = frozenset("*?[")


def clean_path(text: str) -> str:
    """Return a declared path without detours; raises ValueError, which says what is wrong, unless it stays inside."""
    path = text.replace("\\", "/") if ":" in text[:2] else text
    if "://" in path or "\0" in path or "\n" in path:
        raise ValueError("it is no path of a file in the project")
    if path.startswith(("/", "~")) or path[1:2] == ":":
        raise ValueError("it does not start at the project's root")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError("it leads out of the project")
    if not parts:
        raise ValueError("it is the project itself")
    return "/".join(parts)


def is_within(path: str, folder: str) -> bool:
    """Tell whether a declared path is another one or lies below it."""
    return path == folder or path.startswith(f"{folder}/")


def overlap(one: str, other: str) -> bool:
    """Tell whether two paths are one, or one lies below the other, on whatever file system."""
    one, other = _fold(one), _fold(other)
    return is_within(one, other) or is_within(other, one)


def may_read(pattern: str, output: str) -> bool:
    """Tell whether a path, folder or glob may stand for an output or for something in it.

    A glob is no folder: what lies below what it matches is not read.
    """
    try:
        pattern = clean_path(pattern)
    except ValueError:
        return False
    if _MAGIC.isdisjoint(pattern):
        return overlap(pattern, output)
    return _may_match(pattern.split("/"), output.split("/"))


def find_read(pattern: str, outputs: Iterable[str]) -> list[str]:
    """Return the outputs that a path, folder or glob may stand for, or for something in them."""
    return [output for output in outputs if may_read(pattern, output)]


def _may_match(pattern: Sequence[str], output: Sequence[str]) -> bool:
    if not output:
        return True  # what is in it is not known before it is made
    if not pattern:
        return False
    if pattern[0] == "**":
        return _may_match(pattern[1:], output) or _may_match(pattern, output[1:])
    return fnmatch.fnmatchcase(output[0], pattern[0]) and _may_match(pattern[1:], output[1:])


def _fold(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
