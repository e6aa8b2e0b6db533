"""A node that takes something else than before: it runs, and status says what it takes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from dagbuild import Project
from dagbuild.plan.events import How
from tests.support import build, forget_modules, write_files

PARTS = "def inner(u: int) -> int:\n    return u * 2\n"
NODES = """
import taken_parts
from dagbuild import inject, source, subdag, value

def a() -> int:
    return 1

def b() -> int:
    return 2

def plain(a: int) -> int:
    return a + 1

@inject(v=source("a"))
def injected(v: int) -> int:
    return v

@subdag(taken_parts, inputs={"u": value(1)})
def within(inner: int) -> int:
    return inner

def fewer(a: int, b: int = 0) -> int:
    return a
"""


@pytest.mark.parametrize(
    ("old", "new", "node", "reason"),
    [
        (
            "plain(a: int) -> int:\n    return a",
            "plain(b: int) -> int:\n    return b",
            "plain",
            "takes `b`, not `a`",
        ),
        ('source("a")', 'source("b")', "injected", "takes `b`, not `a`"),
        ("value(1)", "value(2)", "within.inner", "what `within.u` gives has changed"),
        ("fewer(a: int, b: int = 0)", "fewer(a: int)", "fewer", "takes `b` no longer"),
    ],
    ids=["parameter", "decorator", "value within", "one less"],
)
def test_is_said(tmp_path: Path, old: str, new: str, node: str, reason: str) -> None:
    """Among what else there is to say, and never that a record is gone."""
    settings = 'modules = ["taken_nodes"]\n[executor]\nkind = "inline"\n'
    write_files(tmp_path, {"dagbuild.toml": settings, "taken_parts.py": PARTS, "taken_nodes.py": NODES})
    targets = ("plain", "injected", "within", "fewer", "b")
    build(tmp_path, *targets)
    assert old in NODES
    write_files(tmp_path, {"taken_nodes.py": NODES.replace(old, new)})
    forget_modules(tmp_path)

    with closing(Project.load(tmp_path)) as project:
        told = {name: list(map(str, step.reasons)) for name, step in project.status(targets).steps.items()}
    ran = build(tmp_path, *targets).names(How.COMPUTED)
    forget_modules(tmp_path)

    assert reason in told[node]
    assert all("its record is gone" not in reasons for reasons in told.values())
    assert node in ran
