"""Hamilton's address of modules that are made while a program runs."""

from dagbuild.driver.modules import (
    create_module,
    create_temporary_module,
    module_from_source,
)

__all__ = [
    "create_module",
    "create_temporary_module",
    "module_from_source",
]
