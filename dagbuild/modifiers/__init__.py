"""Decorators: what a user writes above a function, and the one step that makes nodes of them."""

from dagbuild.modifiers.bindings import configuration, group, source, value
from dagbuild.modifiers.checking import (
    DataValidationError,
    DataValidationWarning,
    check_output,
    check_output_custom,
)
from dagbuild.modifiers.choose import ResolveAt, config, hamilton_exclude, resolve, resolve_from_config
from dagbuild.modifiers.columns import extract_columns
from dagbuild.modifiers.compile import compile_functions
from dagbuild.modifiers.describe import cache, reads, schema, tag, tag_outputs, writes
from dagbuild.modifiers.expand import (
    ParameterizedExtract,
    does,
    inject,
    parameterize,
    parameterize_extract_columns,
    parameterize_sources,
    parameterize_values,
)
from dagbuild.modifiers.fields import extract_fields, unpack_fields
from dagbuild.modifiers.limits import ray_remote_options, resources, retry, timeout
from dagbuild.modifiers.loading import load_from, save_to
from dagbuild.modifiers.materializers import ExtractorFactory, MaterializerFactory, from_, modify_nodes, to
from dagbuild.modifiers.mutate import apply_to, mutate
from dagbuild.modifiers.own_loaders import dataloader, datasaver
from dagbuild.modifiers.pipes import pipe, pipe_input, pipe_output
from dagbuild.modifiers.steps import step
from dagbuild.modifiers.subdag import parameterized_subdag, subdag
from dagbuild.modifiers.validators import DataValidator, ValidationResult
from dagbuild.modifiers.with_columns import with_columns

__all__ = [
    "DataValidationError",
    "DataValidationWarning",
    "DataValidator",
    "ExtractorFactory",
    "MaterializerFactory",
    "ParameterizedExtract",
    "ResolveAt",
    "ValidationResult",
    "apply_to",
    "cache",
    "check_output",
    "check_output_custom",
    "compile_functions",
    "config",
    "configuration",
    "dataloader",
    "datasaver",
    "does",
    "extract_columns",
    "extract_fields",
    "from_",
    "group",
    "hamilton_exclude",
    "inject",
    "load_from",
    "modify_nodes",
    "mutate",
    "parameterize",
    "parameterize_extract_columns",
    "parameterize_sources",
    "parameterize_values",
    "parameterized_subdag",
    "pipe",
    "pipe_input",
    "pipe_output",
    "ray_remote_options",
    "reads",
    "resolve",
    "resolve_from_config",
    "resources",
    "retry",
    "save_to",
    "schema",
    "source",
    "step",
    "subdag",
    "tag",
    "tag_outputs",
    "timeout",
    "to",
    "unpack_fields",
    "value",
    "with_columns",
    "writes",
]
