"""What the files of this repository say, and must not say."""

import inspect
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

import dagbuild
from dagbuild.ground.litter import CACHE_MARKED
from dagbuild.store import folder as cache_folder

ROOT = Path(__file__).parents[2]

# Written with brackets, so that this file does not find itself.
FORBIDDEN = {
    "a path of somebody's machine": r"(?<![\w.~])/(hom[e]|roo[t]|User[s]|wor[k])/\w",
    "the address of a registry": r"pypi\.or[g]/simple|files\.pythonhoste[d]|registry\.npmj[s]|index-ur[l]",
    "a note to oneself": r"\b(TOD[O]|FIXM[E]|XX[X])\b",
}
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def tracked(*patterns: str) -> list[Path]:
    """Return the files that git knows, and new ones that it would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in sorted(set(listed.splitlines())) if (ROOT / line).is_file()]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_files_are_short() -> None:
    """A file of the package that passes 400 lines has taken on a second job."""
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in tracked("dagbuild/*.py")}

    assert lengths
    assert {name: length for name, length in lengths.items() if length > 400} == {}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_says_nothing_private(what: Any) -> None:
    """No committed text names a machine, a registry or unfinished work."""
    pattern = re.compile(FORBIDDEN[what])
    found = []
    for path in tracked():
        try:
            lines = path.read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [f"{name_of(path)}:{n}: {line}" for n, line in enumerate(lines, 1) if pattern.search(line)]

    assert found == []


@pytest.mark.parametrize("name", dagbuild.__all__)
def test_public_names_are_explained(name: Any) -> None:
    """Whatever `from dagbuild import ...` gives tells what it is for."""
    thing = getattr(dagbuild, name)

    assert name == "__version__" or inspect.getdoc(thing)


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are made for the web."""
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", tracked("*.md"), ids=name_of)
def test_links_lead_somewhere(page: Any) -> None:
    """Links between the repository's files point at a file, and at a heading of it."""
    broken = []
    for link in LINK.findall(page.read_text("utf-8")):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


def test_cache_folder_is_as_the_tool_makes_it() -> None:
    """The committed files of `cache/` are those that dagbuild writes into a new cache folder."""
    folder = ROOT / "cache"

    assert (folder / "README.md").read_text() == cache_folder.README
    assert (folder / "CACHEDIR.TAG").read_text() == CACHE_MARKED
    assert {path.name for path in tracked("cache")} == {".gitignore", "CACHEDIR.TAG", "README.md"}


def test_ci_runs_what_the_readme_says() -> None:
    """`.ci/run` is the README's second command, to the letter."""
    commands = re.findall(r"^(python3 -m venv .*)$", (ROOT / "README.md").read_text(), re.MULTILINE)

    assert len(commands) == 2
    assert commands[1] in (ROOT / ".ci" / "run").read_text().splitlines()
