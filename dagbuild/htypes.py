"""Hamilton's address of annotations for elements, and of its type rules."""

from dagbuild.driver.types import (
    check_input_type,
    check_instance,
    custom_subclass_check,
    get_type_as_string,
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
    "check_instance",
    "custom_subclass_check",
    "get_type_as_string",
    "types_match",
]
