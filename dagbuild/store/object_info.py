"""What drivers tell of an object, each in words of its own: size, time and content.

Knows the names of fields, and no driver.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

_TIMES = ("LastModified", "mtime", "last_modified", "updated", "modified", "created", "Last-Modified")

_TAGS = ("ETag", "etag", "md5Hash", "content_md5", "Content-MD5", "md5", "checksum", "Digest")


class Found(NamedTuple):
    """What a listing says of an object: its size, and when it was written, by the clock over there, if anybody says."""

    size: int
    modified: float | None


def name_object(info: Mapping[str, Any]) -> tuple[str, Found]:
    """Return an object's name in its folder, and what is told of it."""
    return info["name"].rstrip("/").rpartition("/")[2], Found(int(info.get("size") or 0), find_time(info))


def find_time(info: Mapping[str, Any]) -> float | None:
    """Return when an object was written, in seconds since 1970, if anybody says."""
    for name in _TIMES:
        told = info.get(name)
        if isinstance(told, str):
            with contextlib.suppress(ValueError):
                told = (
                    parsedate_to_datetime(told) if name == "Last-Modified" else datetime.fromisoformat(told)
                )
        if isinstance(told, datetime):
            return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
        if isinstance(told, int | float):
            return float(told)
    return None


def find_tag(info: Mapping[str, Any]) -> str:
    """Return what tells an object's content from another, as far as anybody says."""
    return next((str(info[name]) for name in _TAGS if info.get(name)), "")
