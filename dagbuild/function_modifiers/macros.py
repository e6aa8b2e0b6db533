"""Hamilton's address of decorators that put functions together."""

from dagbuild.modifiers import (
    does,
)

__all__ = [
    "does",
]
