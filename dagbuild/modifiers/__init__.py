"""Decorators: what a user writes above a function, and the one step that makes nodes of them."""

from dagbuild.modifiers.choose import ResolveAt, config, hamilton_exclude, resolve, resolve_from_config
from dagbuild.modifiers.compile import compile_functions
from dagbuild.modifiers.extract import extract_columns

__all__ = [
    "ResolveAt",
    "compile_functions",
    "config",
    "extract_columns",
    "hamilton_exclude",
    "resolve",
    "resolve_from_config",
]
