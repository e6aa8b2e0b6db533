"""What a function returns is compared with its own annotation, where the value is made."""

from __future__ import annotations

import logging
from pathlib import Path
from types import ModuleType

import pytest

from dagbuild import Driver
from dagbuild.plan.events import BuildResult, How
from tests.support import build, computed, write_files

NODES = """
    from collections.abc import Iterator
    import pandas as pd
    from dagbuild import cache, check_output, extract_columns

    def forgot() -> int:
        1 + 1

    def right() -> float:
        return 1

    @cache("never")
    def seen() -> list:
        return (1, 2)

    def through(seen: list) -> int:
        return len(seen)

    @extract_columns("a")
    def table() -> pd.DataFrame:
        return pd.DataFrame({"a": [1]})

    @check_output(data_type=int, importance="warn")
    def checked() -> int:
        return "one"

    def items() -> Iterator[int]:
        yield 1

    def total(items: Iterator[int], a: pd.Series, right: float) -> float:
        return sum(items) + a.sum() + right
"""


def _told(result: BuildResult) -> list[str]:
    return [notice.text for notice in result.notices if "annotated" in notice.text]


@pytest.fixture(params=["local", "inline"])
def kind(request: pytest.FixtureRequest) -> str:
    """Where steps run."""
    return str(request.param)


def _write(folder: Path, kind: str, mode: str) -> Path:
    extra = f'[build]\nreturns = "{mode}"\n' if mode else ""
    toml = f'modules = ["nodes"]\n[executor]\nkind = "{kind}"\n{extra}'
    write_files(folder, {"nodes.py": NODES, "dagbuild.toml": toml})
    return folder


def test_another_type_is_told_once_and_stored(tmp_path: Path, kind: str) -> None:
    """Unless the settings say otherwise; a value of the cache is not looked at again, whatever they say then."""
    _write(tmp_path, kind, "")

    first = build(tmp_path, "forgot", "through", "checked", "total")
    _write(tmp_path, kind, "error")
    second = build(tmp_path, "forgot", "total")

    assert sorted(line.split(" (")[0] for line in _told(first)) == [
        "'checked_raw' returned str, and is annotated with int",
        "'forgot' returned None, and is annotated with int",
        "'seen' returned tuple, and is annotated with list",
    ]
    assert any("nodes.py:5): is a 'return' missing?" in line for line in _told(first))
    assert first.values["forgot"] is None and not first.failed
    assert computed(second) == set() and not second.failed


def test_error_fails_the_node_and_keeps_nothing(tmp_path: Path, kind: str) -> None:
    """Also where the function ran inside of another's step."""
    _write(tmp_path, kind, "error")

    first = build(tmp_path, "forgot", "through", "total", keep_going=True)
    _write(tmp_path, kind, "off")
    second = build(tmp_path, "forgot", "through")

    assert first.names(How.FAILED) == ["forgot", "through"]
    failure = first.steps["through"].failure
    assert failure and failure.kind == "ReturnError"
    assert "'seen' returned tuple, and is annotated with list" in failure.message
    assert "nodes.py" in failure.message and "correct the annotation" in failure.message
    assert computed(second) == {"forgot", "through"} and _told(second) == []
    assert second.values == {"forgot": None, "through": 2}


def test_driver_logs_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A notebook hears it, too."""
    nodes = ModuleType("forgetful_nodes")
    exec("def forgot() -> int: pass", nodes.__dict__)

    with caplog.at_level(logging.WARNING):
        Driver({}, nodes, cache=None, executor="inline", root=tmp_path).execute(["forgot"])

    assert "'forgot' returned None, and is annotated with int" in caplog.text
