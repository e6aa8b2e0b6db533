# ruff: noqa: D102  # what each method is for stands in the base class
"""The checks that `check_output` knows by name.

Each is a small frozen class whose one field is what the user gave: that is all the fingerprint has to see of
it. Libraries open late: whoever has a pandas value to check has imported pandas already.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from dagbuild.model.types import accepts, describe_type
from dagbuild.modifiers import elements
from dagbuild.modifiers.validators import BOOLEAN, COLUMN, FRAME, NUMBER, OTHER, TEXT, ValidationResult


@dataclass(frozen=True)
class Check(abc.ABC):
    """A check with a name in `check_output`; a subclass says what it is of, and counts what is wrong."""

    argument: ClassVar[str]
    kinds: ClassVar[frozenset[str]]

    given: Any

    @classmethod
    def name(cls) -> str:
        """Return what a node of it is called, behind the name of what it checks."""
        return f"{cls.argument}_validator"

    def problem_with(self) -> str | None:
        """Return what is wrong with the argument itself, or None."""
        return None

    @abc.abstractmethod
    def describe(self) -> str:
        """Say what must hold, as in "is between 0 and 1"."""

    @abc.abstractmethod
    def find_wrong(self, value: Any) -> Mapping[str, Any] | None:
        """Return details of what does not hold, or None when all is well."""

    def validate(self, value: Any) -> ValidationResult:
        """Check a value; of a frame each column, unless the check is of frames themselves."""
        wrong = self.find_wrong(value)
        if wrong is None:
            return ValidationResult(True, f"{self.describe()}: yes")
        told = ", ".join(f"{name} {detail}" for name, detail in wrong.items())
        return ValidationResult(False, f"{self.describe()}: no ({told})", dict(wrong))


class _ColumnCheck(Check):
    """A check that a column must pass, and of a frame each column."""

    def find_wrong(self, value: Any) -> Mapping[str, Any] | None:
        if elements.is_frame(value):
            return _find_in_columns(value, self.find_wrong)
        if elements.is_column(value):
            return self.find_wrong_elements(elements.as_series(value))
        # The annotation said nothing of the type, so that nobody could tell before.
        raise TypeError(
            f"'{self.argument}' checks a column or a frame, and this is {describe_type(type(value))}"
        )

    @abc.abstractmethod
    def find_wrong_elements(self, column: Any) -> Mapping[str, Any] | None:
        """Return details of what does not hold of a pandas Series, or None."""


class _ElementCheck(_ColumnCheck):
    """A check that a single value must pass, and so every element of a column."""

    def find_wrong(self, value: Any) -> Mapping[str, Any] | None:
        if elements.is_frame(value) or elements.is_column(value):
            return super().find_wrong(value)
        return self.find_wrong_scalar(value)

    @abc.abstractmethod
    def find_wrong_scalar(self, value: Any) -> Mapping[str, Any] | None:
        """Return details of what does not hold of a value that is no column, or None."""


def _find_in_columns(
    frame: Any, find_wrong: Callable[[Any], Mapping[str, Any] | None]
) -> Mapping[str, Any] | None:
    wrong = {name: find_wrong(column) for name, column in elements.columns(frame)}
    return {f"'{name}'": elements.tell(details) for name, details in wrong.items() if details} or None


class InRange(_ElementCheck):
    """range=(low, high): both ends belong to it; a missing element is outside."""

    argument = "range"
    kinds = frozenset({COLUMN, FRAME, NUMBER})

    def bounds(self) -> tuple[Any, Any]:
        return self.given[0], self.given[1]

    def problem_with(self) -> str | None:
        if not (isinstance(self.given, (tuple, list)) and len(self.given) == 2):
            return "(low, high) is needed"
        return None

    def describe(self) -> str:
        return f"is between {self.given[0]} and {self.given[1]}"

    def find_wrong_elements(self, column: Any) -> Mapping[str, Any] | None:
        low, high = self.bounds()
        inside = column.notna() & (True if low is None else (column >= low).fillna(False))
        inside &= True if high is None else (column <= high).fillna(False)
        return elements.count_wrong(column, ~inside.astype(bool))

    def find_wrong_scalar(self, value: Any) -> Mapping[str, Any] | None:
        low, high = self.bounds()
        fits = value is not None and (low is None or value >= low) and (high is None or value <= high)
        return None if fits else {"value": value}


class AtLeast(InRange):
    """at_least=low: nothing is smaller."""

    argument = "at_least"

    def bounds(self) -> tuple[Any, Any]:
        return self.given, None

    def problem_with(self) -> str | None:
        return None

    def describe(self) -> str:
        return f"is at least {self.given}"


class AtMost(AtLeast):
    """at_most=high: nothing is larger."""

    argument = "at_most"

    def bounds(self) -> tuple[Any, Any]:
        return None, self.given

    def describe(self) -> str:
        return f"is at most {self.given}"


class ValuesIn(_ElementCheck):
    """values_in=[...]: nothing else occurs; missing elements do not count."""

    argument = "values_in"
    kinds = frozenset({COLUMN, FRAME, NUMBER, TEXT, BOOLEAN})

    def problem_with(self) -> str | None:
        if isinstance(self.given, str) or not isinstance(self.given, (Sequence, set, frozenset)):
            return "a list of values is needed"
        return None

    def describe(self) -> str:
        return f"is one of {', '.join(map(repr, self.given))}"

    def find_wrong_elements(self, column: Any) -> Mapping[str, Any] | None:
        return elements.count_wrong(column, column.notna() & ~column.isin(list(self.given)))

    def find_wrong_scalar(self, value: Any) -> Mapping[str, Any] | None:
        return None if value in self.given else {"value": repr(value)}


class DataType(Check):
    """data_type=float: the column's dtype, or the value's type, is that or a kind of it."""

    argument = "data_type"
    kinds = frozenset({COLUMN, FRAME, NUMBER, TEXT, BOOLEAN})

    def describe(self) -> str:
        return f"has the type {describe_type(self.given)}"

    def find_wrong(self, value: Any) -> Mapping[str, Any] | None:
        if elements.is_frame(value):
            return _find_in_columns(value, self.find_wrong)
        if elements.is_column(value):
            return None if elements.dtype_fits(value.dtype, self.given) else {"dtype": str(value.dtype)}
        # What a type checker lets pass as a number is another type all the same.
        fits = (
            isinstance(value, self.given)
            if isinstance(self.given, type)
            else accepts(type(value), self.given)
        )
        return None if fits else {"type": type(value).__name__}


class AllowNans(_ElementCheck):
    """allow_nans=False: nothing is missing."""

    argument = "allow_nans"
    kinds = frozenset({COLUMN, FRAME, NUMBER})

    def problem_with(self) -> str | None:
        return "True checks nothing; leave it out" if self.given else None

    def describe(self) -> str:
        return "has nothing missing"

    def find_wrong_elements(self, column: Any) -> Mapping[str, Any] | None:
        return elements.count_wrong(column, column.isna())

    def find_wrong_scalar(self, value: Any) -> Mapping[str, Any] | None:
        return {"value": value} if value is None or math.isnan(value) else None


class MaxFractionNans(AllowNans):
    """max_fraction_nans=0.1: no larger part is missing."""

    argument = "max_fraction_nans"
    kinds = frozenset({COLUMN, FRAME})

    def problem_with(self) -> str | None:
        return None if 0 <= self.given <= 1 else "a number from 0 to 1 is needed"

    def describe(self) -> str:
        return (
            f"has at most {self.given:.0%} missing"
            if self.given * 100 % 1 == 0
            else f"misses <= {self.given}"
        )

    def find_wrong_elements(self, column: Any) -> Mapping[str, Any] | None:
        part = float(column.isna().mean()) if len(column) else 0.0
        return {"missing": part} if part > self.given else None


class MaxStandardDev(_ColumnCheck):
    """max_standard_dev=f: the column's elements do not spread more."""

    argument = "max_standard_dev"
    kinds = frozenset({COLUMN, FRAME})

    def describe(self) -> str:
        return f"has a standard deviation of at most {self.given}"

    def find_wrong_elements(self, column: Any) -> Mapping[str, Any] | None:
        spread = float(column.std())
        return {"standard deviation": spread} if not spread <= self.given else None


