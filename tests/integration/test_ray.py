"""Whole builds on Ray: the same values as here, deaths told by name, machines that share nothing but a remote."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagbuild import Driver
from dagbuild.events import How
from tests.support import forget_modules, load_project, write_files

pytestmark = pytest.mark.xdist_group("ray")

FILES = {
    "dagbuild.toml": """
        modules = ["sales"]
        [config]
        rate = 2
        [inputs]
        table = "table.csv"
        [executor]
        kind = "ray"
    """,
    "table.csv": "day,amount\n1,3\n2,4\n",
    "cleaning.py": """
        class Summary:
            def __init__(self, total):
                self.total = total

        def to_amounts(table):
            return table["amount"]
    """,
    "sales.py": """
        from collections.abc import Iterator

        import pandas as pd
        from cleaning import Summary, to_amounts
        from dagbuild import File, cache

        def raw(table: File) -> pd.DataFrame:
            return pd.read_csv(table)

        @cache("never")
        def amounts(raw: pd.DataFrame) -> pd.Series:
            return to_amounts(raw)

        def doubled(amounts: pd.Series, rate: int) -> pd.Series:
            return amounts * rate

        @cache("never")
        def parts(doubled: pd.Series) -> Iterator[int]:
            yield from doubled

        def summary(parts: Iterator[int]) -> Summary:
            return Summary(sum(parts))

        def report(summary: Summary, amounts: pd.Series) -> str:
            return f"{summary.total} of {len(amounts)}"
    """,
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A project folder that no build has touched."""
    write_files(tmp_path, FILES)
    yield tmp_path
    forget_modules(tmp_path)


def build(folder: Path, *targets: str, **options: Any) -> Any:
    project = load_project(folder)
    try:
        return project.build(targets, values=True, **options)
    finally:
        project.close()


def test_gives_what_a_local_build_gives(local_ray: None, project: Path, tmp_path: Path) -> None:
    """A build here after one on Ray finds every value, and finds it equal."""
    far = build(project, "report", "summary", "doubled")

    near = build(project, "report", "summary", "doubled", executor="local")
    assert far.names(How.COMPUTED) == ["raw", "doubled", "summary", "report"]
    assert near.names(How.COMPUTED) == []
    assert near.values["report"] == far.values["report"] == "14 of 2"
    assert near.values["summary"].total == 14
    assert near.values["doubled"].tolist() == [6, 8]


def test_code_that_was_edited_runs_as_it_is_now(local_ray: None, project: Path) -> None:
    """A second build in one process, on workers that had imported the code of the first."""
    build(project, "report")
    text = (project / "cleaning.py").read_text()
    (project / "cleaning.py").write_text(text.replace('table["amount"]', 'table["amount"] + 1'))

    result = build(project, "report")

    assert result.values["report"] == "18 of 2"


def test_a_build_with_nothing_to_run_needs_no_cluster(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting is left until the first step is ready."""
    build(project, "report", executor="local")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.9:1")

    result = build(project, "report")

    assert result.names(How.COMPUTED) == []
    assert result.values["report"] == "14 of 2"


def test_a_killed_worker_costs_its_own_node_only(local_ray: None, tmp_path: Path) -> None:
    """The node that killed its process fails by name; others finish, and their values stay."""
    write_files(
        tmp_path,
        {
            "dagbuild.toml": """
                modules = ["deadly"]
                [executor]
                kind = "ray"
            """,
            "deadly.py": """
                import os
                import signal

                def first() -> int:
                    return 1

                def killed(first: int) -> int:
                    os.kill(os.getpid(), signal.SIGKILL)
                    return first

                def after(killed: int) -> int:
                    return killed

                def left(first: int) -> int:
                    return first + 1

                def right(left: int) -> int:
                    return left + 1
            """,
        },
    )

    result = build(tmp_path, "after", "right", keep_going=True)
    forget_modules(tmp_path)

    assert result.names(How.FAILED) == ["killed"]
    assert result.names(How.BLOCKED) == ["after"]
    failure = result.steps["killed"].failure
    assert failure.kind == "WorkerDied"
    assert "'killed'" in failure.message
    assert "memory" in failure.message
    assert result.values == {"right": 3}


def test_functions_that_no_file_holds_travel_whole(local_ray: None, tmp_path: Path) -> None:
    """A module made in memory, as a notebook's is, runs on Ray with its helpers."""
    module = types.ModuleType("scratch")
    code = "SCALE = 3\n\ndef _scale(x):\n    return SCALE * x\n\n"
    code += "def seven() -> int:\n    return 7\n\ndef scaled(seven: int) -> int:\n    return _scale(seven)\n"
    exec(code, vars(module))
    sys.modules["scratch"] = module
    driver = Driver({}, module, cache=tmp_path / "cache", executor="ray", root=tmp_path)

    try:
        values = driver.execute(["scaled"])
    finally:
        driver.project.close()
        del sys.modules["scratch"]

    assert values == {"scaled": 21}


def test_a_worker_with_other_code_refuses(
    local_ray: None, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that changed after the driver had read them: the step fails with the name of what differs."""
    loaded = load_project(project)
    text = (project / "cleaning.py").read_text()
    (project / "cleaning.py").write_text(text.replace("self.total = total", "self.total = total + 1"))

    try:
        result = loaded.build(["report"], keep_going=True)
    finally:
        loaded.close()

    assert result.names(How.FAILED) == ["summary"]
    failure = result.steps["summary"].failure
    assert failure is not None
    assert failure.kind == "OtherCode"
    assert "Summary" in failure.message
