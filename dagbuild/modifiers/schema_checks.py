# ruff: noqa: D102  # what each method is for stands in the base class
"""The checks that hold a value against a schema or a model: whatever has pandera's `validate`, or pydantic's.

Imports neither library.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagbuild.modifiers.checks import Check
from dagbuild.modifiers.validators import COLUMN, FRAME, OTHER

_MOST = 5
"""So many failures are told in words."""


class MatchesSchema(Check):
    """schema=Schema: a schema or model class of pandera's, which says of a frame or a column what must hold."""

    argument = "schema"
    kinds = frozenset({COLUMN, FRAME})

    @classmethod
    def name(cls) -> str:
        return "pandera_schema_validator"

    def problem_with(self) -> str | None:
        return None if hasattr(self.given, "validate") else "a schema of pandera's is needed"

    def describe(self) -> str:
        name = getattr(self.given, "name", None) or getattr(self.given, "__name__", None)
        return f"matches the schema {name}" if isinstance(name, str) else "matches the schema"

    def find_wrong(self, value: Any) -> Mapping[str, Any] | None:
        try:
            self.given.validate(value, lazy=True)
        except Exception as error:
            cases = getattr(error, "failure_cases", None)
            if cases is None:  # it is no word of the schema's
                raise
            return _tell_cases(cases)
        return None


def _tell_cases(cases: Any) -> Mapping[str, Any]:
    """Return what failed, by column and check: how often, and with which value first."""
    rows = cases.to_dicts() if hasattr(cases, "to_dicts") else cases.to_dict("records")
    told: dict[str, list[Any]] = {}
    for row in rows:
        told.setdefault(f"{row.get('column') or 'value'} {row.get('check')}", []).append(
            row.get("failure_case")
        )
    wrong = {name: f"{len(values)} wrong, as {values[0]!r}" for name, values in list(told.items())[:_MOST]}
    return wrong | ({"more": f"{len(told) - _MOST} checks"} if len(told) > _MOST else {})


class MatchesModel(Check):
    """A model of pydantic's that a value is to be valid by."""

    argument = "model"
    kinds = frozenset({OTHER})

    @classmethod
    def name(cls) -> str:
        return "pydantic_validator"

    def describe(self) -> str:
        return f"is a valid {self.given.__name__}"

    def find_wrong(self, value: Any) -> Mapping[str, Any] | None:
        data = value.model_dump() if hasattr(value, "model_dump") else value
        try:
            self.given.model_validate(data)
        except ValueError as error:
            listed = getattr(error, "errors", None)
            if listed is None:
                raise
            return {".".join(map(str, each["loc"])) or "value": each["msg"] for each in listed()[:_MOST]}
        return None
