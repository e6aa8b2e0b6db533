"""Run the real command line in a copy of an example."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run() -> Run:
    """Run `python *words` in a folder, with a clean environment; its exit status must be the expected one."""

    def run(*words: str | Path, cwd: Path, status: int = 0) -> "subprocess.CompletedProcess[str]":
        env = {
            key: value for key, value in os.environ.items() if not key.startswith(("DAGBUILD_", "PYTEST_"))
        }
        env.update(PYTHONPATH=str(ROOT), COLUMNS="100", NO_COLOR="1")
        command = [sys.executable, *map(str, words)]
        result = subprocess.run(
            command, cwd=cwd, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300
        )
        if result.returncode != status:
            said = f"exit status {result.returncode}: {' '.join(command)}\n{result.stdout}{result.stderr}"
            pytest.fail(said, pytrace=False)
        return result

    return run


@pytest.fixture
def copy(tmp_path: Path) -> Callable[[str], Path]:
    """Copy an example to a folder of its own; "forecast" comes with the root's dagbuild.toml around it."""
    leave = shutil.ignore_patterns("__pycache__", "cache")

    def copy(name: str) -> Path:
        if name != "forecast":
            return shutil.copytree(ROOT / "examples" / name, tmp_path / name, ignore=leave)
        root = tmp_path / "project"
        shutil.copytree(ROOT / "examples" / name, root / "examples" / name, ignore=leave)
        shutil.copy(ROOT / "examples" / "__init__.py", root / "examples")
        shutil.copy(ROOT / "dagbuild.toml", root)
        return root

    return copy
