"""make for functions.

A function's name is what it makes, its parameters name what it needs. Everything public is here and loads when it is
first used, so that importing dagbuild costs next to nothing.
"""

from dagbuild.version import __version__

TYPE_CHECKING = False  # as `typing` has it, which costs more to import than all the rest

if TYPE_CHECKING:
    from dagbuild.driver.driver import (
        Driver,
        NodeError,
        Variable,
    )
    from dagbuild.driver.results import (
        ArrowTableResult,
        DictResult,
        NumpyMatrixResult,
        PandasDataFrameResult,
        RayGraphAdapter,
        ResultBuilder,
    )
    from dagbuild.formats import (
        DataLoader,
        DataSaver,
        register_adapter,
    )
    from dagbuild.ground.errors import (
        UserError,
    )
    from dagbuild.loader import (
        create_module,
    )
    from dagbuild.model.elements import (
        Collect,
        Parallelizable,
    )
    from dagbuild.model.node import (
        Columns,
        File,
        Files,
    )
    from dagbuild.modifiers import (
        DataValidationError,
        DataValidationWarning,
        DataValidator,
        ParameterizedExtract,
        ResolveAt,
        ValidationResult,
        apply_to,
        cache,
        check_output,
        check_output_custom,
        config,
        configuration,
        dataloader,
        datasaver,
        does,
        extract_columns,
        extract_fields,
        group,
        hamilton_exclude,
        inject,
        load_from,
        mutate,
        parameterize,
        parameterize_extract_columns,
        parameterize_sources,
        parameterize_values,
        parameterized_subdag,
        pipe,
        pipe_input,
        pipe_output,
        reads,
        resolve,
        resolve_from_config,
        resources,
        retry,
        save_to,
        schema,
        source,
        step,
        subdag,
        tag,
        tag_outputs,
        timeout,
        unpack_fields,
        value,
        with_columns,
        writes,
    )
    from dagbuild.project.exchange import (
        read_file,
        write_file,
    )
    from dagbuild.project.project import (
        Project,
    )

_HOMES = {
    "driver.driver": [
        "Driver", "NodeError", "Variable",
    ],
    "formats": [
        "DataLoader", "DataSaver", "register_adapter",
    ],
    "ground.errors": [
        "UserError",
    ],
    "loader": [
        "create_module",
    ],
    "modifiers": [
        "DataValidationError", "DataValidationWarning", "DataValidator", "ParameterizedExtract", "ResolveAt",
        "ValidationResult", "apply_to", "cache", "check_output", "check_output_custom", "config", "configuration",
        "dataloader", "datasaver", "does", "extract_columns", "extract_fields", "group", "hamilton_exclude",
        "inject", "load_from", "mutate", "parameterize", "parameterize_extract_columns", "parameterize_sources",
        "parameterize_values", "parameterized_subdag", "pipe", "pipe_input", "pipe_output", "reads", "resolve",
        "resolve_from_config", "resources", "retry", "save_to", "schema", "source", "step", "subdag", "tag",
        "tag_outputs", "timeout", "unpack_fields", "value", "with_columns", "writes",
    ],
    "model.elements": [
        "Collect", "Parallelizable",
    ],
    "model.node": [
        "Columns", "File", "Files",
    ],
    "project.exchange": [
        "read_file", "write_file",
    ],
    "project.project": [
        "Project",
    ],
    "driver.results": [
        "ArrowTableResult", "DictResult", "NumpyMatrixResult", "PandasDataFrameResult", "RayGraphAdapter",
        "ResultBuilder",
    ],
}  # fmt: skip
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "ArrowTableResult", "Collect", "Columns", "DataLoader", "DataSaver", "DataValidationError", "DataValidationWarning",
    "DataValidator", "DictResult", "Driver", "File", "Files", "NodeError", "NumpyMatrixResult", "PandasDataFrameResult",
    "Parallelizable", "ParameterizedExtract", "Project", "RayGraphAdapter", "ResolveAt", "ResultBuilder", "UserError",
    "ValidationResult", "Variable", "__version__", "apply_to", "cache", "check_output", "check_output_custom", "config",
    "configuration", "create_module", "dataloader", "datasaver", "does", "extract_columns", "extract_fields", "group",
    "hamilton_exclude", "inject", "load_from", "mutate", "parameterize", "parameterize_extract_columns",
    "parameterize_sources", "parameterize_values", "parameterized_subdag", "pipe", "pipe_input", "pipe_output",
    "read_file", "reads", "register_adapter", "resolve", "resolve_from_config", "resources", "retry", "save_to",
    "schema", "source", "step", "subdag", "tag", "tag_outputs", "timeout", "unpack_fields", "value", "with_columns",
    "write_file", "writes",
]  # fmt: skip


def __getattr__(name: str) -> object:
    import importlib

    if name in _HOME:
        return getattr(importlib.import_module(f"dagbuild.{_HOME[name]}"), name)
    try:  # a module is there without having been imported, as Hamilton's are once its driver is
        return importlib.import_module(f"dagbuild.{name}")
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("dagbuild."):
            raise
    raise AttributeError(f"module 'dagbuild' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
