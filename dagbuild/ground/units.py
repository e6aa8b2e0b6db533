"""Durations, sizes, counts and moments as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def seconds(value: float) -> str:
    """Return a duration: 0.4 s, 12 s, 3 min 5 s, 2 h 10 min."""
    if value < 0.001:
        return "0 s"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    minutes = round(value / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"


def size(value: float) -> str:
    """Return a number of bytes: 512 B, 1.2 kB, 3.4 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 99.5 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def count(number: int, noun: str) -> str:
    """Return "1 node", "12 nodes"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def ago(timestamp: float, now: float) -> str:
    """Return how long ago that was, in the largest unit of which there is a whole one: 3 minutes ago."""
    past = now - timestamp
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if past >= length:
            return f"{count(int(past // length), unit)} ago"
    return "just now"


def moment(timestamp: float) -> str:
    """Return a time of day in the reader's time zone, to the minute."""
    return f"{datetime.fromtimestamp(timestamp, UTC).astimezone():%Y-%m-%d %H:%M}"
