"""The command line orders sets alike in each process, so that what a project makes of them stays right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.sessions import dagbuild, make_environment
from tests.support import write_files

START = "from dagbuild.__main__ import main\nmain()\n"
"""What the script does that an installation makes."""

FILES = {
    "dagbuild.toml": 'modules = ["orders"]',
    "orders.py": """
        import os
        import subprocess
        import sys

        ORDER = list({"one", "two", "three", "four", "five", "six", "seven"})

        def first() -> list[str]:
            return ORDER

        def variables() -> list[str]:
            child = subprocess.run([sys.executable, "-c", "import os; print(*os.environ)"], capture_output=True, text=True)
            return [name for name in (*os.environ, *child.stdout.split()) if "HASH" in name or "RESTART" in name]
    """,
}


def test_a_list_of_a_set_in_a_module_stays_right(tmp_path: Path) -> None:
    """However often the project is imported anew; by the module and by the script."""
    write_files(tmp_path, FILES)
    (tmp_path / "script").write_text(START)
    script = [sys.executable, "script"]

    for number in range(4):
        (tmp_path / "orders.py").open("a").write(f"# {number}\n")  # else nothing is imported
        if number % 2:
            said = dagbuild(tmp_path, "build", "first").stdout
        else:
            done = subprocess.run(
                [*script, "build", "first"],
                cwd=tmp_path,
                env=make_environment(),
                capture_output=True,
                text=True,
            )
            said = done.stdout + done.stderr

        assert ("is up to date" in said) == (number > 0), said


def test_nodes_and_what_they_start_have_the_users_variables(tmp_path: Path) -> None:
    """Not the one that orders sets, nor a word of the restart."""
    write_files(tmp_path, FILES)

    assert "variables  []" in dagbuild(tmp_path, "build", "variables").stdout


@pytest.mark.parametrize(("seed", "same"), [("7", False), ("0", True)])
def test_the_users_own_seed_counts(tmp_path: Path, seed: str, same: bool) -> None:
    """Who says how sets are ordered is believed."""
    write_files(tmp_path, FILES)
    dagbuild(tmp_path, "build", "first")
    (tmp_path / "orders.py").open("a").write("# changed\n")

    assert ("is up to date" in dagbuild(tmp_path, "build", "first", PYTHONHASHSEED=seed).stdout) == same


def test_a_program_that_runs_the_command_is_not_started_again(tmp_path: Path) -> None:
    """Nor is one that was made for something else, and forked for this."""
    write_files(tmp_path, FILES)
    code = """
        import sys
        print("begun")
        sys.argv = ["dagbuild", "list"]
        import runpy
        runpy.run_module("dagbuild", run_name="__main__", alter_sys=True)
    """
    write_files(tmp_path, {"program.py": code})

    done = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, env=make_environment(), capture_output=True, text=True
    )

    assert done.stdout.count("begun") == 1
    assert "first" in done.stdout


def test_a_python_that_heeds_no_variables_is_not_started_for_ever(tmp_path: Path) -> None:
    """It would never get the order that was asked for."""
    write_files(tmp_path, FILES)
    path = make_environment()["PYTHONPATH"]
    (tmp_path / "script").write_text(f"import sys; sys.path.insert(0, {path!r})\n{START}")

    done = subprocess.run(
        [sys.executable, "-E", "script", "list"],
        cwd=tmp_path,
        env=make_environment(),
        capture_output=True,
        timeout=60,
    )

    assert done.returncode == 0
