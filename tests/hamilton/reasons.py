"""Why names of Hamilton's are not at our addresses, by module; `*` is for what is in a package."""

from __future__ import annotations

INNER = "inner workings, which nobody's project names"
OLD = "deprecated in Hamilton"
CACHE = "Hamilton's own cache: ours keeps a promise for each value, and has commands that show it"
CHECKS = "the classes behind `check_output`: here its arguments are the checks"
YET = "not there yet"

WHY = {
    "async_driver": INNER,
    "caching": CACHE,
    "cli": "`dagbuild` is the command line",
    "common": INNER,
    "contrib": INNER,
    "data_quality.base": "`AsyncDataValidator` and the base of built-in checks: a check of one's own is a `DataValidator`",
    "data_quality.default_validators": CHECKS,
    "data_quality.pandera_validators": CHECKS,
    "dataflows": "Hamilton's hub of shared code: stranger's code is not fetched",
    "dev_utils": INNER,
    "driver": INNER,
    "execution": INNER,
    "experimental.databackend": INNER,
    "experimental.decorators": YET,
    "experimental.h_cache": CACHE,
    "experimental.h_databackends": INNER,
    "function_modifiers.adapters": INNER,
    "function_modifiers.base": INNER,
    "function_modifiers.configuration": INNER,
    "function_modifiers.delayed": INNER,
    "function_modifiers.dependencies": INNER,
    "function_modifiers.expanders": OLD,
    "function_modifiers.macros": "`dynamic_transform` and `model` are deprecated in Hamilton; the others are inner workings",
    "function_modifiers.metadata": INNER,
    "function_modifiers.recursive": INNER,
    "function_modifiers.validation": INNER,
    "graph": INNER,
    "graph_types": INNER,
    "graph_utils": INNER,
    "htypes": INNER,
    "io": INNER,
    "lifecycle.api": "tasks are not told of: each call of a node is",
    "lifecycle.base": "tasks are not told of: each call of a node is; the others are inner workings",
    "lifecycle.default": CACHE,
    "models": OLD,
    "node": INNER,
    "plugins.h_ray": INNER,
    "plugins.h_diskcache": CACHE,
    "plugins.jupyter_magic": INNER,
    "plugins.h_logging": YET,
    "plugins.h_schema": YET,
    "plugins.matplotlib_extensions": INNER,
    "plugins.numpy_extensions": INNER,
    "plugins.pandas_extensions": INNER,
    "plugins.polars_extensions": INNER,
    "plugins.polars_lazyframe_extensions": INNER,
    "plugins.polars_post_1_0_0_extensions": INNER,
    "plugins.pydantic_extensions": INNER,
    "plugins.sklearn_plot_extensions": INNER,
    "plugins.yaml_extensions": INNER,
    "registry": "dagbuild opens what is used when it is used: there is nothing to load or to switch off",
}


def find_reason(module: str) -> str:
    """Return why names of a module are missing: what is said of it, or of the nearest package that it is in."""
    while module not in WHY:
        parent = module.rpartition(".")[0]
        if not parent:
            raise LookupError(f"names of {module!r} are missing here, and nothing says why")
        module = parent
    return WHY[module]
