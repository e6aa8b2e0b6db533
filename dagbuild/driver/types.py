"""Our type rules in Hamilton's words: which is the parameter's type, and which the node's, comes in its order."""

from __future__ import annotations

from typing import Any

from dagbuild.model.types import accepts, check_value


def types_match(param_type: Any, required_node_type: Any) -> bool:
    """Tell whether what a node gives may be taken by a parameter."""
    return accepts(required_node_type, param_type)


def check_input_type(node_type: Any, input_value: Any) -> bool:
    """Tell whether a value fits an annotation."""
    return check_value(input_value, node_type)
