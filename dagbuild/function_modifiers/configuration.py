"""Hamilton's address of decorators that config decides on."""

from dagbuild.modifiers import (
    config,
    hamilton_exclude,
)

__all__ = [
    "config",
    "hamilton_exclude",
]
