"""Errors that the user can act on, and the words for near misses.

Knows nothing of the rest of the house. A `UserError` is shown short, without traceback; anything else that
reaches the command line is a bug of ours and keeps its traceback.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, where ("features/io.py:12") and what to try."""

    message: str
    where: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.message}" if self.where else self.message]
        if self.hint:
            lines.append(f"  try: {self.hint}")
        return "\n".join(lines)


class UserError(Exception):
    """Something that the user can act on; may carry several problems, which are told together."""

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        self.problems: tuple[Problem, ...] = (Problem(message, where, hint),)
        super().__init__(message)

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> UserError:
        """Return one error that tells all problems together; `problems` must not be empty."""
        first = problems[0]
        error = cls(first.message, where=first.where, hint=first.hint)
        error.problems = tuple(problems)
        return error

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders; the constructors of subclasses differ from Exception's.
        return (_restore_error, (type(self), self.problems))


def _restore_error(kind: type[UserError], problems: tuple[Problem, ...]) -> UserError:
    error: UserError = kind.__new__(kind, problems[0].message)
    error.problems = problems
    return error


class SettingsError(UserError):
    """dagbuild.toml, an environment variable or an option is wrong."""


class GraphError(UserError, ValueError):
    """The functions of the project do not make a graph."""


class LoadError(UserError):
    """A module of the project cannot be imported."""


class InputError(UserError, ValueError):
    """An input, config value, override or target is unknown, missing or of the wrong type."""


class CodecError(UserError):
    """A value cannot be stored, or stored bytes cannot be read back here."""


class OutputError(UserError):
    """A file that a node is to leave in the project was not made there, or cannot be put there."""


class ReturnError(UserError):
    """What a function returned is not of the type that it is annotated with."""


class ColumnsError(UserError):
    """A value has not the columns that a node asks for, or has none at all."""


class StoreError(UserError):
    """A store cannot be used: permissions, a full disk, a newer format."""


class BlobMissingError(StoreError):
    """A blob that a record names is not there."""


class BlobDamagedError(StoreError):
    """A blob's bytes are not those that its name says."""


def find_nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the one of `names` that `name` was most likely meant to be, or None."""
    matches = difflib.get_close_matches(name, list(names), n=3, cutoff=0.6)
    # Swapped letters are the likeliest slip: 'statsu' is 'status' rather than 'stats'.
    swapped = [match for match in matches if sorted(match) == sorted(name)]
    return next(iter([*swapped, *matches]), None)


def find_unnamed(error: UnicodeEncodeError) -> Problem | None:
    """Return what is wrong where a file has a name that calls to the system cannot spell; None for another error."""
    encoding = sys.getfilesystemencoding()
    if encoding == "utf-8" or error.encoding.replace("-", "_") != encoding.replace("-", "_"):
        return None
    return Problem(
        f"the name '{error.object}' cannot be spelled in this locale, whose file names are {encoding}",
        hint="set PYTHONUTF8=1, or a locale of UTF-8 as in LC_ALL=C.UTF-8",
    )


def did_you_mean(name: str, names: Iterable[str]) -> str | None:
    """Return a hint "did you mean 'x'?", or None when nothing is near."""
    near = find_nearest(name, names)
    return f"did you mean '{near}'?" if near else None
