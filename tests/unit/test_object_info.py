"""Drivers tell of objects in words of their own."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from dagbuild.store.object_info import Found, find_time, name_object

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "info",
    [
        {"LastModified": NOON},
        {"mtime": NOON.timestamp(), "created": 0.0},
        {"last_modified": NOON.astimezone(timezone(timedelta(hours=5)))},
        {"updated": "2026-11-29T12:00:00Z", "created": "2020-01-01T00:00:00Z"},
        {"modified": NOON.replace(tzinfo=None)},
        {"mtime": None, "created": NOON},
    ],
)
def test_when_it_was_written(info: dict[str, Any]) -> None:
    """In seconds, whatever they call it."""
    assert find_time(info) == NOON.timestamp()


@pytest.mark.parametrize("info", [{}, {"updated": "yesterday"}, {"LastModified": None}])
def test_nobody_says(info: dict[str, Any]) -> None:
    """Then there is no time, and no guess."""
    assert find_time(info) is None


def test_name_and_size() -> None:
    """A name is the last part of a path; a size may be missing."""
    assert name_object({"name": "bucket/blobs/ab/x.raw", "size": None}) == ("x.raw", Found(0, None))
