"""Hamilton's address of annotations for elements, and of its type rules."""

from dagbuild.driver.types import (
    check_input_type,
    types_match,
)
from dagbuild.model.elements import (
    Collect,
    Parallelizable,
)

__all__ = [
    "Collect",
    "Parallelizable",
    "check_input_type",
    "types_match",
]
