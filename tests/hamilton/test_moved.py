"""What programs that move over have in them besides nodes: addresses, connections, formats, results, as with Hamilton."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dagbuild import ad_hoc_utils, async_driver, base, driver, lifecycle, registry
from dagbuild.driver import Variable
from dagbuild.executors.arguments import fill
from dagbuild.function_modifiers import InvalidDecoratorException, check_output
from dagbuild.io.materialization import from_, to
from dagbuild.model.node import Node, Parameter, Value, Where
from dagbuild.plugins import h_pyarrow, h_ray

pytest.importorskip("hamilton")

CODE = """
import pandas as pd
from LIBRARY.function_modifiers import cache, check_output, inject, value

KEPT = {"rows": 0}

def table(n: int, by: int = 2) -> pd.DataFrame:
    return pd.DataFrame({"a": [by * i for i in range(n)]})
@check_output(allow_nans=False)
def column(table: pd.DataFrame) -> pd.Series: return table["a"]
@inject(kept=value(KEPT))
def rows(column: pd.Series, kept: dict) -> int:
    kept["rows"] = len(column)
    return len(column)
@cache(format="json")
def told(rows: int) -> dict: return {"rows": rows, 1: (2, 3)}
"""


def load(library: str = "dagbuild") -> ModuleType:
    made: ModuleType = importlib.import_module(f"{library}.ad_hoc_utils").module_from_source(
        CODE.replace("LIBRARY", library), f"moved_{library}"
    )
    return made


@pytest.fixture(autouse=True)
def no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


ADDRESSES = """
import LIBRARY.function_modifiers.configuration
from LIBRARY import function_modifiers, io, lifecycle
import LIBRARY.driver
print(function_modifiers.configuration("key") is not None, function_modifiers.macros.step.__name__)
print(lifecycle.base.BasePreNodeExecute.__name__, lifecycle.api.ResultBuilder.__name__, lifecycle.default.PrintLn.__name__)
print(io.utils.get_sql_metadata.__name__, LIBRARY.base.DictResult.__name__, LIBRARY.settings.ENABLE_POWER_USER_MODE)
from LIBRARY.plugins import polars_extensions
"""


def test_modules_are_there_without_an_import_of_their_own() -> None:
    """Those that a package of Hamilton's brings along; none takes the place of a function of its name."""

    def run(library: str) -> str:
        code = ADDRESSES.replace("LIBRARY", library)
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert run("dagbuild") == run("hamilton")


def test_names_that_programs_use() -> None:
    """The driver's word for a node, and the exception of a decorator that cannot be."""
    made = driver.Builder().with_modules(load()).build()

    assert all(isinstance(each, Variable) for each in made.list_available_variables())
    with pytest.raises(InvalidDecoratorException):
        check_output(importance="much", allow_nans=False)


def test_there_is_nothing_to_load_beforehand() -> None:
    """Who switches that off, on or asks for it is told nothing, and has all there is."""
    before = dict(registry.LOADER_REGISTRY)

    registry.disable_autoload()
    registry.enable_autoload()
    registry.load_extension("pandas")
    registry.initialize()

    assert before == registry.LOADER_REGISTRY


LOGS = """
import logging
from LIBRARY import log_setup
log_setup.setup_logging(logging.WARNING)
log_setup.setup_logging(log_setup.LOG_LEVELS["DEBUG"])
logging.getLogger("own").warning("seen")
logging.getLogger("own").info("not seen")
print(sorted(log_setup.LOG_LEVELS), logging.getLogger().level)
"""


def test_lines_of_the_log_go_to_standard_output() -> None:
    """And what is set up once stays so."""

    def run(library: str) -> list[str]:
        code = LOGS.replace("LIBRARY", library)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return [line.rpartition(": ")[2] for line in done.stdout.splitlines()]

    assert run("dagbuild") == run("hamilton")
    assert run("dagbuild")[0] == "seen"


@pytest.mark.parametrize("wanted", ["True", ["True"], None])
def test_tags_that_are_no_texts_are_asked_for(wanted: Any) -> None:
    """As that of a node that checks."""

    def ask(library: str) -> list[str]:
        made = importlib.import_module(f"{library}.driver").Builder().with_modules(load(library)).build()
        tag = "hamilton.data_quality.contains_dq_results"
        return [node.name for node in made.list_available_variables(tag_filter={tag: wanted})]

    assert ask("dagbuild") == ask("hamilton")


