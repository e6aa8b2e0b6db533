"""Whole programs of each kind that Hamilton is used for do with us what they do with Hamilton, after a change of imports.

Each folder of `kinds` is one, as its user has it. It runs twice in a folder of its own, so that the second run finds
what the first has left; what it prints, its `results` and the files that it writes are compared.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dagbuild.migration.documents import read_document
from tests.warm import Warm

pytest.importorskip("hamilton")

HERE = Path(__file__).parent
KINDS = HERE / "kinds"
PROGRAMS = sorted(path.parent.name for path in KINDS.glob("*/run.py"))
ON_RAY = "ray_cluster"

DIFFERS = {
    "cached": (
        r"^told of: .*\n",
        "with a cache our hooks are told of what runs, Hamilton's of what is taken from its cache as well",
    ),
}
"""Lines that are not compared, by program, and why."""

TEXTS = (".csv", ".json", ".txt")
"""Files whose content is compared; of others (pictures, Parquet, logs) that they are there."""

OWN = ("kept", "__pycache__")
"""Folders that are not compared: a cache's inside is its library's own."""

DOT = """#!/bin/sh
# Stands in for Graphviz where that is not installed: `dot -Tsvg -O file` writes file.svg.
for word in "$@"; do
  case "$word" in -T*) kind="${word#-T}" ;; -*) ;; *) file="$word" ;; esac
done
if [ -n "$file" ]; then echo drawn > "$file.$kind"; else cat > /dev/null; echo drawn; fi
"""


@pytest.fixture(scope="module")
def players() -> Iterator[dict[str, Warm]]:
    """A warm process for each of the two libraries."""
    made = {library: Warm(HERE / f"{library}_player.py") for library in ("hamilton", "dagbuild")}
    yield made
    for each in made.values():
        each.close()


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with a program `dot`."""
    if shutil.which("dot"):
        return os.environ["PATH"]
    folder = tmp_path_factory.mktemp("bin")
    (folder / "dot").write_text(DOT)
    (folder / "dot").chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@dataclass(frozen=True)
class Run:
    """What came of one run of a program."""

    printed: str
    results: str
    files: dict[str, str]
    drawn: dict[str, set[tuple[str, str]]]


def change_imports(text: str) -> str:
    """Return a program's text with the name of the one package in the place of the other's, where it is code."""
    return re.sub(r"""(?<!["'\w.`])hamilton(?=[.\s])""", "dagbuild", text)


def lay_out(name: str, folder: Path, library: str) -> None:
    shutil.copytree(KINDS / name, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in folder.glob("*.py"):
        path.write_text(change_imports(path.read_text()) if library == "dagbuild" else path.read_text())


def run(player: Warm, folder: Path, env: dict[str, str]) -> Run:
    """Run a program that lies in a folder; what it says of how it failed is in the assertion."""
    out, errors, results = (folder.with_name(f"{folder.name}.{name}") for name in ("out", "err", "results"))
    results.unlink(missing_ok=True)
    status = player.play(str(results), env, folder, out, errors)
    assert status == 0, f"{out.read_text()}\n{errors.read_text()}"
    files, drawn = {}, {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".py"):
        name = path.relative_to(folder)
        if not set(name.parts) & set(OWN):
            files[str(name)] = path.read_text() if path.suffix in TEXTS else ""
            if not path.suffix:
                drawn[str(name)] = read_arrows(path.read_text())
    return Run(out.read_text(), results.read_text(), files, drawn)


def read_arrows(text: str) -> set[tuple[str, str]]:
    """Return the arrows of a picture's DOT text; of inputs too, however many of them share a box.

    Hamilton puts the inputs of a node into one box, and we give each its own: what they are and who takes them counts.
    """
    boxes = {
        name.strip('"'): re.findall(r"<tr><td>(\w+)</td>", label)
        or [re.sub(r"\W.*", "", label.strip('"<b> '))]
        for name, label in re.findall(
            r'^\s+("?_[\w.]+"?) \[.*?label=(<<table.*?>>|"[^"]*")', text, re.MULTILINE
        )
    }
    arrows = re.findall(r'^\s+"?([\w.]+)"? -> "?([\w.]+)"?', text, re.MULTILINE)
    return {(name, end) for start, end in arrows for name in boxes.get(start, [start])}


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name != ON_RAY])
def test_runs_as_before(name: str, tmp_path: Path, players: dict[str, Warm], tools: str) -> None:
    """With no other change than that of its imports, the first time and the second."""
    compare(name, tmp_path, players, {"PATH": tools})


def compare(name: str, tmp_path: Path, players: dict[str, Warm], more: dict[str, str]) -> None:
    pattern, _ = DIFFERS.get(name, ("(?!)", ""))
    for library in players:
        lay_out(name, tmp_path / library / name, library)
    env = {**os.environ, **more, "PYTHONHASHSEED": "0", "COLUMNS": "200"}
    for _ in ("the first time", "the second time"):
        theirs, ours = (run(player, tmp_path / library / name, env) for library, player in players.items())

        assert re.sub(pattern, "", ours.printed, flags=re.M) == re.sub(
            pattern, "", theirs.printed, flags=re.M
        )
        assert ours.results == theirs.results
        assert ours.files == theirs.files
        assert ours.drawn == theirs.drawn


def test_runs_on_ray_as_before(tmp_path: Path, players: dict[str, Warm], tools: str, local_ray: None) -> None:
    """On the cluster that is there, with no other change than that of its imports."""
    import ray

    address = ray.get_runtime_context().gcs_address
    compare(ON_RAY, tmp_path, players, {"PATH": tools, "RAY_ADDRESS": address})


@pytest.mark.parametrize("name", PROGRAMS)
def test_migrating_makes_the_same_text(name: str) -> None:
    """What `dagbuild migrate` writes is what a change of the name gives, and nothing is left to do by hand."""
    for path in KINDS.joinpath(name).glob("*.py"):
        document = read_document(path)

        assert not document.left
        assert document.after.decode() == change_imports(path.read_text())


def test_the_command_writes_it(tmp_path: Path) -> None:
    """In place, in one of the programs."""
    lay_out("hello", tmp_path / "hello", "hamilton")

    done = subprocess.run(
        [sys.executable, "-m", "dagbuild", "migrate", "."],
        cwd=tmp_path / "hello", capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    )  # fmt: skip

    assert done.stdout == "rewritten  run.py: 1 place\n1 file rewritten of 2, 0 things left to do by hand\n"
    assert (tmp_path / "hello" / "run.py").read_text() == change_imports(
        (KINDS / "hello" / "run.py").read_text()
    )
