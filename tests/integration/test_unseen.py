"""What becomes of nodes whose values hang on what nobody sees: said, run in each build, or refused, as the settings say."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dagbuild import Driver, Project, UserError, cache, driver
from dagbuild.ground.errors import InputError
from dagbuild.plan.events import How
from tests.support import build, write_files

CODE = """
    import time
    from pathlib import Path

    def now() -> int:
        return time.time_ns()

    def half(now: int) -> int:
        return now // 10**30

    def below(half: int) -> int:
        return half + 1

    def left(half: int) -> None:
        Path("left.txt").write_text(str(half))
"""
CLOCK = "it reads the clock: time.time_ns (unseen_nodes.py:5): not tracked, so it runs in each build"
LEFT = "it gives nothing but a file: left.txt: not tracked, so it runs in each build"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_files(tmp_path, {"unseen_nodes.py": CODE})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def say(project: Path, unseen: str, executor: str = "inline") -> None:
    settings = f'modules = ["unseen_nodes"]\n[build]\nunseen = "{unseen}"\n[executor]\nkind = "{executor}"\n'
    (project / "dagbuild.toml").write_text(settings)


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_it_is_kept_and_said(project: Path, executor: str) -> None:
    """Unless more is asked for: never twice, and never without a word."""
    say(project, "track", executor)
    build(project, "below", "left")
    (project / "left.txt").unlink()

    again = build(project, "below", "left")

    assert again.names(How.COMPUTED) == []
    told = {name: [note.text for note in notes] for name, notes in again.find_notes().items()}
    assert told == {
        "now": ["reads the clock: time.time_ns"],
        "left": ["gives nothing but a file: left.txt"],
    }


@pytest.mark.parametrize(
    "executor", ["inline", "local", pytest.param("ray", marks=pytest.mark.leaves_threads)]
)
def test_it_runs_in_each_build(project: Path, executor: str, request: pytest.FixtureRequest) -> None:
    """And what is below it, where its value is another one; status says so beforehand."""
    if executor == "ray":
        request.getfixturevalue("local_ray")
    say(project, "run", executor)
    build(project, "below", "left")
    (project / "left.txt").unlink()
    with closing(Project.load(project)) as opened:
        reasons = {
            name: list(map(str, step.reasons))
            for name, step in opened.status(["below", "left"]).steps.items()
        }

    again = build(project, "below", "left")

    assert sorted(again.names(How.COMPUTED)) == ["half", "left", "now"]
    assert (project / "left.txt").read_text() == "0"
    assert (reasons["now"], reasons["left"]) == ([CLOCK], [LEFT])


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_it_is_refused(project: Path, executor: str) -> None:
    """What the code says, before anything runs; what only a run shows, when it has run: nothing of it is recorded."""
    say(project, "error", executor)
    with pytest.raises(InputError, match="'now' reads the clock") as refused:
        build(project, "below")
    assert "unseen_nodes.py:5" in str(refused.value)

    write_files(project, {"unseen_nodes.py": CODE.replace("time.time_ns()", "1")})
    failed = build(project, "left")

    failure = failed.steps["left"].failure
    assert failure is not None
    assert failure.message.startswith(
        "it gives nothing but a file: left.txt, which nobody can follow\n  try: @writes"
    )
    assert build(project, "left").names(How.FAILED) == ["left"]


@pytest.mark.parametrize("remedy", ['@cache("always")\n    def now', '@cache("never")\n    def now'])
@pytest.mark.parametrize("unseen", ["run", "error"])
def test_what_says_so_itself_is_let_be(project: Path, remedy: str, unseen: str) -> None:
    """With the decorator that says how often it runs."""
    code = CODE.replace("import time", "import time\n    from dagbuild import cache").replace(
        "def now", remedy
    )
    write_files(project, {"unseen_nodes.py": code})
    say(project, unseen)

    for _ in range(2):
        assert build(project, "below").values == {"below": 1}


def test_a_declared_output_is_put_back(project: Path) -> None:
    """So nothing is said of it, and nothing runs again."""
    code = CODE.replace("def left", '@writes("left.txt")\n    def left').replace(
        "import time", "import time\n    from dagbuild import writes"
    )
    write_files(project, {"unseen_nodes.py": code.replace("time.time_ns()", "1")})
    say(project, "run")
    build(project, "left")
    (project / "left.txt").unlink()

    assert build(project, "left").names(How.COMPUTED) == []
    assert (project / "left.txt").read_text() == "0"


@pytest.mark.parametrize("way", ["run", "always"])
def test_two_builds_at_once_from_the_command_line(project: Path, way: str) -> None:
    """Each makes it anew, both end well, and what the last one made is what stands."""
    code = "import os\n\ndef drawn() -> str:\n    return os.urandom(8).hex()\n\ndef below(drawn: str) -> str:\n    return drawn\n"
    if way == "always":
        code = code.replace("\ndef drawn", "from dagbuild import cache\n\n@cache('always')\ndef drawn")
    (project / "unseen_nodes.py").write_text(code)
    say(project, "run" if way == "run" else "track", "local")
    build(project, "below")

    command = [sys.executable, "-m", "dagbuild", "build", "below", "--json"]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [each.communicate(timeout=120) for each in both]

    assert [each.returncode for each in both] == [0, 0], said
    with closing(Project.load(project)) as opened:
        assert opened.value("below") == opened.value("drawn")
        assert len({record.artifact.digest for record in opened.log("drawn")}) == 3


def draw() -> bytes:
    return os.urandom(4)


def test_a_driver_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Ours by a parameter; that at Hamilton's address by its project, and it says what it keeps, once."""
    ours = Driver({}, draw, cache=tmp_path / "a", executor="inline", unseen="run")
    first, second = (ours.execute(["draw"])["draw"] for _ in range(2))
    assert first != second
    with pytest.raises(UserError, match="unseen wants one of 'track', 'run', 'error', not 'maybe'"):
        Driver({}, draw, cache=tmp_path / "a", unseen="maybe")

    caplog.clear()
    theirs = driver.Builder().with_modules(draw).with_cache(tmp_path / "b").build()
    with caplog.at_level(logging.WARNING):
        kept = [theirs.execute(["draw"])["draw"] for _ in range(2)]
    assert kept[0] == kept[1]
    assert len([r for r in caplog.records if "'draw'" in r.message and "not tracked" in r.message]) == 1


def test_always_wins_over_error(tmp_path: Path) -> None:
    """A node that says that it runs in each build hides nothing."""
    made: Any = Driver({}, cache("always")(draw), cache=tmp_path, executor="inline", unseen="error")

    assert made.execute(["draw"]) != made.execute(["draw"])
