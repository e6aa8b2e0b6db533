"""What Hamilton's names are to ours: of each that is here and not the same, and of each that is not here.

A key is an address with a name, an address, or a package that it is in; the longest counts.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Form(enum.Enum):
    """What a name is to ours."""

    SAME = "the same"
    BETTER = "better"
    DIFFERS = "differs"
    INNER = "inner workings"
    LEFT = "left out"


@dataclass(frozen=True)
class Said:
    """A form, and how or why."""

    form: Form
    why: str = ""


def better(why: str) -> Said:
    return Said(Form.BETTER, why)


def differs(why: str) -> Said:
    return Said(Form.DIFFERS, why)


def left(why: str) -> Said:
    return Said(Form.LEFT, why)


SAME, INNER = Said(Form.SAME), Said(Form.INNER)

TOGETHER = better("all mistakes are told together, with file and line, before anything runs")
FORMATS = better("a wrong argument is refused when the graph is made, with the nearest name")
BLOCKS = differs("is taken; nodes are put together by blocks, whichever is given")
LOADED = better("each library opens when it is used: there is nothing to load or to switch off")
LINES = differs("the same lines at the same levels, under the same headings, in words of ours")
WHOLE = better(
    "whole graphs run there, not only blocks, and their values are kept where a cache is asked for"
)

HERE = {
    "driver.Builder": better("`with_cache` finds every edit, and takes a store of the team's"),
    "driver.Driver": TOGETHER,
    "data_quality.base.DataValidationError": differs("`args` is one text; Hamilton's is a list of them"),
    "execution.executors.DefaultExecutionManager": differs(
        "without an executor for them, blocks run in threads"
    ),
    "execution.executors.MultiProcessingExecutor": WHOLE,
    "execution.grouping.GroupByRepeatableBlocks": BLOCKS,
    "execution.grouping.GroupNodesAllAsOne": BLOCKS,
    "execution.grouping.GroupNodesByLevel": BLOCKS,
    "execution.grouping.GroupNodesIndividually": BLOCKS,
    "execution.grouping.GroupingStrategy": BLOCKS,
    "execution.grouping.TaskImplementation": differs(
        "has the members that an executor or its manager looks at"
    ),
    "function_modifiers.base": differs("are GraphErrors, which tell all mistakes together"),
    "function_modifiers.adapters.load_from": FORMATS,
    "function_modifiers.adapters.save_to": FORMATS,
    "function_modifiers.recursive.subdag": better("an input that nothing within takes is refused"),
    "function_modifiers.recursive.parameterized_subdag": better(
        "an input that nothing within takes is refused"
    ),
    "function_modifiers.macros.pipe_input": better("an `on_input` that is no parameter is refused"),
    "function_modifiers.validation.check_output": better("a missing value is outside a range, of each type"),
    "graph_types": differs("`version` is a digest of ours, not Hamilton's"),
    "htypes.check_input_type": better("an `int` is taken as a `float`, as type checkers do"),
    "htypes.check_instance": better("an `int` is taken as a `float`, and what is in a tuple is looked at"),
    "htypes.custom_subclass_check": better("an `int` is taken as a `float`, and `Any` as each type"),
    "htypes.types_match": better("an `int` is taken as a `float`, as type checkers do"),
    "plugins.h_logging.AsyncLoggingAdapter": LINES,
    "plugins.h_logging.LoggingAdapter": LINES,
    "plugins.h_ray.RayGraphAdapter": better("values are kept where a cache is asked for"),
    "plugins.h_ray.RayTaskExecutor": WHOLE,
    "plugins.h_schema.SchemaValidator": better(
        "knows frames of today's polars; nodes with dots in their names have a file each"
    ),
    "plugins.h_schema.diff_schemas": better(
        "compares what is said of fields and of the whole together, where Hamilton fails"
    ),
    "plugins.h_schema.get_dataframe_schema": better("knows frames of today's polars, lazy ones as well"),
    "plugins.h_schema.human_readable_diff": better(
        "shows what is false or said of the whole, where Hamilton fails"
    ),
    "plugins.jupyter_magic.HamiltonMagics": differs("all but `--display_cache`"),
    "registry.disable_autoload": LOADED,
    "registry.enable_autoload": LOADED,
    "registry.initialize": LOADED,
    "registry.load_extension": LOADED,
    "telemetry": better("nothing is sent to anybody"),
}
"""Of names that are here: those that are more than the same, or other."""

CACHE = differs(
    "the cache is dagbuild's own, asked for by `with_cache`; `dagbuild status`, `log` and `gc` show and clear it"
)
CODECS = differs("values count by the bytes that a codec stores; a codec of one's own says how")
STORES = differs(
    "values and records are in one store that is checked: `with_cache(path)` takes a folder or a URL"
)
CHECKS = differs("the arguments of `check_output` are the checks; one's own is a `DataValidator`")
HUB = left("Hamilton's hub: no stranger's code is fetched")
DECORATORS = left("decorators of one's own are no part of a graph yet")
OLD = left("models by config are deprecated in Hamilton")
FRAMES = left("frames of libraries other than pandas, polars and Dask cannot be made known")
NODES = differs(
    "a node is told of as `graph_types.HamiltonNode`, with `expands`, `collects` and its dependencies"
)
GRAPH = differs(
    "a graph is a driver's: `graph`, `list_available_variables`, `what_is_upstream_of`, `display_all_functions`"
)
BINDINGS = differs(
    "`source`, `value`, `group` and `configuration` give bindings of ours, in `dagbuild.model.node`"
)

MISSING = {
    "async_driver": INNER,
    "caching.adapter": CACHE,
    "caching.adapter.NodeRoleInTaskExecution": INNER,
    "caching.cache_key": INNER,
    "caching.fingerprinting": CODECS,
    "caching.stores": STORES,
    "caching.stores.base.search_data_adapter_registry": INNER,
    "caching.stores.utils": INNER,
    "common": INNER,
    "contrib": HUB,
    "data_quality.base": INNER,
    "data_quality.base.AsyncBaseDefaultValidator": left("checks are not awaited"),
    "data_quality.base.AsyncDataValidator": left("checks are not awaited"),
    "data_quality.base.BaseDefaultValidator": CHECKS,
    "data_quality.base.DataValidationLevel": differs('`importance` is "warn" or "fail"'),
    "data_quality.default_validators": CHECKS,
    "data_quality.default_validators.resolve_default_validators": INNER,
    "data_quality.pandera_validators": differs(
        "`check_output(schema=...)`, or `plugins.h_pandera.check_output`"
    ),
    "dataflows": HUB,
    "driver": INNER,
    "execution": INNER,
    "execution.grouping.NodeGroup": left(
        "nodes are put together by blocks: a strategy of one's own would have no say"
    ),
    "experimental.h_cache": INNER,
    "experimental.h_cache.CachingGraphAdapter": CACHE,
    "function_modifiers.adapters": INNER,
    "function_modifiers.base": INNER,
    "function_modifiers.base.NodeCreator": DECORATORS,
    "function_modifiers.base.NodeDecorator": DECORATORS,
    "function_modifiers.base.NodeExpander": DECORATORS,
    "function_modifiers.base.NodeInjector": DECORATORS,
    "function_modifiers.base.NodeResolver": DECORATORS,
    "function_modifiers.base.NodeTransformLifecycle": DECORATORS,
    "function_modifiers.base.NodeTransformer": DECORATORS,
    "function_modifiers.base.SingleNodeNodeTransformer": DECORATORS,
    "function_modifiers.configuration": INNER,
    "function_modifiers.delayed": INNER,
    "function_modifiers.dependencies": BINDINGS,
    "function_modifiers.macros": INNER,
    "function_modifiers.macros.Applicable": differs(
        "`step` gives a step of ours, with `named`, `when` and their kin"
    ),
    "function_modifiers.macros.dynamic_transform": OLD,
    "function_modifiers.macros.model": OLD,
    "function_modifiers.metadata": INNER,
    "function_modifiers.recursive": INNER,
    "function_modifiers.recursive.with_columns_base": FRAMES,
    "function_modifiers.validation": DECORATORS,
    "graph": INNER,
    "graph.FunctionGraph": GRAPH,
    "graph.create_function_graph": GRAPH,
    "graph.create_graphviz_graph": GRAPH,
    "graph.create_networkx_graph": GRAPH,
    "graph_types": INNER,
    "graph_utils": INNER,
    "htypes": INNER,
    "io": INNER,
    "lifecycle.base": INNER,
    "lifecycle.default": INNER,
    "lifecycle.default.CacheAdapter": CACHE,
    "models": OLD,
    "node": NODES,
    "node.matches_query": INNER,
    "plugins.dask_extensions": INNER,
    "plugins.h_diskcache": CACHE,
    "plugins.h_ray": INNER,
    "plugins.jupyter_magic": INNER,
    "plugins.matplotlib_extensions": INNER,
    "plugins.numpy_extensions": INNER,
    "plugins.pandas_extensions": INNER,
    "plugins.pandas_extensions.DataFrameDataLoader": differs(
        "a loader of one's own is an `io.data_adapters.DataLoader`"
    ),
    "plugins.polars_extensions": INNER,
    "plugins.polars_lazyframe_extensions": INNER,
    "plugins.polars_post_1_0_0_extensions": INNER,
    "plugins.pydantic_extensions": INNER,
    "plugins.pydantic_extensions.PydanticModelValidator": differs(
        "`plugins.h_pydantic.check_output` checks by models"
    ),
    "plugins.sklearn_plot_extensions": INNER,
    "plugins.yaml_extensions": INNER,
    "registry": FRAMES,
    "registry.config_disable_autoload": LOADED,
    "registry.config_enable_autoload": LOADED,
    "registry.load_autoload_config": INNER,
}
"""Of names that are not here."""


def find_said(said: dict[str, Said], address: str, name: str) -> tuple[str, Said] | None:
    """Return what is said of a name, and under which key: of it, its module, or the nearest package."""
    key = f"{address}.{name}"
    while key:
        if key in said:
            return key, said[key]
        key = key.rpartition(".")[0]
    return None
