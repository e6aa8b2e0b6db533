"""Every command that a page shows works as it stands, and what it is said to print it prints.

A page's blocks of `sh` and `console` are played in order, in a copy of the examples, by a shell. What is not played
is in `NOT_PLAYED` with its reason; what the text says in passing must at least be a command with such options.
"""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from dagbuild.cli.commands import COMMANDS
from dagbuild.cli.group import group
from dagbuild.report.plan_text import SOON
from tests.support import write_files

ROOT = Path(__file__).parents[2]
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/*.md")})

NOT_PLAYED = {
    "python3 -m venv": "installs packages, which needs the network",
    "python -m tests.benchmarks.": "measures for minutes, and is read, not compared",
    "python on_ray.py": "starts a cluster, which a test of its own plays",
    "dagbuild accept --package pandas": "needs values that another pandas has made",
}
"""Beginnings of commands, and why no test runs them."""

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STEP = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
SHIM = '#!/bin/sh\nexec "{python}" {words} "$@"\n'


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> Iterator[tuple[str, str | None]]:
    """Yield the commands of a page, with what they are said to print where that is said."""
    for language, text in FENCE.findall(page.read_text("utf-8")):
        if language == "sh":
            yield from ((line, None) for line in text.splitlines() if line.strip())
        elif language == "console":
            yield from STEP.findall(text)


def is_played(command: str) -> bool:
    return not command.startswith(tuple(NOT_PLAYED))


PLAYED = [page for page in PAGES if any(is_played(command) for command, _ in blocks(page))]


def copy_examples(folder: Path) -> Path:
    """Copy the examples with the project file around them, as a clone has them."""
    leave = shutil.ignore_patterns("__pycache__", "cache")
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=leave)
    shutil.copy(ROOT / "dagbuild.toml", folder)
    return folder


def make_accepting(folder: Path) -> Path:
    """Make a project of which a helper that logs was edited after it was built."""
    files = {
        "dagbuild.toml": 'modules = ["features"]',
        "helpers.py": 'def log_shape(values: list) -> list:\n    print("rows", len(values))\n    return values\n',
        "features.py": (
            "from helpers import log_shape\n\n"
            "def spend() -> list[float]:\n    return log_shape([1.0])\n\n"
            "def total(spend: list[float]) -> float:\n    return sum(log_shape(spend))\n"
        ),
    }
    write_files(folder, files)
    shell(folder, "dagbuild total")
    write_files(folder, {"helpers.py": files["helpers.py"].replace("rows", "lines")})
    return folder


def make_hamiltons(folder: Path) -> Path:
    """Make a project that runs on Hamilton, with something in it that only Hamilton has."""
    files = {
        "features.py": (
            "import pandas as pd\n"
            "from hamilton.function_modifiers import check_output, extract_columns\n\n\n"
            '@extract_columns("spend", "signups")\n'
            "def weeks(rows: list[dict[str, float]]) -> pd.DataFrame:\n"
            "    return pd.DataFrame(rows)\n\n\n"
            "@check_output(range=(0.0, 1000.0))\n"
            "def cost(spend: pd.Series, signups: pd.Series) -> pd.Series:\n"
            "    return spend / signups\n"
        ),
        "run.py": (
            "import features\n"
            "from hamilton import base, driver\n\n"
            'rows = [{"spend": 10.0, "signups": 1.0}, {"spend": 20.0, "signups": 4.0}]\n'
            "builder = driver.Builder().with_modules(features).with_adapters(base.PandasDataFrameResult())\n"
            'print(builder.build().execute(["spend", "cost"], inputs={"rows": rows}))\n'
        ),
        "alerts.py": (
            "from hamilton import driver\n"
            "from hamilton.plugins.h_pager import Pager\n\n\n"
            "def watch() -> driver.Builder:\n"
            "    return driver.Builder().with_adapters(Pager())\n"
        ),
    }
    write_files(folder, files)
    return folder


PLACES: dict[str, Callable[[Path], Path]] = {
    "docs/guide/caching.md": make_accepting,
    "docs/guide/hamilton.md": make_hamiltons,
    "examples/hello/README.md": lambda folder: copy_examples(folder) / "examples" / "hello",
}
"""Where a page's commands are played, if that is not a clone."""


def shell(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a person would type it; `dagbuild` and `python` are those of this test."""
    tools = folder / ".tools"
    if not tools.exists():
        tools.mkdir()
        for tool, words in (("dagbuild", "-m dagbuild"), ("python", ""), ("python3", "")):
            (tools / tool).write_text(SHIM.format(python=sys.executable, words=words))
            (tools / tool).chmod(0o755)
    env = {key: text for key, text in os.environ.items() if not key.startswith(("DAGBUILD_", "PYTEST_"))}
    env.update(PYTHONPATH=str(ROOT), COLUMNS="100", NO_COLOR="1", MPLBACKEND="agg")
    env["DAGBUILD_JOBS"] = "1"  # else what is said first is told by chance
    env["XDG_CONFIG_HOME"] = str(tools / "config")  # where this person's key would be
    env["PATH"] = f"{tools}{os.pathsep}{env['PATH']}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=env,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
    )


@pytest.mark.parametrize("page", PLAYED, ids=name)
def test_commands_do_what_the_page_says(page: Any, tmp_path: Path) -> None:
    """One after the other; `status` and `migrate` may say that there is something to do."""
    folder = PLACES.get(name(page), copy_examples)(tmp_path)
    for command, said in blocks(page):
        if command.startswith("cd "):
            folder = folder / command.removeprefix("cd ")
        elif is_played(command):
            done = shell(folder, command)

            words = shlex.split(command, comments=True)
            allowed = (0, 1) if {"status", "migrate"} & set(words) else (0,)
            assert done.returncode in allowed, f"$ {command}\n{done.stdout}"
            if said is not None:
                assert plain(done.stdout) == plain(said), command


def plain(text: str) -> list[str]:
    """Leave out how long things took, what is told only of longer times, and the space that makes columns."""
    timeless = re.sub(r"\b\d+(\.\d+)? (ms|s)\b", "TIME", text)
    timeless = re.sub(r"; saved about TIME|, about TIME", "", timeless)
    return [" ".join(line.split()) for line in timeless.splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_times_are_told_where_they_are_worth_it(page: Any) -> None:
    """A page does not show a guess that no command would make of so short a time."""
    told = re.findall(r", about (\d+) ms$", page.read_text("utf-8"), re.MULTILINE)

    assert [time for time in told if int(time) < SOON * 1000] == []


def test_what_a_release_tries_works(tmp_path: Path) -> None:
    """What was built is tried on an example before it is published."""
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    (tried,) = re.findall(r"^ *(cd examples/.*/bin/dagbuild.*)$", text, re.MULTILINE)

    done = shell(copy_examples(tmp_path), re.sub(r"\S+/bin/dagbuild", "dagbuild", tried))

    assert done.returncode == 0, done.stdout
    assert "built" in done.stdout


