"""Compare what a function returned with the type that it is annotated with.

Only the outer type, so that it costs nothing: of a list it is not looked at what is in it. Knows nodes and values,
nothing of how the call was made. What dagbuild does around a function is not asked: its return is the function's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dagbuild.ground.errors import ReturnError
from dagbuild.model.node import Node
from dagbuild.model.types import describe_type, fits_outside


class Returns:
    """Looks at the returns of one step's functions; `mode` is error, warn or off. With warn, `told` gets lines."""

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self.told: list[str] = []

    def check(self, node: Node, value: Any) -> None:
        """Compare; raises ReturnError where the mode says error."""
        if self._mode == "off" or node.operation or fits_outside(value, node.type):
            return
        given, wanted = describe_type(type(value)), describe_type(node.type)
        text = f"'{node.name}' returned {given}, and is annotated with {wanted}"
        hint = "is a 'return' missing?" if value is None else f"correct the annotation, or return {wanted}"
        if self._mode == "error":
            raise ReturnError(text, where=str(node.where), hint=hint)
        self.told.append(f"{text} ({node.where}): {hint}")

    def check_all(self, node: Node, values: Iterable[Any]) -> None:
        """Compare all that a call gave; of several elements the first that is none is told."""
        for value in values:
            self.check(node, value)
            if self.told:
                return

    def checking(
        self, call: Callable[[Node, Mapping[str, Any]], Any]
    ) -> Callable[[Node, Mapping[str, Any]], Any]:
        """Return a way to call nodes whose returns are compared."""

        def call_and_check(node: Node, arguments: Mapping[str, Any]) -> Any:
            value = call(node, arguments)
            self.check(node, value)
            return value

        return call_and_check
