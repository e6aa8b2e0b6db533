"""Hamilton's address of decorators that describe nodes."""

from dagbuild.modifiers import (
    cache,
    schema,
    tag,
    tag_outputs,
)

__all__ = [
    "cache",
    "schema",
    "tag",
    "tag_outputs",
]
