"""Checks by pandera's schemas and pydantic's models, by the argument and by the annotation; an edit of one reruns it."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from dagbuild import DataValidationError, DataValidationWarning
from dagbuild.ground.errors import GraphError
from dagbuild.plan.events import How
from tests.support import build, write_files

# Not imported here: that sets variables for the whole process.
pytestmark = pytest.mark.skipif(find_spec("pandera") is None, reason="needs pandera")

CODE = """
    import pandas as pd
    import pandera.pandas as pa
    from pandera.typing import DataFrame
    from pydantic import BaseModel, Field

    from dagbuild import check_output
    from dagbuild.plugins import h_pandera, h_pydantic

    SCHEMA = pa.DataFrameSchema({"spend": pa.Column(float, pa.Check.ge(0))})

    class Weeks(pa.DataFrameModel):
        spend: float = pa.Field(ge=0, le=100)

    class Point(BaseModel):
        x: int = Field(ge=0)

    @check_output(schema=SCHEMA, importance="fail")
    def table(low: float) -> pd.DataFrame:
        return pd.DataFrame({"spend": [low, 200.0]})

    @h_pandera.check_output(importance="fail")
    def weeks(low: float) -> DataFrame[Weeks]:
        return pd.DataFrame({"spend": [low, 5.0]})

    @h_pydantic.check_output(importance="fail")
    def point(low: float) -> Point:
        return Point.model_construct(x=int(low))

    def below(table: pd.DataFrame) -> int:
        return len(table)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_files(tmp_path, {"schema_nodes.py": CODE, "dagbuild.toml": 'modules = ["schema_nodes"]'})
    return tmp_path


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_what_does_not_match_fails(project: Path, executor: str) -> None:
    """In words of what failed and how often; what matches passes on."""
    good = build(project, "table", "weeks", "point", inputs={"low": 1.0}, executor=executor)
    assert good.names(How.FAILED) == []

    bad = build(project, "table", "weeks", "point", inputs={"low": -1.0}, executor=executor, keep_going=True)

    failed = {name: step.failure for name, step in bad.steps.items() if step.failure}
    assert sorted(failed) == ["point", "table", "weeks"]
    told = {name: failure.message for name, failure in failed.items()}
    assert "spend greater_than_or_equal_to(0) 1 wrong, as -1.0" in told["table"]
    assert "matches the schema Weeks: no (spend greater_than_or_equal_to(0) 1 wrong" in told["weeks"]
    assert "is a valid Point: no (x Input should be greater than or equal to 0)" in told["point"]
    assert {failure.kind for failure in failed.values()} == {DataValidationError.__name__}


@pytest.mark.parametrize(
    ("edit", "ran"),
    [
        (("pa.Check.ge(0))", "pa.Check.ge(1))"), {"table_pandera_schema_validator"}),
        (("le=100", "le=50"), {"weeks_pandera_schema_validator"}),
        (("Field(ge=0)\n", "Field(ge=0, le=9)\n"), {"point_pydantic_validator"}),
        (("# nothing", "# nothing at all"), set()),
    ],
)
def test_an_edit_of_a_schema_checks_again(project: Path, edit: tuple[str, str], ran: set[str]) -> None:
    """And nothing else: not what is checked, and not what takes it."""
    targets = ("table", "weeks", "point", "below")
    code = CODE + "    # nothing\n"
    write_files(project, {"schema_nodes.py": code})
    build(project, *targets, inputs={"low": 1.0}, executor="local")
    assert edit[0] in code
    write_files(project, {"schema_nodes.py": code.replace(*edit)})

    again = build(project, *targets, inputs={"low": 1.0}, executor="local")

    assert (
        ran
        <= set(again.names(How.COMPUTED))
        <= ran | {name.partition("_")[0] for name in ran} | {"point_raw"}
    )


def test_it_warns_unless_it_is_to_fail(project: Path) -> None:
    """As other checks do."""
    write_files(project, {"schema_nodes.py": CODE.replace(', importance="fail"', "")})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        build(project, "table", inputs={"low": -1.0}, executor="inline")

    assert any(issubclass(each.category, DataValidationWarning) for each in caught)


def test_what_names_no_schema_is_refused(tmp_path: Path) -> None:
    """When the graph is built, with what to write."""
    code = """
        from dagbuild import check_output
        from dagbuild.plugins import h_pandera

        @h_pandera.check_output()
        def plain() -> int:
            return 1
    """
    write_files(tmp_path, {"no_schema.py": code, "dagbuild.toml": 'modules = ["no_schema"]'})

    with pytest.raises(GraphError, match="'plain' returns int, which names no schema"):
        build(tmp_path, "plain")
    wrong: Any = {"schema": 3}
    from dagbuild import check_output

    with pytest.raises(GraphError, match="schema=3: a schema of pandera's is needed"):
        check_output(**wrong)
