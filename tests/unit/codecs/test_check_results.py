"""Results of checks are data: they come back, and whoever made the check, none of them is a pickle."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.modifiers.validators import ValidationResult
from dagbuild.testing.memory import MemoryStore
from tests.support import build, computed, load_project, write_files


class Own:
    """Nothing that a stranger could read."""


def load(result: ValidationResult) -> tuple[Any, bool]:
    """Return a result as it comes back, and whether reading it could run code."""
    artifacts = Artifacts(MemoryStore())
    artifact = artifacts.save(result)
    return artifacts.load(artifact), artifact.code


@pytest.mark.parametrize(
    "details",
    [
        {},
        {"range": (0, 5), "count": 3, "wrong": [1.5, None], "by": {"a": {1, 2}}},
        {"nan": float("inf"), "text": "x" * 100_000, "deep": [[[[1]]]]},
    ],
)
def test_comes_back(details: dict[str, Any]) -> None:
    """What is plain data is the same afterwards."""
    result = ValidationResult(False, "no", details)

    assert load(result) == (result, False)


@pytest.mark.parametrize(
    ("detail", "kept"),
    [
        (np.float64(1.5), 1.5),
        (np.int32(3), 3),
        (pd.DataFrame({"a": [Own(), 1]}), "DataFrame 2 x 1"),
        (np.array([Own()]), "ndarray 1"),
        ([Own], "class"),
    ],
)
def test_other_details_are_told(detail: Any, kept: Any) -> None:
    """A detail that only a pickle could hold is a line; a number of numpy's is a number."""
    back, code = load(ValidationResult(True, "yes", {"detail": detail, "lambda": lambda: None}))

    assert not code
    told = back.diagnostics["detail"]
    assert kept in told[0] if isinstance(told, list) else told == kept
    assert "0x" not in str(back)


def test_equal_objects_give_equal_results() -> None:
    """No address is in what is kept: a run that finds the same is the same."""
    results = [ValidationResult(True, "yes", {"model": Own()}) for _ in range(2)]

    assert len({Artifacts(MemoryStore()).digest(result) for result in results}) == 1


NODES = """
    from dagbuild import check_output


    @check_output(range=(0, 10), importance="fail")
    def total(x: int) -> int:
        return x + 1
"""


def test_a_checked_node_is_shared(tmp_path: Path) -> None:
    """With nobody trusted, a colleague has the checked value and all that the checks found, and runs nothing."""
    toml = (
        f'modules = ["nodes"]\n[inputs]\nx = 1\n[remote]\nurl = "{tmp_path / "shared"}"\nunsigned = "data"\n'
    )
    for name in ("ada", "bob"):
        write_files(tmp_path / name, {"dagbuild.toml": toml, "nodes.py": NODES})
    (tmp_path / "shared").mkdir()

    assert len(computed(build(tmp_path / "ada", "total"))) > 1
    assert computed(build(tmp_path / "bob", "total")) == set()
    project = load_project(tmp_path / "bob")
    assert {step.status.value for step in project.status().steps.values()} == {"fresh"}
    project.close()
