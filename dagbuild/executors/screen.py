r"""What a terminal would show at the end of all that was written to it.

A progress bar draws itself over and over with "\r"; what is worth keeping of it is how it looked last. Knows texts and
the few controls that such bars use; colours stay, other controls go.
"""

from __future__ import annotations

import re

_CONTROLS = re.compile(r"[\r\b\x1b]")
_PIECES = re.compile(
    r"""(?P<text>[^\n\r\b\x1b]+)
      | \x1b\[ (?P<given>[0-9;:?<=>]*) [ -/]* (?P<does>[@-~])
      | (?P<link>\x1b\][^\x07\x1b]*(?:\x07|\x1b\\))
      | (?P<move>[\n\r\b])
      | \x1b.?""",
    re.VERBOSE | re.DOTALL,
)


def settle(text: str) -> str:
    """Return what a terminal would show of a text."""
    if not _CONTROLS.search(text):
        return text
    screen = Screen()
    screen.write(text)
    return screen.text()


class Screen:
    """The lines that were written, and where the next character goes."""

    def __init__(self) -> None:
        self._rows: list[list[str]] = [[]]  # a cell is a character, with the colours that begin there
        self._row = self._column = 0
        self._style = ""

    def write(self, text: str) -> None:
        """Draw a text where the last one ended."""
        for piece in _PIECES.finditer(text):
            match piece.lastgroup:
                case "text":
                    self._draw(piece["text"])
                case "move":
                    self._move(piece["move"])
                case "does":
                    self._control(piece["does"], piece["given"], piece[0])
                case "link":
                    self._style += piece[0]

    def text(self) -> str:
        """Return the lines."""
        return "\n".join(map("".join, self._rows)) + self._style

    def forget(self, most: int) -> str:
        """Drop the first lines, until no more than so many characters are left, and return them.

        The last two lines stay; of each the last characters, if it is longer than that.
        """
        left = sum(map(len, self._rows)) + len(self._rows)
        drop = 0
        while left > most and drop < min(len(self._rows) - 2, self._row):
            left -= len(self._rows[drop]) + 1
            drop += 1
        dropped = ["".join(row) + "\n" for row in self._rows[:drop]]
        del self._rows[:drop]
        self._row -= drop
        for row in self._rows:
            if len(row) > most:
                self._column = max(0, self._column - (len(row) - most)) if row is self._rows[self._row] else 0
                dropped.append("".join(row[:-most]))
                del row[:-most]
        return "".join(dropped)

    def _draw(self, text: str) -> None:
        row, column = self._rows[self._row], self._column
        row += [" "] * (column - len(row))
        cells = list(text)
        cells[0] = self._style + cells[0]
        self._style = ""
        row[column : column + len(cells)] = cells
        self._column += len(cells)

    def _move(self, control: str) -> None:
        if control == "\n":
            self._end_style()
            self._row += 1
            self._column = 0
            if self._row == len(self._rows):
                self._rows.append([])
        else:
            self._column = 0 if control == "\r" else max(0, self._column - 1)

    def _control(self, does: str, given: str, whole: str) -> None:
        number = int(given) if given.isdecimal() else 0
        row = self._rows[self._row]
        match does:
            case "m":
                self._style += whole
            case "A" | "F":
                self._end_style()
                self._row = max(0, self._row - (number or 1))
            case "B" | "E":
                self._row = min(len(self._rows) - 1, self._row + (number or 1))
            case "C":
                self._column += min(number or 1, 1000)
            case "D":
                self._column = max(0, self._column - (number or 1))
            case "G":
                self._column = min(max(0, number - 1), 1000)
            case "K" if number == 0:
                del row[self._column :]
            case "K" if number == 1:
                row[: self._column] = [" "] * min(self._column, len(row))
            case "K":
                row.clear()
            case "J" if number == 0:
                del row[self._column :]
                del self._rows[self._row + 1 :]
        if does in "EF":
            self._column = 0

    def _end_style(self) -> None:
        if self._style:  # a colour that ends where the line does
            row = self._rows[self._row]
            row[-1:] = [(row[-1] if row else "") + self._style]
            self._style = ""
