"""What becomes of Hamilton's names that are not at our addresses: by module, by package, or by name."""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    """Which column of the page a name stands in, and what is said there."""

    column: str
    text: str = ""


DIFFERS, INNER, LEFT_OUT = "differs", "inner", "left out"

CACHE = Reason(
    DIFFERS,
    "`with_cache` asks for dagbuild's own cache: `dagbuild status`, `log`, `explain` and `gc` show and tend what these do, a "
    "codec of one's own says how values are stored and compared",
)
CHECKS = Reason(
    DIFFERS, "classes behind `check_output`: its arguments are the checks, one's own is a `DataValidator`"
)
OLD = Reason(LEFT_OUT, "deprecated in Hamilton")
ASYNC = Reason(LEFT_OUT, "checks that are awaited")

WHY = {
    "caching": CACHE,
    "data_quality.base": CHECKS,
    "data_quality.base.AsyncBaseDefaultValidator": ASYNC,
    "data_quality.base.AsyncDataValidator": ASYNC,
    "data_quality.base.is_async_validator": Reason(INNER),
    "data_quality.default_validators": CHECKS,
    "data_quality.pandera_validators": CHECKS,
    "dataflows": Reason(LEFT_OUT, "Hamilton's hub of shared code: stranger's code is not fetched"),
    "experimental.h_cache": CACHE,
    "function_modifiers.macros.dynamic_transform": OLD,
    "function_modifiers.macros.model": OLD,
    "lifecycle.default.CacheAdapter": CACHE,
    "models": OLD,
    "plugins.h_diskcache": CACHE,
    "plugins.pydantic_extensions": CHECKS,
    "plugins.pydantic_extensions.register_validators": Reason(INNER),
    "registry.config_disable_autoload": Reason(
        DIFFERS, "a library is opened when it is used: nothing is to be switched"
    ),
    "registry.config_enable_autoload": Reason(
        DIFFERS, "a library is opened when it is used: nothing is to be switched"
    ),
    "registry.fill_with_scalar": Reason(LEFT_OUT, "frames of other libraries than those that dagbuild knows"),
    "registry.get_column": Reason(LEFT_OUT, "frames of other libraries than those that dagbuild knows"),
    "registry.register_types": Reason(LEFT_OUT, "frames of other libraries than those that dagbuild knows"),
}
"""All others are inner workings, which nobody's project names."""


def find_reason(module: str, name: str) -> Reason:
    """Return why a name is missing: what is said of it, or of the nearest module or package that it is in."""
    place = f"{module}.{name}"
    while place and place not in WHY:
        place = place.rpartition(".")[0]
    return WHY[place] if place else Reason(INNER)
