"""The map of the house is the house: docs/architecture.md, the glossary and CONTRIBUTING say what is so."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from dagbuild.build.states import MOVES, State
from dagbuild.model.record import Artifact, Part, Record
from tests.versions import SUPPORTED, find_requirements

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "docs" / "architecture.md").read_text("utf-8")
PAGES = [ROOT / "docs" / "architecture.md", ROOT / "docs" / "glossary.md", *ROOT.glob("[A-Z]*.md")]

DRAWN = {"": 1, "dagbuild": 9, "tests": 1, "docs": 1, "examples": 1}
"""How many levels of these folders the tree shows; of the others, their names. Files are shown of the package alone."""

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def section(heading: str) -> str:
    """Return what stands below a heading of the map, up to the next of its level."""
    level = heading.partition(" ")[0]
    after = MAP.partition(f"\n{heading}\n")[2]
    return re.split(rf"^{level} ", after, maxsplit=1, flags=re.MULTILINE)[0]


def fence(heading: str) -> str:
    return FENCE.search(section(heading))[2]  # type: ignore[index]


def settings() -> dict[str, Any]:
    tools: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    return tools


def tracked() -> list[str]:
    """Return the names of the files that git knows, and of new ones that it would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if (ROOT / line).is_file()]


# -- the tree and its floors ---------------------------------------------------------------------------------------


def read_tree(text: str) -> set[str]:
    """Return the paths that an indented drawing names; those of folders end in a slash."""
    paths: set[str] = set()
    above: list[str] = []
    for line in text.splitlines():
        indent = (len(line) - len(line.lstrip())) // 2
        above[indent:] = [line.split()[0]]
        paths.add("".join(above))
    return paths


def list_tree() -> set[str]:
    """Return the folders of the repository, as deep as they are drawn, and the files on the package's ground floor."""
    paths: set[str] = set()
    for name in tracked():
        parents = [parent.as_posix() for parent in Path(name).parents][-2::-1]
        for depth, folder in enumerate(parents):
            if depth == 0 or depth <= DRAWN.get(parents[0], 0):
                paths.add(f"{folder}/")
    return paths | {name for name in tracked() if Path(name).parent == Path("dagbuild")}


def test_the_tree_is_the_folders() -> None:
    """Every room that there is is drawn, and no other."""
    assert read_tree(fence("## The tree")) == list_tree()


def test_the_floors_are_those_of_the_contract() -> None:
    """The drawing shows the layers that lint-imports checks, in their order."""
    floors = re.split(r"^[┌├└].*\n", fence("## The floors"), flags=re.MULTILINE)
    drawn = [
        set(" ".join(re.findall(r"^│([^│]*)│", floor, re.MULTILINE)).split()) for floor in floors if floor
    ]

    (contract,) = (each for each in settings()["importlinter"]["contracts"] if each["type"] == "layers")
    assert drawn == [{room.strip() for room in layer.split("|")} for layer in contract["layers"]]


# -- the states ------------------------------------------------------------------------------------------------------


def test_the_picture_shows_every_move() -> None:
    """An arrow for each move that a step may make, and none that it may not."""
    arrows = re.findall(r"^ +(\S+) --> (\w+)", fence("## The states of a step"), re.MULTILINE)

    assert len(arrows) == len(set(arrows))
    assert {(was, now) for was, now in arrows if was != "[*]"} == {
        (was.value, now.value) for was, allowed in MOVES.items() for now in allowed
    }
    assert [now for was, now in arrows if was == "[*]"] == [State.UNWANTED.value]


# -- the record --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "names"),
    [
        ("Record", [field.name for field in fields(Record)]),
        ("Artifact", [field.name for field in fields(Artifact)]),
        ("Part of a manifest", list(Part._fields)),
    ],
)
def test_every_field_is_explained(table: str, names: list[str]) -> None:
    """The table has a line for each field, in the order of the class."""
    rows = section("## What a record says").partition(f"| {table} |")[2].partition("\n\n")[0]

    assert re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE) == names


# -- names in the text -----------------------------------------------------------------------------------------------


def find_file(name: str) -> Path | None:
    """Return what a path of a page names: from the root, in the package, or among the tests."""
    places = (base / name for base in (ROOT, ROOT / "dagbuild", ROOT / "tests"))
    return next((place for place in places if place.exists()), None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_exist(page: Path) -> None:
    """What a page names as a file or folder of ours is there."""
    text = FENCE.sub("", page.read_text("utf-8"))
    named = re.findall(r"`([\w.-]+/[\w./-]*|[\w.-]+\.(?:py|toml|yaml|md))`", text)

    assert [name for name in named if find_file(name) is None] == []


def defined(file: Path) -> set[str]:
    """Return the classes and functions of a file, methods behind their class and a dot."""
    names: set[str] = set()
    for thing in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(thing, ast.ClassDef | ast.FunctionDef):
            names.add(thing.name)
            if isinstance(thing, ast.ClassDef):
                names |= {
                    f"{thing.name}.{part.name}" for part in thing.body if isinstance(part, ast.FunctionDef)
                }
    return names


def test_what_a_file_is_said_to_have_it_has() -> None:
    """A file with a name behind it defines that name."""
    said = re.findall(r"`([\w/]+\.py)`\s`([A-Za-z_][\w.]*)`", MAP)

    assert said
    for file, name in said:
        place = find_file(file)
        assert place is not None, file
        assert name in defined(place), f"{file} has no {name}"


# -- words and checks ------------------------------------------------------------------------------------------------


def test_one_word_is_one_thing() -> None:
    """The glossary explains each word once, and advises against none that it explains."""
    rows = re.findall(
        r"^\| (\*\*.*\*\*) \|.*\| ([\w, ]*)\|$", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.M
    )
    words = [word for row, _ in rows for word in re.findall(r"\*\*(.+?)\*\*", row)]
    others = {word.strip() for _, row in rows for word in row.split(",") if word.strip()}

    assert words
    assert len(words) == len(set(words))
    assert others.isdisjoint(words)


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", ".pre-commit-config.yaml"])
def test_every_check_is_named(name: str) -> None:
    """Each part of `poe check` is explained to people, and has a hook."""
    said = set(re.findall(r"\bpoe (\w+)", (ROOT / name).read_text("utf-8")))

    tasks = settings()["poe"]["tasks"]
    assert set(tasks["check"]) <= said <= set(tasks)


def test_workflows_run_the_checks() -> None:
    """Continuous integration runs `poe check` on every Python that is promised."""
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert re.findall(r'"(3\.\d+)"', text) == list(SUPPORTED)
    assert project["requires-python"] == f">={SUPPORTED[0]}"
    assert "- run: poe check" in text
    assert "- run: poe thorough" in (ROOT / ".github" / "workflows" / "nightly.yml").read_text("utf-8")


def test_newer_pythons_get_what_the_tests_require() -> None:
    """What the extra for tests names by way of our own extras is named to pip itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    ours = re.findall(r"dagbuild\[(.+)\]", " ".join(project["optional-dependencies"]["test"]))
    extras = ["test", *",".join(ours).split(",")]
    lines = {line for extra in extras for line in project["optional-dependencies"][extra]}

    found = find_requirements()

    assert {*project["dependencies"], *lines} - {f"dagbuild[{each}]" for each in ours} == {*found}
