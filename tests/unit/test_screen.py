"""What a terminal would show at the end."""

import pytest

from dagbuild.executors.screen import Screen, settle


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain\ntext\n", "plain\ntext\n"),
        ("  0%\r 50%\r100%\n", "100%\n"),
        ("12345\rab", "ab345"),
        ("50%\r", "50%"),
        ("windows\r\nlines\r\n", "windows\nlines\n"),
        ("ab\b\bc", "cb"),
        ("\r\b\bx", "x"),
        ("waiting...\r\x1b[Kdone\n", "done\n"),
        ("waiting...\x1b[2K\rdone\n", "done\n"),
        ("outer 0\ninner 0\n\x1b[A\rinner 1\x1b[A\router 1\n\n", "outer 1\ninner 1\n"),
        ("a\nb\nc\n\x1b[3A\x1b[Jd\n", "d\n"),
        ("\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n"),
        ("\r\x1b[32m 1%\x1b[0m\r\x1b[32m 2%\x1b[0m", "\x1b[0m\x1b[32m 2%\x1b[0m"),
        ("\x1b[?25lhidden cursor\x1b[?25h\n", "hidden cursor\n"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n", "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n"),
        ("\x1b[5Cfar", "     far"),
        ("abc\x1b[2Gx", "axc"),
        ("\x1b[99999999Ax\x1b[99999999Dy", "y"),
        ("half \x1b", "half "),
        ("half \x1b[3", "half 3"),
    ],
)
def test_shows_what_is_left(text: str, shown: str) -> None:
    """Later characters stand in the place of earlier ones; colours stay, other controls go."""
    assert settle(text) == shown


@pytest.mark.parametrize("size", [1, 3, 7])
def test_it_does_not_matter_in_how_many_parts_it_comes(size: int) -> None:
    """Where the next character goes is remembered."""
    text = "start\n  0%\r 50%\r100%\nouter\ninner\r\nend\b\bdy\n"
    screen = Screen()

    for at in range(0, len(text), size):
        screen.write(text[at : at + size])

    assert screen.text() == settle(text) == "start\n100%\nouter\ninner\nedy\n"


def test_forgets_the_first_lines() -> None:
    """What is drawn next goes where it would have gone."""
    screen = Screen()
    screen.write("".join(f"line {number}\n" for number in range(100)) + "  0%")

    screen.forget(30)
    screen.write("\r100%\n")

    assert screen.text() == "line 97\nline 98\nline 99\n100%\n"


def test_forgets_the_start_of_a_line_without_end() -> None:
    """So much of it stays."""
    screen = Screen()
    screen.write("x" * 100 + "end")

    screen.forget(10)
    screen.write("ed")

    assert screen.text() == "xxxxxxxended"
