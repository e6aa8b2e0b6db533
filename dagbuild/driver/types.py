"""Our type rules in Hamilton's words: which is the parameter's type, and which the node's, comes in its order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import UnionType
from typing import Annotated, Any, get_args, get_origin

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


def custom_subclass_check(requested_type: Any, param_type: Any) -> bool:
    """Tell whether what is of the one type may be taken as the other."""
    return accepts(requested_type, param_type)


def check_instance(obj: Any, type_: Any) -> bool:
    """Tell whether a value is of a type, with what is within it."""
    return check_value(obj, type_)


def get_type_as_string(type_: Any) -> str | None:
    """Return the name of a type; of one with parameters that of the type alone."""
    if get_origin(type_) is Annotated:
        return get_type_as_string(get_args(type_)[0])
    name: str | None = getattr(type_, "__name__", None)
    if name is None and get_origin(type_) not in (None, UnionType):
        return get_type_as_string(get_origin(type_))
    return name or repr(type_)


def check_input_type(node_type: Any, input_value: Any) -> bool:
    """Tell whether a value fits an annotation."""
    return check_value(input_value, node_type)
