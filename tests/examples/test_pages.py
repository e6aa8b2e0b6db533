"""Every snippet of the README and of the guide works as it stands."""

import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

from dagbuild.cli.commands import COMMANDS
from dagbuild.settings import load_settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "guide").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LOAD = """
import sys
from pathlib import Path
from dagbuild.loader import load_graph, load_modules
assert load_graph(load_modules(sys.argv[1:], Path()), {"region": "UK"}, inputs=["window"]).nodes
"""
FILE = re.compile(r"# ([\w./-]+\.(?:py|toml))\n")


def snippets(page: Path, language: str) -> list[str]:
    return [text for found, text in FENCE.findall(page.read_text("utf-8")) if found == language]


def named(texts: list[str]) -> dict[str, str]:
    """Return the snippets whose first line names a file, by that name."""
    return {found[1]: text for text in texts if (found := FILE.match(text))}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_languages_are_known(page):
    """A fence in another language would be a snippet that no test runs."""
    languages = {language for language, _ in FENCE.findall(page.read_text("utf-8"))}

    assert languages <= {"python", "toml", "console"}


@pytest.mark.parametrize(
    "page", [page for page in PAGES if snippets(page, "toml")], ids=lambda page: page.name
)
def test_settings_are_accepted(page, tmp_path):
    """Each piece of TOML is a whole dagbuild.toml."""
    for text in snippets(page, "toml"):
        (tmp_path / "dagbuild.toml").write_text(text)

        settings = load_settings(tmp_path, environ={})

        assert settings.modules == tuple(tomllib.loads(text)["modules"])


@pytest.mark.parametrize(
    "page", [page for page in PAGES if snippets(page, "python")], ids=lambda page: page.name
)
def test_python_runs(page, tmp_path, run):
    """Named pieces are modules and make a graph; the others are scripts beside them."""
    texts = snippets(page, "python")
    modules = named(texts)
    for name, text in modules.items():
        (tmp_path / name).write_text(text)
    scripts = [text for text in texts if text not in modules.values()]

    run("-c", LOAD, *modules, cwd=tmp_path)
    for text in scripts:
        (tmp_path / "script.py").write_text(text)
        run("script.py", cwd=tmp_path)


def test_session_is_a_real_one(copy, run):
    """The README's session, run again, says the same but for the time it takes."""
    (session,) = snippets(ROOT / "README.md", "console")
    first, *commands = re.findall(r"^\$ (.*)\n((?:[^$].*\n|\n)*)", session, re.MULTILINE)
    assert first == ("cd examples/paper", "")
    project = copy("paper")
    for command, said in commands:
        program, *words = shlex.split(command)
        if program == "sed":
            subprocess.run([program, *words], cwd=project, check=True)
        else:
            again = run("-m", program, *words, cwd=project, status=(0, 1), together=True).stdout

            assert plain(again) == plain(said)


def plain(text: str) -> list[str]:
    """Leave out how long things took, what is told only of longer times, and the space that makes columns."""
    timeless = re.sub(r"\b\d+(\.\d+)? (ms|s)\b", "TIME", text)
    timeless = re.sub(r"; saved about TIME|, about TIME", "", timeless)
    return [" ".join(line.split()) for line in timeless.splitlines()]


def test_picture_is_a_real_one(copy, run, tmp_path):
    """The README's picture is what `dagbuild graph` draws after the edit that the session shows."""
    project = copy("paper")
    run("-m", "dagbuild", "forecast", cwd=project)
    features = project / "features.py"
    features.write_text(features.read_text().replace("rolling(3)", "rolling(4)"))

    run("-m", "dagbuild", "graph", "forecast", "-o", "status.svg", cwd=project)

    assert words(project / "status.svg") == words(ROOT / "docs" / "images" / "status.svg")


def words(picture: Path) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)", picture.read_text("utf-8"))


def test_every_command_is_on_its_page():
    """The page of commands has each of them, and no other."""
    page = (ROOT / "docs" / "guide" / "commands.md").read_text("utf-8")

    assert re.findall(r"^\| `dagbuild (\w+)", page, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_text_exist(page):
    """Where a page says `dagbuild something`, that is a command or a target of an example."""
    said = set(re.findall(r"`dagbuild ([a-z]\w+)", page.read_text("utf-8")))

    assert said <= {*COMMANDS, "forecast"}
