"""Checks against a schema of pandera's or a model of pydantic's: told by what they can do, so neither is imported.

A schema of pandera's says of a frame or a column what must hold; a model of pydantic's, of an object. Either may be
given to `check_output(schema=...)`, or stand in the annotation of what a function returns.
"""

from __future__ import annotations

import typing
from typing import Any

from dagbuild.model.node import Node
from dagbuild.model.types import describe_type, plain_type
from dagbuild.modifiers.base import Target
from dagbuild.modifiers.checking import WARN, Checks, check_importance
from dagbuild.modifiers.checks import Check
from dagbuild.modifiers.schema_checks import MatchesModel, MatchesSchema


class check_annotation(Checks):  # noqa: N801  # decorators are written small
    """Check what the function returns by its annotation: `DataFrame[Model]` of pandera's, or a model of pydantic's.

    With importance "warn" a value that does not pass is handed on all the same. `target` says which of the function's
    nodes are checked. Raises GraphError where the annotation has neither.
    """

    @property
    def label(self) -> str:
        """The decorator's name as the user writes it."""
        return "check_output"

    def __init__(self, importance: str = WARN, target: Target = None) -> None:
        self._importance = check_importance(importance, self)
        self.target = target

    def _validators(self, node: Node) -> list[tuple[str, str, Any]]:
        check = _find_check(node.type)
        if check is None:
            raise self.error(
                f"'{node.name}' returns {describe_type(node.type)}, which names no schema",
                hint="annotate it with pandera's DataFrame[Model] or a pydantic model, or use check_output(schema=...)",
            )
        return [(check.name(), self._importance, check)]


def _find_check(form: Any) -> Check | None:
    form = plain_type(form)
    for inner in typing.get_args(form):
        if hasattr(inner, "to_schema"):
            return MatchesSchema(inner)
    return MatchesModel(form) if hasattr(form, "model_validate") else None
