"""Sessions at the command line, word for word."""

from pathlib import Path

import pytest

from tests.cli.sessions import WarmCommands, play

GOLDEN = sorted(path.parent for path in (Path(__file__).parent / "golden").glob("*/session.txt"))
FRESH = [golden for golden in GOLDEN if golden.name in {"failure", "missing_module", "pins"}]


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.name)
def test_says_what_it_said(
    golden: Path, tmp_path: Path, request: pytest.FixtureRequest, warm: WarmCommands
) -> None:
    """Each command of the session prints the text that was agreed on; `--update-golden` agrees on a new one."""
    said = play(golden, tmp_path / golden.name, warm)

    if request.config.getoption("--update-golden"):
        (golden / "session.txt").write_text(said)
    assert said == (golden / "session.txt").read_text()


@pytest.mark.parametrize("golden", FRESH, ids=lambda path: path.name)
def test_a_process_that_has_just_started_says_the_same(golden: Path, tmp_path: Path) -> None:
    """With nothing imported before."""
    assert play(golden, tmp_path / golden.name) == (golden / "session.txt").read_text()
