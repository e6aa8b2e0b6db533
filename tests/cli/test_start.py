"""How little is imported before it is needed: start-up time is what people feel most."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.sessions import ROOT, make_environment

HEAVY = {"pandas", "pyarrow", "ray", "rich", "numpy", "fsspec", "s3fs", "graphviz", "tomlkit"}


def imported(*args: str) -> set[str]:
    """Return the top-level names that a process imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *args],
        cwd=ROOT,
        env=make_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    names = (
        line.rpartition("|")[2].strip()
        for line in done.stderr.splitlines()
        if line.startswith("import time:")
    )
    return {name.partition(".")[0] for name in names}


def test_importing_dagbuild_is_free() -> None:
    """`import dagbuild` pulls in no library at all."""
    assert imported("-c", "import dagbuild").isdisjoint({*HEAVY, "click", "xxhash", "diskcache"})


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_imports_click_and_nothing_else(option: Any) -> None:
    """Nobody waits for pandas to read a help text."""
    assert imported("-m", "dagbuild", option).isdisjoint({*HEAVY, "xxhash", "diskcache"})


def test_help_of_a_command_imports_no_project() -> None:
    """A command's own help needs neither the project's code nor a library of data."""
    assert imported("-m", "dagbuild", "status", "--help").isdisjoint({*HEAVY, "xxhash", "diskcache"})


def test_status_of_a_plain_project_imports_no_library_of_tables(tmp_path: Path) -> None:
    """pandas is imported because the user's modules do, not because we do."""
    (tmp_path / "dagbuild.toml").write_text('modules = ["features"]\n')
    (tmp_path / "features.py").write_text("def one() -> int:\n    return 1\n")
    code = (
        "import sys; from dagbuild.cli.main import run; "
        f"status = run(['--project', {str(tmp_path)!r}, 'status']); "
        "print(sorted(name for name in ('pandas', 'pyarrow', 'rich', 'ray', 's3fs') if name in sys.modules), status)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=make_environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stderr.splitlines()[-1] == "[] 1"
