"""Sessions at the command line, word for word."""

from pathlib import Path

import pytest

from tests.cli.sessions import play

GOLDEN = sorted(path.parent for path in (Path(__file__).parent / "golden").glob("*/session.txt"))


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.name)
def test_says_what_it_said(golden: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Each command of the session prints the text that was agreed on; `--update-golden` agrees on a new one."""
    said = play(golden, tmp_path / golden.name)

    if request.config.getoption("--update-golden"):
        (golden / "session.txt").write_text(said)
    assert said == (golden / "session.txt").read_text()
