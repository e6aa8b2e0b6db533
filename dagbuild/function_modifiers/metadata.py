"""Hamilton's address of decorators that describe nodes."""

from dagbuild.modifiers import (
    cache,
    ray_remote_options,
    schema,
    tag,
    tag_outputs,
)

__all__ = [
    "cache",
    "ray_remote_options",
    "schema",
    "tag",
    "tag_outputs",
]
