"""Nodes that give iterators: never cached, and said to be; what the guide says of them is what happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagbuild.cli.main import run
from dagbuild.plan.plan import Decision, Status
from tests.support import build, computed, load_project, write_files

CODE = """
    import typing
    from collections.abc import Generator, Iterable, Iterator
    from typing import Annotated

    from dagbuild import cache

    def parts() -> ANNOTATION:
        print("RUN")
        yield 1
        yield 2

    def total(parts: Iterable[int]) -> int:
        return sum(parts)

    def mean(parts: Iterable[int]) -> float:
        return sum(parts) / 2
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, annotation: str, decorator: str = "") -> None:
    code = CODE.replace("ANNOTATION", annotation)
    if decorator:
        code = code.replace("    def parts", f"    {decorator}\n    def parts")
    write_files(folder, {"dagbuild.toml": 'modules = ["in_parts"]\n', "in_parts.py": code})


@pytest.mark.parametrize(
    "annotation",
    [
        "Iterator[int]",
        "Iterator",
        "Generator[int, None, None]",
        "typing.Iterator[int]",
        "Annotated[Iterator[int], 'x']",
    ],
)
def test_an_iterator_runs_inside_each_node_that_needs_it(project: Path, annotation: str) -> None:
    """However it is annotated; nothing is made of it where nothing is needed."""
    write(project, annotation)

    first = build(project, "total", "mean")
    again = build(project, "total", "mean")

    assert first.values == again.values == {"total": 3, "mean": 1.5}
    assert computed(first) == {"total", "mean"}
    assert computed(again) == set()


@pytest.mark.parametrize("annotation", ["list[int]", "Iterable[int]"])
def test_a_generator_under_another_annotation_fails(
    project: Path, capsys: pytest.CaptureFixture[str], annotation: str
) -> None:
    """And its author is told what to return."""
    write(project, annotation)

    assert run(["parts"]) == 1
    assert "try: return a list of its items" in capsys.readouterr().err


def test_it_is_said_that_it_is_never_cached(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By status, explain, check, show: before it runs, after, and where the project is known without an import."""
    write(project, "Iterator[int]")
    said = "gives an iterator, which can be read only once"

    def tell(*args: str) -> tuple[int, str]:
        capsys.readouterr()
        status = run(list(args))
        told = capsys.readouterr()
        return status, told.out + told.err

    assert f"never cached: 'parts' {said} (in_parts.py:7)" in tell("status", "total")[1]
    assert run(["total"]) == 0
    for _ in range(3):
        status, told = tell("status", "total")
        assert status == 0
        assert f"never cached: 'parts' {said} (in_parts.py:7)\n\neverything is up to date\n" in told
    assert f"parts  never cached: it {said}" in tell("status", "--all", "total")[1]
    assert f"never cached: it {said}" in tell("explain", "parts")[1]
    assert f"parts {said}: never cached (in_parts.py:7)\n  try: return a list" in tell("check")[1]
    assert f'"text": "{said}: never cached"' in tell("check", "--json")[1]
    assert said not in tell("check", "total")[1]
    for command in (["show", "parts"], ["export", "parts", "x.json"]):
        status, told = tell(*command)
        assert status == 2
        assert f"'parts' is never cached: it {said}\n  try: ask for a node that needs it" in told


def test_what_is_asked_for_itself_is_to_compute(project: Path) -> None:
    """The word of `status` and its exit status agree."""
    write(project, "Iterator[int]")
    build(project, "total")
    loaded = load_project(project)

    plan = loaded.status(["parts"])

    loaded.close()
    assert not plan.clean
    assert (plan.steps["parts"].status, plan.steps["parts"].decision) == (Status.STALE, Decision.RUN)


def test_nothing_is_said_where_it_is_meant(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`@cache("never")` is the author's own word."""
    write(project, "Iterator[int]", '@cache("never")')
    assert run(["total"]) == 0
    capsys.readouterr()

    assert run(["status", "total"]) == 0
    assert run(["check"]) == 0

    assert "iterator" not in capsys.readouterr().out
