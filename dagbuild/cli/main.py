"""Run the command line once, and turn whatever comes of it into words and an exit status.

0 built or clean, 1 a node failed or something is stale, 2 the user can fix it, 70 a bug of ours,
130 interrupted, 141 whoever read our output has left.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence

import click

from dagbuild.cli.group import group
from dagbuild.cli.interrupts import hearing
from dagbuild.cli.terminal import OutputError, say, style_of, writing_output
from dagbuild.ground.errors import Problem, UserError, find_unnamed
from dagbuild.report.style import Style
from dagbuild.version import __version__

USER, BUG, INTERRUPTED, PIPE_CLOSED = 2, 70, 130, 141


def run(args: Sequence[str], on_start: Callable[[], None] = lambda: None) -> int:
    """Run one command and return its exit status; prints every error. `on_start` is called when they are caught."""
    try:
        on_start()
        # Not `group.main`: it takes a closed pipe for success.
        with hearing(), group.make_context("dagbuild", list(args)) as context:
            status = group.invoke(context)
        with writing_output():
            sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except BaseException as error:
        return tell_end(error)


def tell_end(error: BaseException) -> int:
    """Say what ended the command, and return the exit status."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case KeyboardInterrupt() | click.Abort():
            say("interrupted")
            return INTERRUPTED
        case BrokenPipeError():
            _close_output()  # `dagbuild list | head`
            return PIPE_CLOSED
        case OutputError():
            _close_output()
            _tell_mistake(error)
            return USER
        case UserError() | click.ClickException():
            _tell_mistake(error)
            return USER
        case UnicodeEncodeError() if (problem := find_unnamed(error)) is not None:
            _tell([problem])
            return USER
        case _:  # also SystemExit: whatever called it, a command does not end as if all was well
            _tell_bug(error)
            return BUG


def tell_unwritten(error: OSError) -> int:
    """Say that standard output could not be written, and return the exit status."""
    try:
        with writing_output():
            raise error
    except (OSError, UserError) as end:
        return tell_end(end)


def _close_output() -> None:
    # The interpreter could not flush at its end either.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell_mistake(error: UserError | click.ClickException) -> None:
    match error:
        case UserError():
            _tell(error.problems)
        case click.exceptions.NoArgsIsHelpError():
            say(error.format_message())
        case click.UsageError():
            _tell_usage(error)
        case _:
            _tell([Problem(error.format_message())])


def _tell(problems: Sequence[Problem]) -> None:
    style = style_of(sys.stderr)
    for problem in problems:
        for line in tell_problem(problem, style):
            say(line)


def tell_problem(problem: Problem, style: Style) -> list[str]:
    """Return a problem as lines: where, what, and what to try."""
    place = f"{style.paint(problem.where, 'bold')}: " if problem.where else ""
    first, *rest = problem.message.splitlines() or [""]
    lines = [f"{style.paint('error:', 'error')} {place}{first}", *(f"  {line}" for line in rest)]
    if problem.hint:
        said = problem.hint if problem.hint.startswith("did you mean") else f"try: {problem.hint}"
        lines.append(f"  {style.paint(said, 'hint')}")
    return lines


def _tell_usage(error: click.UsageError) -> None:
    message = error.format_message()
    hint = None
    if isinstance(error, click.NoSuchOption):
        message = f"there is no option '{error.option_name}'"
        if error.possibilities:
            hint = f"did you mean '{error.possibilities[0]}'?"
    if hint is None and error.ctx is not None:
        hint = f"{error.ctx.command_path} --help"
    _tell([Problem(f"{message[:1].lower()}{message[1:].rstrip('.')}", None, hint)])


def _tell_bug(error: BaseException) -> None:
    style = style_of(sys.stderr)
    say("".join(traceback.format_exception(error)).rstrip())
    say("")
    say(f"{style.paint('this is a bug in dagbuild', 'error')} {__version__}, not in your project.")
    say("Please report it to the maintainers, with the lines above and what you were doing.")