class MeanInRange(_ColumnCheck):
    """mean_in_range=(low, high): both ends belong to it."""

    argument = "mean_in_range"
    kinds = frozenset({COLUMN, FRAME})

    def problem_with(self) -> str | None:
        if not (isinstance(self.given, (tuple, list)) and len(self.given) == 2):
            return "(low, high) is needed"
        return None

    def describe(self) -> str:
        return f"has a mean between {self.given[0]} and {self.given[1]}"

    def find_wrong_elements(self, column: Any) -> Mapping[str, Any] | None:
        mean = float(column.mean())
        return None if self.given[0] <= mean <= self.given[1] else {"mean": mean}


class MinRows(Check):
    """min_rows=n: the column or frame has at least n rows."""

    argument = "min_rows"
    kinds = frozenset({COLUMN, FRAME})

    def describe(self) -> str:
        return f"has at least {self.given} rows"

    def find_wrong(self, value: Any) -> Mapping[str, Any] | None:
        return {"rows": len(value)} if len(value) < self.given else None


class AllowNone(Check):
    """allow_none=False: the value is not None."""

    argument = "allow_none"
    kinds = frozenset({COLUMN, FRAME, NUMBER, TEXT, BOOLEAN, OTHER})

    def problem_with(self) -> str | None:
        return "True checks nothing; leave it out" if self.given else None

    def describe(self) -> str:
        return "is not None"

    def find_wrong(self, value: Any) -> Mapping[str, Any] | None:
        return {"value": None} if value is None else None


class Contains(Check):
    """contains="x" or a list: the text has all of them in it."""

    argument = "contains"
    kinds = frozenset({TEXT})

    def words(self) -> list[str]:
        return [self.given] if isinstance(self.given, str) else list(self.given)

    def describe(self) -> str:
        return f"contains {', '.join(map(repr, self.words()))}"

    def find_wrong(self, value: Any) -> Mapping[str, Any] | None:
        missing = [word for word in self.words() if word not in value]
        return {"missing": ", ".join(map(repr, missing))} if missing else None


class DoesNotContain(Contains):
    """does_not_contain="x" or a list: the text has none of them in it."""

    argument = "does_not_contain"

    def describe(self) -> str:
        return f"does not contain {', '.join(map(repr, self.words()))}"

    def find_wrong(self, value: Any) -> Mapping[str, Any] | None:
        found = [word for word in self.words() if word in value]
        return {"found": ", ".join(map(repr, found))} if found else None
