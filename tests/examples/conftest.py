"""Run the real command line in a copy of an example."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.warm import Warm

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def run() -> Run:
    """Run `python *words` in a folder, with a clean environment; its exit status must be an expected one.

    `together` gives standard output and standard error as one, as a terminal does.
    """

    def run(
        *words: str, cwd: Path, status: tuple[int, ...] = (0,), together: bool = False
    ) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, *words]
        result = subprocess.run(
            command,
            cwd=cwd,
            env=make_environment(),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if together else subprocess.PIPE,
            timeout=300,
        )
        return check(result, status)

    return run


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Run `dagbuild *words` in a folder as `run` does, in a process that has imported everything when it begins."""
    printed = tmp_path_factory.mktemp("printed")

    def command(*words: str, cwd: Path, status: tuple[int, ...] = (0,)) -> "subprocess.CompletedProcess[str]":
        files = [printed / name for name in ("output", "errors")]
        ended = warm.play(words, make_environment(), cwd, *files)
        return check(subprocess.CompletedProcess(words, ended, *(file.read_text() for file in files)), status)

    with closing(Warm(Path(__file__).with_name("command.py"))) as warm:
        yield command


def make_environment() -> dict[str, str]:
    """Return this process's environment without what belongs to it alone."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("DAGBUILD_", "PYTEST_"))}
    return {**env, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_COLOR": "1"}


def check(
    result: "subprocess.CompletedProcess[str]", status: tuple[int, ...]
) -> "subprocess.CompletedProcess[str]":
    """Fail with what was said, where a process did not end as it should."""
    if result.returncode not in status:
        said = f"{result.stdout}{result.stderr or ''}"
        pytest.fail(f"exit status {result.returncode}: {result.args}\n{said}", pytrace=False)
    return result


@pytest.fixture(scope="session")
def copy_to() -> Callable[[str, Path], Path]:
    """Copy an example into a folder; "forecast" comes with the root's dagbuild.toml around it."""
    leave = shutil.ignore_patterns("__pycache__", "cache")

    def copy_to(name: str, folder: Path) -> Path:
        if name != "forecast":
            return shutil.copytree(ROOT / "examples" / name, folder / name, ignore=leave)
        shutil.copytree(ROOT / "examples" / name, folder / "examples" / name, ignore=leave)
        shutil.copy(ROOT / "examples" / "__init__.py", folder / "examples")
        shutil.copy(ROOT / "dagbuild.toml", folder)
        return folder

    return copy_to


@pytest.fixture
def copy(tmp_path: Path, copy_to: Callable[[str, Path], Path]) -> Callable[[str], Path]:
    """Copy an example into the test's own folder."""
    return lambda name: copy_to(name, tmp_path)
