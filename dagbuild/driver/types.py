"""Our type rules in Hamilton's words: which is the parameter's type, and which the node's, comes in its order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, get_args, get_origin

from dagbuild.model.types import accepts, check_value, is_union


def types_match(param_type: Any, required_node_type: Any) -> bool:
    """Tell whether what a node gives may be taken by a parameter."""
    return accepts(required_node_type, param_type)


_SEVERAL = (list, tuple, set, frozenset)


def fits_loosely(value: Any, kind: Any) -> bool:
    """Tell whether an input may be given for an annotation, as Hamilton sees it: what is within is not looked at."""
    if value is None or check_value(value, kind):
        return True
    if is_union(kind):
        return any(fits_loosely(value, each) for each in get_args(kind))
    origin = get_origin(kind)
    if not isinstance(origin, type):
        return False
    if isinstance(value, Mapping):
        return issubclass(origin, Mapping)
    several = issubclass(origin, (*_SEVERAL, Collection)) and not issubclass(origin, Mapping)
    return several and isinstance(value, _SEVERAL)


def check_input_type(node_type: Any, input_value: Any) -> bool:
    """Tell whether a value fits an annotation."""
    return check_value(input_value, node_type)
