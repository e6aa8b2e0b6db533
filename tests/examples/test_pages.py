"""Every snippet of the README and of the guide works as it stands."""

import re
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest

import dagbuild
from dagbuild.cli.commands import COMMANDS
from dagbuild.cli.status import command
from dagbuild.project.exchange.reading import READERS
from dagbuild.settings import load_settings
from dagbuild.settings.schema import SHORT, TABLES

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
def test_languages_are_known(page: Any) -> None:
    """A fence in another language would be a snippet that no test runs."""
    languages = {language for language, _ in FENCE.findall(page.read_text("utf-8"))}

    assert languages <= {"python", "toml", "console", "sh"}


@pytest.mark.parametrize(
    "page", [page for page in PAGES if snippets(page, "toml")], ids=lambda page: page.name
)
def test_settings_are_accepted(page: Any, tmp_path: Path) -> None:
    """Each piece of TOML is a whole dagbuild.toml."""
    for text in snippets(page, "toml"):
        (tmp_path / "dagbuild.toml").write_text(text)

        settings = load_settings(tmp_path, environ={})

        assert settings.modules == tuple(tomllib.loads(text)["modules"])


@pytest.mark.parametrize(
    "page", [page for page in PAGES if snippets(page, "python")], ids=lambda page: page.name
)
def test_python_runs(page: Any, tmp_path: Path, run: Any) -> None:
    """Named pieces are modules and make a graph, or tests, which pass; the others are scripts beside them."""
    texts = snippets(page, "python")
    files = named(texts)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    suites = [name for name in files if name.startswith("test_")]
    modules = [name for name in files if name not in suites]
    scripts = [text for text in texts if text not in files.values()]

    run("-c", LOAD, *modules, cwd=tmp_path)
    for text in scripts:
        (tmp_path / "script.py").write_text(text)
        run("script.py", cwd=tmp_path)
    for name in suites:
        run("-m", "pytest", "-q", "-p", "no:cacheprovider", name, cwd=tmp_path)


def test_picture_is_a_real_one(copy: Any, run: Any, tmp_path: Path) -> None:
    """The README's picture is what `dagbuild graph` draws after the edit that the session shows."""
    project = copy("paper")
    run("-m", "dagbuild", "forecast", cwd=project)
    features = project / "features.py"
    features.write_text(features.read_text().replace("rolling(3)", "rolling(4)"))

    run("-m", "dagbuild", "graph", "forecast", "-o", "status.svg", cwd=project)

    assert words(project / "status.svg") == words(ROOT / "docs" / "images" / "status.svg")


def words(picture: Path) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)", picture.read_text("utf-8"))


def test_every_command_is_on_its_page() -> None:
    """The page of commands has each of them, and no other."""
    page = (ROOT / "docs" / "guide" / "commands.md").read_text("utf-8")

    named = re.findall(r"^\| `dagbuild (\w+)", page, re.MULTILINE)
    assert list(dict.fromkeys(named)) == list(COMMANDS)


def test_every_setting_is_on_its_page() -> None:
    """The page of settings has each key of each table, and says which tables have a short form."""
    page = ROOT / "docs" / "guide" / "settings.md"
    shown = {
        table: set(keys)
        for table, keys in tomllib.loads(snippets(page, "toml")[0]).items()
        if table in TABLES
    }

    assert shown == {table: set(keys) for table, keys in TABLES.items() if table != "project"}
    for table in SHORT:
        assert f'`{table} = "' in page.read_text("utf-8")


def test_every_public_name_is_in_the_guide() -> None:
    """Whatever `from dagbuild import ...` gives is spoken of on a page for users."""
    text = "\n".join(page.read_text("utf-8") for page in PAGES)

    assert [name for name in dagbuild.__all__ if not re.search(rf"\b{name}\b", text)] == ["__version__"]


def test_files_that_stand_for_values_are_told() -> None:
    """What an override may be read from stands in its help, and on the page of values."""
    page = (ROOT / "docs" / "guide" / "values.md").read_text("utf-8")
    (told,) = [
        option.help
        for option in command.params
        if isinstance(option, click.Option) and option.name == "overrides"
    ]
    assert told is not None
    (line,) = re.findall(r"^What `--override NODE=FILE` and .* read: (.*),$", page, re.MULTILINE)

    kinds = {suffix.removeprefix(".") for suffix in READERS if suffix != ".pkl"}
    assert set(re.findall(r"\.(\w+)", line)) == kinds
    assert set(told.partition("(")[2].partition(")")[0].split(", ")) == kinds
