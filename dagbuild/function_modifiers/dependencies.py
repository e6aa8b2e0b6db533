"""Hamilton's address of what a parameter may be bound to."""

from dagbuild.modifiers import (
    configuration,
    group,
    source,
    value,
)

__all__ = [
    "configuration",
    "group",
    "source",
    "value",
]
