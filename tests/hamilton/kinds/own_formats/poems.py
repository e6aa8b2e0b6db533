"""Lines of poems, from a file in the format of ours."""

import adapters  # noqa: F401 - makes the formats known
from hamilton.function_modifiers import load_from, save_to, source, value


@load_from.lines(path=source("poem_path"), comment=value(";"))
def poem(lines: list) -> list:
    return [line.strip() for line in lines]


@save_to.lines(path=source("sorted_path"), output_name_="sorted_saved")
def sorted_poem(poem: list) -> list:
    return sorted(poem)


def more(poem: list) -> list:
    return poem * 2


def more_count(more: list) -> int:
    return len(more)


def longest(poem: list) -> str:
    return max(poem, key=len)


def count(poem: list) -> int:
    return len(poem)
