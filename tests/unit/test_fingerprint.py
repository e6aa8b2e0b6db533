"""Manifests: each part counts where it should, and nothing else does."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pandas as pd
import pytest

from dagbuild.code.closure import SourceReader
from dagbuild.code.fingerprint import make_manifests
from dagbuild.model.node import CachePolicy, Columns, Group, Node, Parameter, Source, Value, Where
from dagbuild.model.record import Manifest

ROOT = Path(__file__).parents[2]


def scaled(frame: pd.DataFrame, k: float = 2.0) -> pd.DataFrame:
    return pd.concat([frame * k])


def helper(x: int) -> int:
    return x + 1


def other(x: int) -> int:
    return x + 2


NODE = Node(
    "scaled",
    pd.DataFrame,
    scaled,
    (Parameter("frame", pd.DataFrame, Source("raw")), Parameter("k", float, Value(2.0))),
    Where("features", "features.py", 12),
)


def manifest(node: Node, packages: dict[str, str] | None = None) -> Manifest:
    reader = SourceReader([ModuleType("tests")])
    return make_manifests([node], reader, packages=packages or {})[node.name]


def bound(**bindings: Any) -> Node:
    parameters = tuple(replace(p, binding=bindings.get(p.name, p.binding)) for p in NODE.parameters)
    return replace(NODE, parameters=parameters)


def typed(**types: Any) -> Node:
    return replace(
        NODE, parameters=tuple(replace(p, type=types.get(p.name, p.type)) for p in NODE.parameters)
    )


COUNTS = {
    "name": replace(NODE, name="other"),
    "function": replace(NODE, function=helper),
    "source": replace(NODE, sources=(helper,)),
    "literal": bound(k=Value(3.0)),
    "literal of another type": bound(k=Value(2)),
    "literal function": bound(k=Value(helper)),
    "literal becomes upstream": bound(k=Source("factor")),
    "group": bound(frame=Group((Source("raw"),))),
    "group of two": bound(frame=Group((Source("raw"), Source("more")))),
    "group with keys": bound(frame=Group((Source("raw"),), ("u",))),
    "columns": typed(frame=Annotated[pd.DataFrame, Columns("a")]),
    "operation": replace(NODE, operation="extract_columns/1"),
    "format": replace(NODE, cache=CachePolicy(format="parquet")),
    "version": replace(NODE, cache=CachePolicy(version="2")),
}
DOES_NOT_COUNT = {
    "place": replace(NODE, where=Where("other", "other/place.py", 99)),
    "name of upstream": bound(frame=Source("renamed")),
    "documentation": replace(NODE, doc="Other.", tags={"owner": "me"}),
    "type": typed(frame=object),
    "config that chose it": replace(NODE, config_used={"region": "US"}),
}


def test_each_part_counts() -> None:
    """All of these are different nodes."""
    found = {name: manifest(node).fingerprint for name, node in {"": NODE, **COUNTS}.items()}

    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize("node", DOES_NOT_COUNT.values(), ids=DOES_NOT_COUNT)
def test_what_decides_no_value_does_not_count(node: Node) -> None:
    """These are the same node, for the cache."""
    assert manifest(node).fingerprint == manifest(NODE).fingerprint


def test_literal_functions_are_known_by_their_code() -> None:
    """Bound in a group, too."""
    groups = [bound(frame=Group((Source("raw"), Value(f)))) for f in (helper, other)]

    assert manifest(groups[0]).fingerprint != manifest(groups[1]).fingerprint


def test_parts_that_explain_are_there() -> None:
    """In the order of the manifest, with what a person wants to read."""
    parts = manifest(replace(NODE, sources=(helper,), config_used={"region": "US"})).parts
    told = [(p.kind, p.name, p.counts) for p in parts]

    assert told == [
        ("node", "scaled", True),
        ("source", "scaled", True),
        ("binding", "scaled", False),
        ("function", "tests.unit.test_fingerprint.scaled", False),
        ("function", "tests.unit.test_fingerprint.helper", False),
        ("package", "numpy", True),
        ("package", "pandas", True),
        ("package", "python-dateutil", True),
        ("package", "six", True),
        ("python", "python", True),
        ("config", "region", False),
        ("recipe", "call", True),
    ]
    assert [p.text for p in parts if p.name in {"pandas", "region"}] == [pd.__version__, "'US'"]
    assert [p.where for p in parts if p.name in {"numpy", "pandas"}] == ["required by pandas", ""]


@pytest.mark.parametrize(
    ("policy", "counted"),
    [
        ({}, "3.1.4"),
        ({"pandas": "minor"}, "3.1"),
        ({"*": "major"}, "3"),
        ({"*": "major", "pandas": "exact"}, "3.1.4"),
        ({"*": "major", "numpy": "exact"}, "3"),
    ],
)
def test_policies_say_how_much_of_a_version_counts(
    policy: dict[str, str], counted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The full version is kept for people."""
    monkeypatch.setattr("dagbuild.code.fingerprint.package_version", lambda _: "3.1.4")
    part = next(p for p in manifest(NODE, policy).parts if p.name == "pandas")

    assert (part.digest, part.text, part.counts) == (counted, "3.1.4", True)


def test_an_ignored_version_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """It explains, and decides nothing."""
    found = []
    for version in ("1.0", "2.0"):
        monkeypatch.setattr("dagbuild.code.fingerprint.package_version", lambda _, version=version: version)
        found.append(manifest(NODE, {"*": "ignore"}))

    assert found[0].fingerprint == found[1].fingerprint
    assert {p.text for p in found[1].parts if p.kind == "package"} == {"2.0"}


OPTIMIZED = """
import textwrap
from types import ModuleType

from dagbuild.code.closure import SourceReader
from dagbuild.code.fingerprint import make_manifests
from dagbuild.model.node import Node, Where

node = Node("a", str, textwrap.dedent, (), Where("m", "m.py", 1))
for policy in ("minor", "ignore"):
    found = make_manifests([node], SourceReader([ModuleType("m")]), packages={"python": policy})["a"]
    print(found.fingerprint, *(part.text for part in found.parts if part.kind == "python"), sep="|")
"""


def test_an_interpreter_that_optimizes_is_another_one() -> None:
    """It runs no assert and believes no `__debug__`: `-O`, `-OO` and PYTHONOPTIMIZE, whatever a version counts for."""
    told: dict[str, list[str]] = {}
    for flag, optimize in (("-B", ""), ("-O", ""), ("-s", "1"), ("-OO", "")):
        env = {**os.environ, "PYTHONOPTIMIZE": optimize, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, flag, "-c", OPTIMIZED]
        run = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=True)
        told[flag] = run.stdout.split("\n")[:2]
    version = ".".join(map(str, sys.version_info[:3]))
    texts = {flag: {line.partition("|")[2] for line in lines} for flag, lines in told.items()}

    assert texts == {
        "-B": {version},
        "-O": {f"{version} -O"},
        "-s": {f"{version} -O"},
        "-OO": {f"{version} -OO"},
    }
    assert told["-O"] == told["-s"]
    assert len({line for lines in told.values() for line in lines}) == 6


def test_many_nodes_are_made_at_once() -> None:
    """Each as if it were alone."""
    nodes = [NODE, *(node for name, node in COUNTS.items() if name == "name")]
    together = make_manifests(nodes, SourceReader([ModuleType("tests")]), packages={})

    assert {n: m.fingerprint for n, m in together.items()} == {n.name: manifest(n).fingerprint for n in nodes}
