"""Describe an exception of a node for people: what it says, the user's own frames, and what is behind it.

Knows exceptions, no steps. Whatever an exception or an input does when it is asked for its text, the description comes
to be: the failure is the node's, never ours.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from traceback import FrameSummary

from dagbuild.ground.errors import UserError
from dagbuild.ground.one_line import one_line
from dagbuild.ground.secrets import HIDDEN, names_secret, redact
from dagbuild.ground.texts import attempt, cut_middle, describe_error, get_noted, name_type
from dagbuild.model.outcome import Cause, Failure
from dagbuild.observe.places import is_project_code

FIRST, LAST = 6, 4
"""So many exceptions are told of a long chain: those next to the failure, and those that it began with."""

LONGEST_TEXT, LONGEST_TRACE = 10_000, 60_000
"""Letters that are told of an exception's text, and of frames: of longer ones the beginning and the end."""

PACKAGE = str(Path(__file__).parent.parent) + os.sep
"""Where our own frames are."""

_SITE = ("site-packages", "dist-packages")
_TYPED = ("<string>", "<stdin>", "<ipython")


def make_failure(error: BaseException, inputs: Mapping[str, object]) -> Failure:
    """Describe what a node raised, with the values that it was given."""
    frames = _tell_frames(error)  # first: a text that raises lengthens the traceback
    causes = _tell_behind(error)
    if issubclass(type(error), UserError):  # its text says it all, but where the user's code comes in
        causes = [cause for cause in causes if cause.frames]
    return Failure(
        kind=name_type(error),
        message=_tell_text(error),
        frames=_tell_trace(frames),
        inputs={
            name: HIDDEN if names_secret(name) else redact(one_line(value)) for name, value in inputs.items()
        },
        error=error,
        causes=tuple(causes),
        traceback=_tell_trace(tell_python(error)),
    )


def tell_python(error: BaseException) -> str:
    """Return an exception with all frames, ours too, and what is behind it, as Python shows it.

    Of one that not even Python can show, the type and the frames.
    """
    text = attempt(lambda: "".join(traceback.format_exception(error)))
    if isinstance(text, str):
        return text
    frames = "".join(traceback.format_tb(get_noted(error, "__traceback__")))
    return f"Traceback (most recent call last):\n{frames}{name_type(error)}\n"


def _tell_text(error: BaseException) -> str:
    return redact(cut_middle(describe_error(error), LONGEST_TEXT))


def _tell_trace(text: str) -> str:
    return redact(cut_middle(text, LONGEST_TRACE))


# -- what is behind it -----------------------------------------------------------------------------------------------

_Link = tuple[str, BaseException, int]
"""How an exception stands to the one before it, the exception, and how deep in groups it is."""


def _find_behind(error: BaseException) -> Iterator[_Link]:
    """Yield what Python's own traceback would tell besides the exception, nearest first and each once."""
    seen: set[int] = set()
    todo: list[_Link] = [("", error, 0)]
    while todo:
        relation, each, depth = todo.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if relation:
            yield relation, each, depth
        cause, context = get_noted(each, "__cause__"), get_noted(each, "__context__")
        if cause is not None:
            todo.append(("caused by", cause, depth))
        elif context is not None and not get_noted(each, "__suppress_context__"):
            todo.append(("while handling", context, depth))
        if issubclass(type(each), BaseExceptionGroup):
            members = get_noted(each, "exceptions", BaseExceptionGroup)
            todo += [
                (f"{number} of {len(members)}:", member, depth + 1)
                for number, member in reversed(list(enumerate(members, 1)))
            ]


def _tell_behind(error: BaseException) -> list[Cause]:
    links: list[_Link] = []
    before = error
    for link in _find_behind(error):
        # A library may raise the same again: in pandas 3, a column that is not there is two errors of one text.
        if not _is_repeated(link[1], before):
            links.append(link)
        before = link[1]
    if len(links) <= FIRST + LAST:
        return [_make_cause(*link) for link in links]
    left_out = Cause(f"and {len(links) - FIRST - LAST:,} more, then")
    first, last = links[:FIRST], links[-LAST:]
    return [*(_make_cause(*link) for link in first), left_out, *(_make_cause(*link) for link in last)]


def _is_repeated(error: BaseException, before: BaseException) -> bool:
    frames = traceback.extract_tb(get_noted(error, "__traceback__"))
    return (
        bool(frames)
        and type(error) is type(before)
        and not any(map(is_own, frames))
        and describe_error(error) == describe_error(before)
    )


def _make_cause(relation: str, error: BaseException, depth: int) -> Cause:
    frames = _tell_frames(error)
    return Cause(relation, name_type(error), _tell_text(error), _tell_trace(frames), depth)


# -- frames ----------------------------------------------------------------------------------------------------------


def _tell_frames(error: BaseException) -> str:
    """Return the user's frames as text, a line for what libraries did between and below.

    Of an exception that no frame of the user's saw, the innermost one.
    """
    return tell_frames(traceback.extract_tb(get_noted(error, "__traceback__")))


def tell_frames(found: Iterable[FrameSummary]) -> str:
    """Return frames, outermost first, as text: the user's, and a line for others between and below."""
    frames = [f for f in found if not f.filename.startswith(PACKAGE)]
    if not any(map(is_own, frames)):
        return "".join(traceback.format_list(frames[-1:]))
    lines: list[str] = []
    for own, run in groupby(frames, is_own):
        group = list(run)
        lines += traceback.format_list(group) if own else [_count_frames(group)]
    return "".join(lines)


def is_own(frame: FrameSummary) -> bool:
    """Tell whether a frame is the user's."""
    file = frame.filename
    if not file.startswith("<") and not Path(file).is_absolute():
        return Path(file).exists()  # compiled code names the files that it was made of, where that was done
    return is_project_code(file) or file.startswith(_TYPED)


def _count_frames(frames: list[FrameSummary]) -> str:
    names = list(dict.fromkeys(_name_library(frame.filename) for frame in frames))
    number = f"{len(frames)} frame{'s' if len(frames) > 1 else ''}"
    return f"  ... {number} of {', '.join(names)}\n"


def _name_library(file: str) -> str:
    parts = Path(file).parts
    for site in _SITE:
        if site in parts[:-1]:
            return parts[parts.index(site) + 1].removesuffix(".py")
    if file.startswith("<") and not file.startswith("<frozen"):
        return file
    return "Python" if Path(file).is_absolute() or file.startswith("<") else parts[0]
