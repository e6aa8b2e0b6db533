"""Run the command line as a process of its own, and play sessions: commands in, expected text out.

A golden folder holds `project/` and `session.txt`. Lines of the session that begin with "$ " are played: `dagbuild`
commands, `edit FILE OLD => NEW`, `append FILE TEXT`, `write FILE TEXT`, `cat FILE` and `rm FILE`. What follows each
is what it prints, standard error included, and its exit status where it is not 0.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pandas

from tests.warm import Warm

ROOT = Path(__file__).parents[2]


def make_environment(**extra: str) -> dict[str, str]:
    """Return this process's environment without what would change what the command line says."""
    strange = ("DAGBUILD_", "PYTHON", "FORCE_COLOR", "NO_COLOR")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(strange)}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "100",
        "DAGBUILD_JOBS": "1",  # else what is said first is told by chance
        "LOGNAME": "root",
        **extra,
    }


def dagbuild(folder: Path, *args: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run `dagbuild` in a folder, standard error in standard output as a person sees them."""
    return subprocess.run(
        [sys.executable, "-m", "dagbuild", *args],
        cwd=folder,
        env=make_environment(**extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )


Run = Callable[..., "subprocess.CompletedProcess[str]"]
"""Runs `dagbuild` as the function of that name does."""


class WarmCommands:
    """Runs `dagbuild` in processes that have imported everything when they begin; they print into a folder."""

    def __init__(self, warm: Warm, folder: Path) -> None:
        self._warm = warm
        self._output, self._errors = folder / "printed", folder / "errors"

    def __call__(self, cwd: Path, *args: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run it as `dagbuild` does."""
        status = self._warm.play(args, make_environment(**extra), cwd, self._output)
        return subprocess.CompletedProcess(args, status, self._output.read_text())

    def apart(self, cwd: Path, *args: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run it, with standard error by itself."""
        status = self._warm.play(args, make_environment(**extra), cwd, self._output, self._errors)
        return subprocess.CompletedProcess(args, status, self._output.read_text(), self._errors.read_text())


@contextmanager
def warm_commands(folder: Path) -> Iterator[WarmCommands]:
    """Give what runs commands in warm processes."""
    with closing(Warm(Path(__file__).with_name("command.py"))) as warm:
        yield WarmCommands(warm, folder)


def play(golden: Path, folder: Path, run: Run = dagbuild) -> str:
    """Play a golden folder's session in a copy of its project and return what it should say today."""
    shutil.copytree(golden / "project", folder, dirs_exist_ok=True)
    lines = (golden / "session.txt").read_text().splitlines()
    said: list[str] = []
    for line in lines:
        if line.startswith("#"):
            said.append(line)
        elif line.startswith("$ "):
            said.extend([line, *_play_line(line[2:], folder, run), ""])
    return "\n".join(said).rstrip() + "\n"


def _play_line(line: str, folder: Path, run: Run) -> list[str]:
    word, _, rest = line.partition(" ")
    if word == "edit":
        name, _, change = rest.partition(" ")
        old, new = change.replace("\\n", "\n").split(" => ")
        text = (folder / name).read_text()
        assert text.count(old) == 1, f"'{old}' is not once in {name}"
        (folder / name).write_text(text.replace(old, new))
        return []
    if word == "append":
        name, _, text = rest.partition(" ")
        with (folder / name).open("a") as stream:
            stream.write(text + "\n")
        return []
    if word == "write":
        name, _, text = rest.partition(" ")
        (folder / name).write_text(text + "\n")
        return []
    if word == "rm":
        path = folder / rest
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        return []
    if word == "cat":
        return normalise((folder / rest).read_text(), folder).splitlines()
    assert word == "dagbuild", f"unknown command '{word}'"
    done = run(folder, *shlex.split(rest))
    text = normalise(done.stdout, folder).rstrip("\n")
    return [*text.splitlines(), *([f"[exit {done.returncode}]"] if done.returncode else [])]


def normalise(text: str, folder: Path) -> str:
    """Replace what differs from machine to machine and from run to run."""
    text = text.replace(str(folder.resolve()), "PROJECT").replace(str(folder), "PROJECT")
    text = re.sub(r"\b\d{8}T\d{6}-[0-9a-f]{6}\b", "RUN", text)
    text = re.sub(r"xxh3-[0-9a-f]+", "xxh3-0", text)
    text = re.sub(r"cache/files/[0-9a-f]{2}/[0-9a-f]+/", "cache/files/COPY/", text)
    text = re.sub(r"\b\d{4}-\d\d-\d\d( \d\d:\d\d)?\b", "DATE", text)
    text = re.sub(r"\b[\d.]+ (ms|s)\b", "TIME", text)
    # Said only of what took long enough, which depends on how busy the machine is.
    text = re.sub(r"(; saved about|, about) TIME|; took TIME last time", "", text)
    text = _sort_steps(text)
    text = re.sub(r'"(seconds|elapsed|saved|time|memory)": [\d.]+', r'"\1": 0', text)
    text = re.sub(r'"machine": "[^"]*"', '"machine": "HOST"', text)
    text = _narrow_columns(text)
    text = re.sub(r" by \w+ in TIME", " by WHO in TIME", text)
    text = re.sub(r"^(last built DATE).*$", r"\1", text, flags=re.MULTILINE)
    text = re.sub(r'^author = ".*"$', 'author = "AUTHOR"', text, flags=re.MULTILINE)
    text = text.replace(platform.python_version(), "PYTHON").replace(pandas.__version__, "PANDAS")
    # How far the carets below a frame reach differs between versions of Python.
    return re.sub(r"^ *[~^]+\n", "", text, flags=re.MULTILINE)


def _narrow_columns(text: str) -> str:
    """Make the columns of times and names as wide as any: how long a time or a user's name is differs."""
    text = re.sub(r"(xxh3-0  (?:DATE  )?)(?!DATE)\w+ +", r"\1WHO  ", text)
    return re.sub(r"(?m)(?<=  )(TIME|took|who|author) {2,}", r"\1  ", text)


def _sort_steps(text: str) -> str:
    """Put the lines of computed nodes in order: which of two goes first depends on how long they took before."""
    lines = text.split("\n")
    step = re.compile(r"^\[ *\d+/(\d+)\] ")
    for start, line in enumerate(lines):
        if step.match(line) and (start == 0 or not step.match(lines[start - 1])):
            end = start
            while end < len(lines) and step.match(lines[end]):
                end += 1
            lines[start:end] = sorted(step.sub(r"[n/\1] ", each) for each in lines[start:end])
    return "\n".join(lines)
