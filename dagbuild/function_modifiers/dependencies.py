"""Hamilton's address of what a parameter may be bound to."""

from dagbuild.modifiers import (
    group,
    source,
    value,
)

__all__ = [
    "group",
    "source",
    "value",
]