@pytest.mark.parametrize("inputs", [{"n": 3}, {"n": 3, "by": 1}])
def test_what_has_a_default_and_is_not_given_is_not_told_of(inputs: dict[str, int]) -> None:
    """Neither in what is exported, nor in a picture of a run."""

    def ask(library: str) -> tuple[set[str], bool]:
        made = importlib.import_module(f"{library}.driver").Builder().with_modules(load(library)).build()
        told = json.loads(made.export_execution(["column"], inputs=inputs))
        drawn = made.visualize_execution(["column"], inputs=inputs, show_legend=False)
        return {node["name"] for node in told["nodes"]}, "by" in str(drawn.source)

    assert ask("dagbuild") == ask("hamilton")


def test_what_decorators_are_given_is_handed_over_itself() -> None:
    """A dict that a function changes, as well as a connection that nobody can copy."""
    module = load()
    made = driver.Builder().with_modules(module).build()
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table more (a integer)")
        connection.execute("insert into more values (7)")

        told, values = made.materialize(
            to.sql(
                id="sold", dependencies=["table"], table_name="sold", db_connection=connection, index=False
            ),
            from_.sql(target="table", query_or_table="select a from more", db_connection=connection),
            additional_vars=["rows"],
            inputs={"n": 3},
        )

        assert connection.execute("select count(*) from sold").fetchone() == (1,)
    assert values == {"rows": 1}
    assert told["sold"]["sql_metadata"]["table_name"] == "sold"
    assert module.KEPT == {"rows": 1}


def test_what_cannot_be_copied_is_handed_over_itself() -> None:
    """In builds as well, where all else is each call's own."""
    connection, own = sqlite3.connect(":memory:"), [1]
    where = Where("m", None, 1)
    parameters = (Parameter("c", Any, Value(connection)), Parameter("o", list, Value(own)))
    node = Node(name="n", type=int, function=len, parameters=parameters, where=where)

    given = fill(node, (), lambda name, parameter: None)

    assert given["c"] is connection
    assert given["o"] == own
    assert given["o"] is not own


def test_a_format_of_hamiltons_cache_stores_what_it_is_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    """Exactly, by its type: the file that Hamilton leaves would lose keys and tuples."""
    with caplog.at_level(logging.INFO):
        values = [
            driver.Builder()
            .with_modules(load())
            .with_cache("kept")
            .build()
            .execute(["told"], inputs={"n": 3})
            for _ in range(2)
        ]

    assert values == [{"told": {"rows": 3, 1: (2, 3)}}] * 2
    assert "cannot be stored" not in caplog.text


@pytest.mark.parametrize(
    ("builder", "kind"),
    [
        (base.PandasDataFrameResult(), pd.DataFrame),
        (base.StrictIndexTypePandasDataFrameResult(), pd.DataFrame),
        (base.NumpyMatrixResult(), np.ndarray),
        (h_pyarrow.PyarrowTableResult(), pa.Table),
        (h_ray.RayGraphAdapter(base.PandasDataFrameResult()), pd.DataFrame),
    ],
)
def test_result_builders_say_what_they_make(builder: Any, kind: type) -> None:
    """So that something can save it."""
    assert builder.output_type() is kind


def test_columns_are_saved_as_the_frame_that_they_make() -> None:
    """A result builder makes one of several values."""
    made = driver.Builder().with_modules(load()).build()
    saver = to.csv(
        id="saved", dependencies=["column", "rows"], combine=base.PandasDataFrameResult(), path="c.csv"
    )

    made.materialize(saver, inputs={"n": 2})

    assert pd.read_csv("c.csv").to_dict("list") == {"column": [0, 2], "rows": [2, 2]}


class Hears(lifecycle.GraphExecutionHook):
    heard: Any = None

    def run_before_graph_execution(self, *, inputs: Any, overrides: Any, **_: Any) -> None:
        self.heard = inputs, overrides

    def run_after_graph_execution(self, **_: Any) -> None: ...


def test_hooks_are_told_what_was_given_as_it_was() -> None:
    """Nothing is None, as the caller has it."""
    hears = Hears()
    made = driver.Builder().with_modules(load()).with_config({"n": 1}).with_adapters(hears).build()

    made.execute(["rows"])

    assert hears.heard == (None, None)


def test_an_async_driver_of_ones_own_makes_a_frame() -> None:
    """One of a builder makes a dict; several result builders are refused."""
    module = ad_hoc_utils.module_from_source("async def a(x: int) -> int: return x\n", "moved_async")

    async def play() -> tuple[Any, Any]:
        made = async_driver.AsyncDriver({}, module)
        built = await async_driver.Builder().with_modules(module).build()
        return await made.execute(["a"], inputs={"x": 1}), await built.execute(["a"], inputs={"x": 1})

    frame, values = asyncio.run(play())
    assert frame.to_dict("list") == {"a": [1]}
    assert values == {"a": 1}
    with pytest.raises(ValueError, match="one result builder"):
        async_driver.AsyncDriver({}, module, result_builder=base.DictResult(), adapters=[base.DictResult()])
