"""What a text spells: a value of a type that TOML or a command line has no words for.

Knows nothing of annotations that are made of others, nor of who said the text. Promise: a text is read in one way or
refused with ValueError; never guessed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import PurePath
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

_TRUTH = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}

_UNITS = {
    **dict.fromkeys(("us", "µs", "microsecond", "microseconds"), "microseconds"),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), "milliseconds"),
    **dict.fromkeys(("s", "sec", "second", "seconds"), "seconds"),
    **dict.fromkeys(("m", "min", "minute", "minutes"), "minutes"),
    **dict.fromkeys(("h", "hour", "hours"), "hours"),
    **dict.fromkeys(("d", "day", "days"), "days"),
    **dict.fromkeys(("w", "week", "weeks"), "weeks"),
}
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-zµ]+)[\s,]*")
_CLOCK = re.compile(r"(?:([0-9]+) days?,? )?([0-9]+):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]{1,6})?))?")
_ISO = re.compile(
    r"P(?:(?P<weeks>[0-9]+)W)?(?:(?P<days>[0-9]+)D)?"
    r"(?:T(?:(?P<hours>[0-9]+)H)?(?:(?P<minutes>[0-9]+)M)?(?:(?P<seconds>[0-9]+(?:\.[0-9]+)?)S)?)?"
)


def read_bool(text: str) -> bool:
    """Return what "true", "yes", "on" and "1", or their opposites, say; raises ValueError."""
    if text.lower() not in _TRUTH:
        raise ValueError('say "true" or "false"')
    return _TRUTH[text.lower()]


def read_none(text: str) -> None:
    """Take "none" and "null" for None; raises ValueError for anything else."""
    if text.lower() not in ("none", "null"):
        raise ValueError('say "none"')


def read_duration(text: str) -> dt.timedelta:
    """Return what "90 s", "1h 30min", "2 days", "1:30:00" or "PT1H30M" say; raises ValueError."""
    sign, words = (-1, text[1:]) if text.startswith("-") else (1, text)
    if clock := _CLOCK.fullmatch(words):
        days, hours, minutes, seconds = (float(each or 0) for each in clock.groups())
        return sign * dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if (iso := _ISO.fullmatch(words)) and any(iso.groups()):
        return sign * dt.timedelta(**{unit: float(each) for unit, each in iso.groupdict().items() if each})
    amounts = _AMOUNT.findall(words)
    if not amounts or _AMOUNT.sub("", words) or any(unit not in _UNITS for _, unit in amounts):
        raise ValueError('say how long with a unit, as in "90 s", "1h 30min" or "2 days"')
    return sign * sum((dt.timedelta(**{_UNITS[unit]: float(n)}) for n, unit in amounts), dt.timedelta())


def _read_decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError("no decimal number") from None


def _read_zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, OSError):  # a folder of zones is no zone
        raise ValueError("no time zone is called so") from None


READERS: dict[type, Callable[[str], Any]] = {
    Decimal: _read_decimal,
    Fraction: Fraction,
    UUID: UUID,
    ZoneInfo: _read_zone,
    complex: lambda text: complex(text.replace(" ", "")),
}
"""Types that take a text and no other; their subclasses are somebody's own."""

TEXT_ONLY: dict[type, Callable[[str], Any]] = {bool: read_bool, int: int, float: float}
"""What TOML has its own words for: a text is read so only where nothing but text can be said."""


def read_text(text: str, kind: type) -> Any:
    """Return the value of the class that a text spells; raises ValueError, or LookupError for a class without words."""
    if kind in READERS:
        return READERS[kind](text)
    if kind is type(None):
        return read_none(text)
    if issubclass(kind, PurePath):
        return kind(text)
    if issubclass(kind, dt.timedelta):
        length = read_duration(text)
        return length if kind is dt.timedelta else kind(length)  # type: ignore[arg-type]  # pandas' own takes one
    if issubclass(kind, dt.date | dt.time):  # a datetime is a date; pandas' Timestamp is a datetime
        return kind.fromisoformat(text)
    raise LookupError(kind)
