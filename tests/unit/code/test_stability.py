"""The same code has the same digests under every hash seed, in every folder and in every supported Python."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

import pytest

import dagbuild
from tests.versions import SUPPORTED, find_pythons

MODULES = [
    "argparse",
    "ast",
    "bdb",
    "calendar",
    "cmd",
    "colorsys",
    "configparser",
    "contextlib",
    "dataclasses",
    "difflib",
    "doctest",
    "email/header",
    "email/message",
    "fnmatch",
    "fractions",
    "ftplib",
    "functools",
    "getopt",
    "glob",
    "graphlib",
    "heapq",
    "html/parser",
    "http/client",
    "http/cookies",
    "imaplib",
    "inspect",
    "ipaddress",
    "json/decoder",
    "json/encoder",
    "mailbox",
    "numbers",
    "optparse",
    "pathlib",
    "pickletools",
    "plistlib",
    "pprint",
    "profile",
    "pstats",
    "queue",
    "reprlib",
    "sched",
    "selectors",
    "shlex",
    "shutil",
    "smtplib",
    "socketserver",
    "statistics",
    "string",
    "subprocess",
    "tarfile",
    "tempfile",
    "textwrap",
    "timeit",
    "trace",
    "traceback",
    "urllib/parse",
    "uuid",
    "xml/dom/minidom",
    "zipapp",
    "zipfile",
]

PACKAGES = ["diskcache", "graphviz", "iniconfig", "mdurl", "sortedcontainers"]
"""Installed packages that are the same for every Python, taken with their imports of themselves renamed."""

SEEDS, SOME_SEEDS = range(2, 6), (3,)
MORE_SEEDS = range(6, 22)
"""Seeds that only the kinds below meet: they have what a seed puts in another order, and are read in a moment."""

KINDS = '''
import abc, enum, functools, typing
from collections import namedtuple
from dataclasses import dataclass, field

class Color(enum.Enum):
    RED = 1
    CRIMSON = 1
    BLUE = enum.auto()

class Flag(enum.IntFlag):
    U = 1
    V = 2

@dataclass(order=True, frozen=True)
class Point:
    """A point."""
    x: int = 1
    names: list[str] = field(default_factory=list)

@dataclass(slots=True, kw_only=True)
class Slotted:
    x: int

    @property
    def double(self) -> int:
        return self.x * 2

class Row(typing.NamedTuple):
    a: int
    b: str = "b"

Pair = namedtuple("Pair", "u v", defaults=[2])

class Shape(abc.ABC, typing.Generic[typing.TypeVar("T")]):
    @abc.abstractmethod
    def area(self) -> float: ...

    @functools.cached_property
    def half(self):
        return self.area() / 2

class Options(typing.TypedDict, total=False):
    k: int

def uses():
    """Read this docstring."""
    text = f"a{Color.RED!r:>{Flag.V}}b" "c" f"{Point()=}"
    match Row(1):
        case Row(a=1, b=rest):
            text += rest
    return uses.__doc__, text, Slotted, Pair, Shape, Options, CONSTANTS, show, cached, typing.get_type_hints(uses)

@functools.singledispatch
def show(value: object) -> str:
    return "any"

@show.register
def _(value: int) -> str:
    return "int"

@functools.lru_cache(maxsize=8)
def cached(x, y=frozenset({"p", "q"})):
    return {x, y}

CONSTANTS = [{"p", "q", "r"}, {Color.RED: Point(2)}, Row(1), lambda x: x + 1, functools.partial(cached, 1), print, open,
             typing.Optional[int], list[int], (i for i in "ab"), float("nan"), __file__]
'''


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two copies of modules of the standard library and of libraries under names of their own: the project's code."""
    first = tmp_path_factory.mktemp("corpus")
    (first / "own_kinds.py").write_text(KINDS)
    standard = Path(sysconfig.get_path("stdlib"))
    for name in MODULES:
        source = standard / f"{name}.py"
        if not source.exists():  # a package in this version
            source = standard / name / "__init__.py"
        shutil.copy(source, first / f"own_{name.replace('/', '_')}.py")
    for name in PACKAGES:
        package = Path(str(importlib.import_module(name).__file__)).parent
        copy = first / f"own_{name}"
        shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for path in copy.rglob("*.py"):
            path.write_text(
                re.sub(rf"\b(from|import) {name}\b", rf"\1 own_{name}", path.read_text("utf-8")), "utf-8"
            )
    second = tmp_path_factory.mktemp("elsewhere") / "deep" / "down"
    shutil.copytree(first, second)
    return first, second


def fingerprints(
    python: str | Path, folder: Path, seed: str, libraries: str = "", *, only: str = ""
) -> dict[str, tuple[str, list[str]]]:
    """Return digest and notes of everything that the modules of the folder define, or one of them."""
    root = str(Path(dagbuild.__file__).parents[1])
    run = subprocess.run(
        [python, str(Path(__file__).with_name("corpus.py")), str(folder), only],
        env={
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join(p for p in (root, libraries) if p),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, tuple[str, list[str]]] = json.loads(run.stdout)
    return found


@cache
def here(folder: Path) -> dict[str, tuple[str, list[str]]]:
    """Return the fingerprints that this interpreter gives."""
    return fingerprints(sys.executable, folder, "1")


def test_corpus_is_large(folders: tuple[Path, Path]) -> None:
    """More than a thousand functions and classes, all with their text."""
    found = here(folders[0])

    assert len(found) > 1200
    assert not any("no source" in note for _, notes in found.values() for note in notes)


def test_hash_seed_and_folder_do_not_count(folders: tuple[Path, Path], thorough: bool) -> None:
    """Another process with another seed, in another folder."""
    for seed in SEEDS if thorough else SOME_SEEDS:
        assert fingerprints(sys.executable, folders[seed % 2], str(seed)) == here(folders[0]), seed


@pytest.mark.parametrize("seed", MORE_SEEDS)
def test_more_hash_seeds_do_not_count(folders: tuple[Path, Path], seed: int) -> None:
    """Where enums, frozen sets, defaults and the like are read."""
    found = fingerprints(sys.executable, folders[seed % 2], str(seed), only="own_kinds")
    expected = here(folders[0])

    assert len(found) > 10
    assert found == {name: expected[name] for name in found}


@pytest.mark.parametrize("version", SUPPORTED)
def test_python_version_does_not_count(folders: tuple[Path, Path], version: str, tmp_path: Path) -> None:
    """Where another interpreter is found, and xxhash can be had for it."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        pytest.skip("this is the interpreter that the others are compared with")
    python = find_pythons().get(version)
    if python is None:
        pytest.skip(f"no Python {version} found")
    wanted = f"xxhash=={importlib.metadata.version('xxhash')}"
    install: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--target", str(tmp_path), wanted]
    if subprocess.run(install, capture_output=True, check=False).returncode:
        pytest.skip(f"xxhash cannot be installed for Python {version}")
    expected = here(folders[0])
    found = fingerprints(python, folders[0], "3", str(tmp_path))
    common = expected.keys() & found.keys()

    assert len(common) > 0.95 * len(expected)
    assert [name for name in sorted(common) if expected[name][0] != found[name][0]] == []
