"""Ask objects of the user's for their text, whatever they do then.

A `__str__` or `__repr__` may raise, or end the program. Guards: what is told of a thing never fails because of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def attempt(make: Callable[[], T]) -> T | BaseException:
    """Return what the user's code gives, or what it raises; Ctrl-C is raised."""
    try:
        return make()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return error


def is_damage(error: BaseException) -> bool:
    """Tell whether what was raised while bytes were read speaks of these bytes: an end that they ask for, a panic, too.

    Libraries in Rust raise their panics as no Exception (polars 2.1); Ctrl-C and its like are everybody's.
    """
    return isinstance(error, Exception | SystemExit) or name_type(error) == "PanicException"


def describe_error(error: BaseException) -> str:
    """Return what an exception says, its notes on lines of their own."""
    text = attempt(lambda: str.__str__(str(error)))  # the text may be of a class of its own
    if isinstance(text, BaseException):
        text = f"(no text: its __str__ raised {name_type(text)})"
    return "\n".join(filter(None, [text, *_list_notes(error)]))


def cut_middle(text: str, longest: int) -> str:
    """Return a text of at most about so many letters: of a longer one the beginning, the end, and what is left out."""
    if len(text) <= longest:
        return text
    head, tail = text[: longest * 3 // 4], text[-(longest // 4) :]
    return f"{head}\n... ({len(text) - len(head) - len(tail):,} letters are left out)\n{tail}"


def get_noted(error: BaseException, name: str, kind: type[BaseException] = BaseException) -> Any:
    """Return what Python itself noted on an exception: its class may answer to that name with whatever it likes."""
    return getattr(kind, name).__get__(error)


def name_type(error: BaseException) -> str:
    """Return the name of an exception's type, whatever the type itself answers to that."""
    name: str = type.__dict__["__name__"].__get__(type(error))
    return name


def name_error(error: BaseException) -> str:
    """Return an exception's type and what it says."""
    text = describe_error(error)
    return f"{name_type(error)}: {text}" if text else name_type(error)


def name_first_line(kind: str, message: str) -> str:
    """Return the name of an exception's type and the first line of what it says."""
    first, _, more = message.strip().partition("\n")
    said = f"{kind}: {first}" if first else kind
    return f"{said} ..." if more else said


def put_note(error: BaseException, text: str) -> None:
    """Add a note to an exception, also to one that lets nobody set anything, such as a frozen dataclass."""
    notes = attempt(lambda: getattr(error, "__notes__", ()))
    kept = notes if isinstance(notes, list | tuple) else ()
    object.__setattr__(error, "__notes__", [*kept, text])


def _list_notes(error: BaseException) -> list[str]:
    notes = attempt(lambda: getattr(error, "__notes__", ()))
    if not isinstance(notes, list | tuple):
        return []
    texts = [attempt(lambda note=note: str.__str__(str(note))) for note in notes]  # type: ignore[misc]
    return [text for text in texts if isinstance(text, str)]
