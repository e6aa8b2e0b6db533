"""How a node failed, as lines of text: what it raised, where in the user's code, and what is behind it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dagbuild.model.outcome import Cause, Failure
from dagbuild.report.style import Style

_FILE = re.compile(r'^(\s*File )"(.+?)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Telling:
    """How a failure is told: the commands that build a node again and debug it, with the options of this run.

    With `traceback` all frames are shown, those of libraries and ours, too.
    """

    again: Callable[[str], str] = "dagbuild build {}".format
    debug: Callable[[str], str] = "dagbuild debug {}".format
    traceback: bool = False


PLAINLY = Telling()
"""With the commands as they are, and the user's frames."""


def say_failure(failure: Failure) -> str:
    """Return what a node raised, and what is behind that, without frames."""
    behind = [_say_cause(cause) for cause in failure.causes]
    return "\n".join([_say(failure.kind, failure.message), *behind])


def tell_frames(failure: Failure) -> str:
    """Return the same with the user's frames, as Python would tell it of an exception that came from far away."""
    lines = [_say(failure.kind, failure.message), *failure.frames.rstrip().splitlines()]
    return "\n".join([*lines, *_tell_causes(failure)])


def tell_failure(node: str, failure: Failure, telling: Telling, style: Style) -> list[str]:
    """Return how a node failed: the user's frames, what the inputs were, how to run that node again and debug it."""
    said = _say(failure.kind, failure.message)
    lines = [f"{style.paint('failed', 'failed')} {style.paint(node, 'bold')}: {said}"]
    if telling.traceback and failure.traceback:
        lines.extend(f"  {line}" for line in failure.traceback.rstrip().splitlines())
    else:
        lines.extend(_shorten(failure.frames).rstrip().splitlines())
        lines.extend(_tell_causes(failure))
    lines.extend(_inputs(failure.inputs, style))
    lines.append(f"  run it again with: {style.paint(telling.again(node), 'hint')}")
    if failure.frames and failure.traceback:
        lines.append(f"  debug it with: {style.paint(telling.debug(node), 'hint')}")
    return lines


def _say(kind: str, message: str) -> str:
    return f"{kind}: {message}" if message else kind


def _say_cause(cause: Cause) -> str:
    said = f"{cause.relation} {_say(cause.kind, cause.message)}".rstrip()
    indent = "  " * (cause.depth + 1)
    return indent + f"\n{indent}  ".join(said.splitlines())


def _tell_causes(failure: Failure) -> list[str]:
    lines: list[str] = []
    for cause in failure.causes:
        lines += _say_cause(cause).splitlines()
        lines += [
            f"{'  ' * (cause.depth + 1)}{line}" for line in _shorten(cause.frames).rstrip().splitlines()
        ]
    return lines


def _inputs(inputs: Mapping[str, str], style: Style) -> list[str]:
    if not inputs:
        return []
    width = max(len(name) for name in inputs)
    room = max(style.width - width - 8, 20)
    lines = ["  its inputs were:"]
    for name, text in inputs.items():
        cut = text if len(text) <= room else text[: room - 1] + "…"
        lines.append(f"    {name.ljust(width)}  {cut}")
    return lines


def _shorten(frames: str) -> str:
    """Write files below the working directory as a person here would."""
    here = os.getcwd()  # noqa: PTH109 - compared as text

    def short(match: re.Match[str]) -> str:
        path = match[2]
        return f'{match[1]}"{path[len(here) + 1 :] if path.startswith(here + os.sep) else path}"'

    return _FILE.sub(short, frames)
