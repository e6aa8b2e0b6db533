"""Hamilton's address of what checks of values have in common."""

from dagbuild.modifiers import (
    DataValidationError,
    DataValidator,
    ValidationResult,
)

__all__ = [
    "DataValidationError",
    "DataValidator",
    "ValidationResult",
]
