"""Run the part of the tests that depends on the version of Python on each newer Python found: `versions.py [OPTIONS]`.

Looks along PATH and where pyenv keeps its versions, makes an environment for each version below `build/pythons`, and
says which were found and used. A version that is not there is said, and no fault. Of the edits in tests/torture, each
plays its share: what sees them is the same in all of these. Options go to pytest.
Knows nothing of dagbuild, and imports only what every Python has.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / "build" / "pythons"
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
PARTS = (
    "tests/unit/code",
    "tests/unit/observe",
    "tests/integration/test_observe.py",
    "tests/integration/test_side_by_side.py",
    "tests/torture/test_seen.py",
    "tests/torture/test_torture.py",
)
"""What reads code, watches it run, or starts processes that do; torture by one door, for the others do the same."""
ONCE = "tests/unit/code/test_stability.py::test_python_version_does_not_count"
"""Compares one Python with all others, which need not be done from each of them."""
ASK = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2], sys.version_info.releaselevel)"


def find_pythons() -> dict[str, Path]:
    """Return, by version, an interpreter for each supported version: one that runs and can make environments."""
    found: dict[str, Path] = {}
    for path in _candidates():
        version = path.name.removeprefix("python")
        if version in SUPPORTED and version not in found and _answer(path) == f"{version} final":
            found[version] = path
    return found


def _candidates() -> Iterator[Path]:
    folders = [Path(entry) for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if entry]
    for folder in [*folders, *sorted((Path.home() / ".pyenv" / "versions").glob("*/bin"))]:
        yield from sorted(
            path for path in folder.glob("python3.*") if re.fullmatch(r"python3\.\d+", path.name)
        )


def _answer(python: Path) -> str:
    try:
        # A shim of pyenv's stands on PATH for versions, too, that it then refuses to start.
        done = subprocess.run([python, "-c", ASK], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def find_requirements() -> list[str]:
    """Return what dagbuild and its tests require."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found: list[str] = [*project["dependencies"]]
    todo = ["test"]
    while todo:
        for line in project["optional-dependencies"][todo.pop()]:
            if own := re.fullmatch(rf"{project['name']}\[(.+)\]", line):
                todo += own[1].split(",")
            else:
                found.append(line)
    return found


def make_environment(version: str, python: Path) -> Path:
    """Return the interpreter of an environment that has all that dagbuild and its tests need."""
    folder = ENVIRONMENTS / version
    own = folder / "bin" / "python"
    if not _answer(own).startswith(version):
        subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
    subprocess.run([own, "-m", "pip", "install", "--quiet", *find_requirements()], cwd=ROOT, check=True)
    return own


def run_tests(making: Future[Path], options: Sequence[str]) -> str:
    """Run the tests in an environment and return how it went, in a word."""
    try:
        own = str(making.result())
        # One after the other: it writes beside the code.
        install = [own, "-m", "pip", "install", "--quiet", "--no-deps", "-e", str(ROOT)]
        subprocess.run(install, cwd=ROOT, check=True)
    except subprocess.CalledProcessError:
        return "no environment could be made"
    workers = ("-n", "2", "--dist", "worksteal")
    command = [own, "-m", "pytest", *workers, "-p", "no:cacheprovider", "--deselect", ONCE, *PARTS, *options]
    return "failed" if subprocess.run(command, cwd=ROOT, check=False).returncode else "passed"


def main(options: Sequence[str]) -> int:
    """Run the tests on every newer Python; return the exit status."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    newer = SUPPORTED[SUPPORTED.index(here) + 1 :] if here in SUPPORTED else ()
    found = find_pythons()
    told = [f"Python {version}: {found.get(version, 'not found')}" for version in newer]
    print(f"this is Python {here}; newer ones: {'none is supported' if not newer else ''}", *told, sep="\n  ")
    ends = {}
    with ThreadPoolExecutor() as pool:  # pip uses one core, however much there is to install
        made = {
            version: pool.submit(make_environment, version, found[version])
            for version in newer
            if version in found
        }
    for number, (version, making) in enumerate(made.items(), 1):
        print(f"== Python {version} ==", flush=True)
        started = time.monotonic()
        end = run_tests(making, ["--share", f"{number}/{len(made)}", *options])
        ends[version] = f"{end} in {time.monotonic() - started:.0f} s"
    for version in newer:
        print(f"Python {version}: {ends.get(version, 'not found, not tested')}")
    return int(any(not end.startswith("passed") for end in ends.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
