"""What is done to a module's text and changes nothing: how it is set, and what it holds that nothing uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping


def _under_the_head(more: str) -> Callable[[str], str]:
    """Put a definition between the imports and the first of the others."""

    def change(text: str) -> str:
        head, gap, rest = text.partition("\n\n\n")
        return f"{head}\n\n\n{more}{gap}{rest}"

    return change


LAYOUTS: Mapping[str, Callable[[str], str]] = {
    "comments": lambda text: re.sub(
        r"^( +)(return .*)", r"\1# what it gives\n\1\2  # at last", text, flags=re.MULTILINE
    ),
    "wide": lambda text: re.sub(r"^( +)return ", r"\n\1return ", text, flags=re.MULTILINE).replace(
        "\n\n\n", "\n\n\n\n\n"
    ),
    "brackets": lambda text: text.replace(" + ", "  +  "),
    "future": lambda text: f"from __future__ import annotations\n{text}",
    "header": lambda text: f'"""What this file is for."""\n{text}',
    "spare function": _under_the_head("def _spare():\n    return 7"),
    "spare class": _under_the_head("class _Spare:\n    number = 7"),
    "spare constant": _under_the_head("_SPARE = {'seven': 7}"),
    "end of file": lambda text: f"{text}\n\n# end\n",
    "line ends": lambda text: text.replace("\n", "\r\n"),
    "byte order mark": lambda text: f"\ufeff{text}",
}
"""In the order in which they are done."""


def lay_out(text: str, names: Collection[str]) -> str:
    """Return the text with these things done to it."""
    for name, change in LAYOUTS.items():
        if name in names:
            text = change(text)
    return text
