"""Names and words with accents where the locale or the output knows none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.sessions import WarmCommands, dagbuild, make_environment
from tests.support import write_files

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
TOML = 'modules = ["accents"]\n[inputs]\npath = "données/été.csv"\nmany = "données"\n'
CODE = """
    from dagbuild import File, Files, reads

    def one(path: File) -> str:
        return open(path).read()

    def several(many: Files) -> int:
        return len(many)

    @reads("données/été.csv")
    def declared() -> str:
        return "€"

    def plain() -> str:
        print("très €")
        return "é€"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "données").mkdir()
    (tmp_path / "données" / "été.csv").write_text("1\n")
    (tmp_path / "dagbuild.toml").write_text(TOML, encoding="utf-8")
    write_files(tmp_path, {"empty.py": ""})
    (tmp_path / "accents.py").write_text("\n".join(line[4:] for line in CODE.splitlines()), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "command", ["build one", "build several", "build declared", "status", "explain one", "show one"]
)
def test_a_name_that_the_locale_cannot_spell_is_told(project: Path, command: str) -> None:
    """It is nobody's bug, and no file that is missing."""
    done = dagbuild(project, *command.split(), **ASCII)

    assert done.returncode == 2, done.stdout
    assert (
        "cannot be spelled in this locale, whose file names are ascii\n  try: set PYTHONUTF8=1" in done.stdout
    )
    assert "no file" not in done.stdout


def test_other_nodes_go_on(project: Path) -> None:
    """Nothing in their way has an accent but what they say."""
    done = dagbuild(project, "plain", **ASCII)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252:strict"])
def test_a_letter_that_the_output_has_not_is_spelled(
    warm: WarmCommands, project: Path, encoding: str
) -> None:
    """By the command that builds, by the one that finds the answer, and by one that lists."""
    for _ in range(4):
        assert warm(project, "plain").returncode == 0

    for command in (
        "plain",
        "show plain",
        "status",
        "list",
        "log plain --logs",
        "build one several declared",
    ):
        done = subprocess.run(
            [sys.executable, "-m", "dagbuild", *command.split()],
            cwd=project,
            env=make_environment(PYTHONIOENCODING=encoding),
            capture_output=True,
            timeout=120,
            check=False,
        )

        assert done.returncode in (0, 1), (command, done.stdout)
        assert b"Traceback" not in done.stderr
        if command == "plain" and encoding == "latin-1":
            assert b"\xe9\\u20ac" in done.stdout
