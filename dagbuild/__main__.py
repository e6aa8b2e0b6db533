"""The command `dagbuild`, also as `python -m dagbuild`."""

import sys

from dagbuild.shortcut import answers


def main() -> None:
    """Run the command line and leave with its exit status; say at once what need not be looked into again."""
    answers.asked = answers.Question(sys.argv[1:])
    answer = answers.asked.find_answer()
    if answer is not None:
        sys.exit(_give(*answer))
    from dagbuild.cli.main import run

    sys.exit(run(sys.argv[1:]))


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
