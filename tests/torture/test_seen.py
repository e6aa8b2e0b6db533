"""What the guide's table says is seen, said or not seen is so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture.case import Case
from tests.torture.play import Runner, play, warm_processes
from tests.torture.seen import ROWS, SAID, SEEN, SILENT, Fate, Row

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "caching.md"
BEGIN, END = "<!-- this table is made by tests/torture/test_seen.py -->\n", "<!-- end of the table -->\n"
SAMPLES = [(row, case) for row in ROWS for case in row.samples]


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """Processes that build and then say what the status is."""
    with warm_processes("one_look.py") as warm:
        yield warm


@pytest.mark.parametrize(("row", "case"), SAMPLES, ids=[case.id for _, case in SAMPLES])
def test_what_becomes_of_a_change(row: Row, case: Case, tmp_path: Path, runner: Runner) -> None:
    """The nodes run again, or `status` says that this is not tracked, or neither: as the row says."""
    if row.linux and sys.platform != "linux":
        pytest.skip("nobody tells what a process or code in C reads")
    assert find_fate(case, tmp_path, runner) is row.fate


def find_fate(case: Case, folder: Path, runner: Runner) -> Fate:
    """Build a case, change it, build it again, and return what came of the change."""
    (_, first), (build, got) = play(case, folder, runner)
    for outcome in (first, got):
        assert not outcome.error, f"{outcome.error}\n{outcome.output}"
    if set(build.run.split()) <= got.ran:
        return SEEN
    return SAID if "not tracked: '" in got.output else SILENT


def test_the_page_says_what_the_rows_say(request: pytest.FixtureRequest) -> None:
    """`--update-pages` writes the table anew."""
    text = PAGE.read_text("utf-8")
    before, rest = text.split(BEGIN)
    old, after = rest.split(END)
    new = render()

    if request.config.getoption("--update-pages"):
        PAGE.write_text(before + BEGIN + new + END + after, "utf-8")
        old = new
    assert old == new


def render() -> str:
    """Return the table, what is seen first."""
    rows = sorted((row.cells() for row in ROWS), key=lambda cells: [*Fate].index(Fate(cells[1])))
    head = [("A node uses", "A change of it is", "How, or what to do"), ("---", "---", "---")]
    return "\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in [*head, *rows]) + "\n"
