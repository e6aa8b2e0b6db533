"""`check` finds what nobody sees, and where two runs of a node differ."""

import json
from pathlib import Path

import pytest

from dagbuild.cli.main import run
from dagbuild.ground.errors import InputError
from dagbuild.project.determinism import check_determinism
from tests.support import build, forget_modules, load_project, write_files

FILES = {
    "dagbuild.toml": 'modules = ["nodes"]\n',
    "nodes.py": """
        import itertools
        import random

        import pandas as pd

        _count = itertools.count()

        def base() -> list[int]:
            return [1, 2, 3]

        def steady(base: list[int]) -> pd.DataFrame:
            return pd.DataFrame({"a": base})

        def frame(base: list[int]) -> pd.DataFrame:
            return pd.DataFrame({"a": base, "b": [random.random() for _ in base]})

        def mapping(base: list[int]) -> dict[str, int]:
            return {"same": 1, "other": next(_count)}

        def number() -> int:
            return next(_count)

        def fails() -> int:
            raise ValueError("no")
    """,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_files(tmp_path, FILES)
    build(tmp_path, "base")
    return tmp_path


@pytest.mark.parametrize(
    ("node", "parts"),
    [("steady", []), ("frame", ["column 'b'"]), ("mapping", ["['other']"]), ("number", ["the value"])],
)
def test_parts_that_differ_are_named(project: Path, node: str, parts: list[str]) -> None:
    loaded = load_project(project)
    differences = check_determinism(loaded, node)
    records = loaded.log(node)
    loaded.close()

    assert [difference.part for difference in differences] == parts
    assert records == []


def test_upstream_that_is_not_built_is_refused(project: Path) -> None:
    (project / "nodes.py").write_text((project / "nodes.py").read_text().replace("[1, 2, 3]", "[1, 2]"))

    with pytest.raises(InputError, match="'base' is not built"):
        check_determinism(load_project(project), "steady")


def test_node_that_raises_is_told(project: Path) -> None:
    with pytest.raises(InputError, match="'fails' failed: ValueError: no"):
        check_determinism(load_project(project), "fails")


def test_command_lists_and_compares(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def told(*words: str) -> tuple[int, str]:
        forget_modules(project)
        status = run(["-C", str(project), "check", *words])
        return status, capsys.readouterr().out

    status, listed = told("--json")

    assert status == 0 and [found["node"] for found in json.loads(listed)] == ["frame", "mapping", "number"]
    assert "random.random (nodes.py:" in told("frame")[1] and "seed it" in told("frame")[1]
    assert told("steady") == (
        0,
        "found nothing that a build would not see\n"
        "only the code was looked at of `steady`, which has no value that would be used\n",
    )
    assert told("--determinism", "steady") == (0, "steady gave the same value twice\n")
    status, differs = told("--determinism", "frame")
    assert status == 1 and "column 'b'" in differs and "column 'a'" not in differs
    assert told("nodes")[0] == 2
