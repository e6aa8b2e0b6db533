"""Hamilton's address of decorators that make several nodes of a function."""

from dagbuild.modifiers import (
    ParameterizedExtract,
    extract_columns,
    extract_fields,
    inject,
    parameterize,
    parameterize_extract_columns,
    parameterize_sources,
    parameterize_values,
    unpack_fields,
)
from dagbuild.modifiers.older import parameterized_inputs, parametrized, parametrized_input

__all__ = [
    "ParameterizedExtract",
    "extract_columns",
    "extract_fields",
    "inject",
    "parameterize",
    "parameterize_extract_columns",
    "parameterize_sources",
    "parameterize_values",
    "parameterized_inputs",
    "parametrized",
    "parametrized_input",
    "unpack_fields",
]
