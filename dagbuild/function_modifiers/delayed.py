"""Hamilton's address of decorators that config makes."""

from dagbuild.modifiers import (
    ResolveAt,
    resolve,
    resolve_from_config,
)

__all__ = [
    "ResolveAt",
    "resolve",
    "resolve_from_config",
]
