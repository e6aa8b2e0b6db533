"""Hamilton's address of decorators that check values."""

from dagbuild.modifiers import (
    check_output,
    check_output_custom,
)

__all__ = [
    "check_output",
    "check_output_custom",
]
