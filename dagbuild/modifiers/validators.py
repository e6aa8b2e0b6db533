"""What checks of a value have in common: what they find, the kinds of value, and the base class for one's own."""

from __future__ import annotations

import abc
import numbers
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dagbuild.model.types import is_union, plain_type
from dagbuild.modifiers.frame_types import find_column_library, find_frame_library


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """What a check found: whether the value passes, in words, and details for people.

    It is stored as plain data: a detail that is none (a model, a table) comes back as a line that says what it was.
    """

    passes: bool
    message: str
    diagnostics: Mapping[str, Any] = field(default_factory=dict)


class DataValidator(abc.ABC):
    """A check of one's own, for `check_output_custom`.

    Keep what it needs in attributes: the class's code and the instance's attributes are part of the
    fingerprint.
    """

    def __init__(self, importance: str = "warn") -> None:
        self.importance = importance

    @abc.abstractmethod
    def applies_to(self, datatype: type[Any]) -> bool:
        """Tell whether values of the type can be checked."""

    @abc.abstractmethod
    def description(self) -> str:
        """Say what is checked, in one line."""

    @classmethod
    @abc.abstractmethod
    def name(cls) -> str:
        """Return the name of the check; it ends the name of its node."""

    @abc.abstractmethod
    def validate(self, dataset: Any) -> ValidationResult:
        """Check the value."""


COLUMN, FRAME, NUMBER, TEXT, BOOLEAN, OTHER = "a column", "a frame", "a number", "a text", "a bool", "a value"
_KINDS: dict[type, str] = {bool: BOOLEAN, str: TEXT}


def find_kinds(form: Any) -> set[str]:
    """Return the kinds of value that an annotation stands for; all of them when it says nothing."""
    form = plain_type(form)
    if is_union(form):
        return {
            kind
            for member in typing.get_args(form)
            if member is not type(None)
            for kind in find_kinds(member)
        }
    if form is Any or form is object:
        return {COLUMN, FRAME, NUMBER, TEXT, BOOLEAN}
    kind = typing.get_origin(form) or form
    if find_frame_library(kind):
        return {FRAME}
    if find_column_library(kind) or getattr(kind, "__name__", "") == "ndarray":
        return {COLUMN}
    for base, name in _KINDS.items():
        if isinstance(kind, type) and issubclass(kind, base):
            return {name}
    return {NUMBER} if isinstance(kind, type) and issubclass(kind, numbers.Number) else {OTHER}