def test_each_exception_is_on_a_page() -> None:
    """A reason not to play what nobody shows any more is dropped."""
    commands = [command for page in PAGES for command, _ in blocks(page)]

    assert [each for each in NOT_PLAYED if not any(command.startswith(each) for command in commands)] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_stand_in_fences(page: Any) -> None:
    """A block that is only indented would be one that nobody plays."""
    text = FENCE.sub("", page.read_text("utf-8"))

    assert (
        re.findall(
            r"^(?: {4}|\t)(?:\$ )?(?:dagbuild|python3?|pip|git|touch|sed|export) .*", text, re.MULTILINE
        )
        == []
    )


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_in_the_text_exist(page: Any) -> None:
    """Where a page says `dagbuild something --option`, that is a command or a target, and has this option."""
    text = FENCE.sub("", page.read_text("utf-8"))

    for said in re.findall(r"`dagbuild ([^`]+)`", text):
        words = shlex.split(said.replace("[", "").replace("]", ""))
        named = next((word for word in words if word in COMMANDS), None)
        if named:
            words.remove(named)
        read_words(named or "build", words)


def read_words(name: str, words: list[str]) -> None:
    """Read the words as the command would; a text may name an option without a value, and leave out a NODE."""
    with click.Context(group) as above:
        command = group.get_command(above, name)
        assert command is not None
        options = [each for each in command.params if isinstance(each, click.Option) and not each.is_flag]
        if words and any(words[-1] in each.opts for each in options):
            words = [*words, "VALUE"]
        with contextlib.suppress(click.MissingParameter):
            command.make_context(name, words, parent=above)
