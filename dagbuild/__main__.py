"""The command `dagbuild`, also as `python -m dagbuild`.

Nothing is imported before Ctrl-C is heeded: until a command runs there is nothing to tidy, so it ends the process at
once, where Python would show how far it had come with its imports.
"""

import _signal  # type: ignore[import-not-found]  # what `signal` is made of, without the classes around it, which cost more than the shortest answer
import os
import sys

INTERRUPTED = 130
_RESTARTED = "_DAGBUILD_RESTARTED"


def main() -> None:
    """Run the command line and leave with its exit status; say at once what need not be looked into again."""
    if os.environ.pop(_RESTARTED, None):
        del os.environ["PYTHONHASHSEED"]  # nodes, and what they start, have the user's variables
    heeded = (
        _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler
    )  # a shell's background ignores it
    if heeded:
        _signal.signal(_signal.SIGINT, _leave)
    _print_everything()
    from dagbuild.shortcut import answers

    answers.asked = answers.Question(sys.argv[1:])
    answer = answers.asked.find_answer()
    if answer is not None:
        sys.exit(_give(*answer))
    _fix_order()
    from dagbuild.cli.main import run

    sys.exit(run(sys.argv[1:], on_start=_restore if heeded else lambda: None))


def _fix_order() -> None:
    """Start again where each process has an order of its own for sets of texts.

    `NAMES = list({"a", "b"})` in a module would be another list each time, and stale what is made with it.
    """
    given = sys.flags.ignore_environment or "PYTHONHASHSEED" in os.environ
    # Only where this is what the process was started for: a program may run the command, too.
    program, words = sys.orig_argv[: -len(sys.argv) + 1 or None], sys.argv[1:]
    started = program + words == sys.orig_argv and program[-1] in (sys.argv[0], "dagbuild", "-mdagbuild")
    if (
        sys.flags.hash_randomization
        and started
        and not given
        and sys.gettrace() is None
        and os.name == "posix"
    ):
        arguments = [sys.executable, *sys.orig_argv[1:]]
        environment = {**os.environ, "PYTHONHASHSEED": "0", _RESTARTED: "1"}
        try:
            os.execve(sys.executable, arguments, environment)
        except OSError:  # it has no file to start from
            return


def _leave(_number: int, _frame: object) -> None:
    os.write(2, b"interrupted\n")
    os._exit(INTERRUPTED)


def _restore() -> None:
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)


def _print_everything() -> None:
    """See that a letter which the output's encoding does not have is spelled, and spoils nothing."""
    if getattr(sys.stdout, "errors", "") in ("strict", "surrogateescape"):
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def _give(text: str, status: int) -> int:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        from dagbuild.cli.main import tell_unwritten

        return tell_unwritten(error)
    return status


if __name__ == "__main__":
    main()
