"""A node may choose how it is stored; what the format cannot hold exactly fails the node, which says so."""

from pathlib import Path

import pandas as pd
import pytest

from tests.exact import assert_same
from tests.support import build, computed, load_project, write_files

NODES = """
    import pandas as pd
    import polars as pl

    from dagbuild import cache

    @cache(format="parquet")
    def table() -> pd.DataFrame:
        return pd.DataFrame({"a": [1, 2], "b": ["x", None]})

    @cache(format="pickle")
    def number() -> int:
        return 5

    @cache(format="parquet")
    def dated() -> pd.DataFrame:
        return pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2020", periods=2))

    def lazy() -> pl.LazyFrame:
        return pl.DataFrame({"a": [1]}).lazy()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["nodes"]\n', "nodes.py": NODES})
    return tmp_path


def test_formats_are_those_asked_for(project: Path) -> None:
    """The record says which, and the value comes back from it; another format is another artifact."""
    build(project, "table", "number")
    opened = load_project(project)
    codecs = {name: opened.artifact(name).codec for name in ("table", "number")}
    opened.close()
    again = build(project, "table", "number")

    assert codecs == {"table": "parquet/1", "number": "pickle/2"}
    assert computed(again) == set()
    assert again.values["number"] == 5
    assert_same(again.values["table"], pd.DataFrame({"a": [1, 2], "b": ["x", None]}))
    write_files(project, {"nodes.py": NODES.replace('"pickle"', '"parquet"')})
    failure = build(project, "number").steps["number"].failure
    assert failure is not None
    assert "format 'parquet' cannot hold a value of type 'int' exactly" in failure.message


def test_what_a_format_would_lose_fails_the_node(project: Path) -> None:
    """Rather than that it comes back nearly."""
    failure = build(project, "dated").steps["dated"].failure

    assert failure is not None
    assert "it would come back changed (index" in failure.message
    assert "leave the format away" in failure.message


def test_plans_are_no_values(project: Path) -> None:
    """A LazyFrame is refused with what to return instead."""
    failure = build(project, "lazy").steps["lazy"].failure

    assert failure is not None
    assert "polars.LazyFrame" in failure.message
    assert "collect()" in failure.message
