"""Hamilton's address of its telemetry: here nothing is sent to anybody, so there is nothing to switch off."""

from __future__ import annotations


def disable_telemetry() -> None:
    """Change nothing: there is none."""


def is_telemetry_enabled() -> bool:
    """Tell that there is none."""
    return False


__all__ = [
    "disable_telemetry",
    "is_telemetry_enabled",
]
