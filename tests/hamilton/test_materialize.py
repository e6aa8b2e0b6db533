"""Saving and loading besides functions: `materialize` and `with_materializers`, as Hamilton does them, and kept right."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dagbuild import ad_hoc_utils, base, driver
from dagbuild.io.materialization import from_, to

pytest.importorskip("hamilton")

CODE = """
import pandas as pd

def table(n: int) -> pd.DataFrame: return pd.DataFrame({"a": range(n)})
def total(table: pd.DataFrame) -> int: return int(table["a"].sum())
def given(table: pd.DataFrame, extra: dict) -> int: return len(table) + len(extra)
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def play(library: str) -> Any:
    """Return what is told and given, and what stands in the files, without what tells the time."""
    module = importlib.import_module(f"{library}.ad_hoc_utils").module_from_source(
        CODE, f"materialized_{library}"
    )
    io = importlib.import_module(f"{library}.io.materialization")
    results = importlib.import_module(f"{library}.base")
    made = importlib.import_module(f"{library}.driver").Builder().with_modules(module).build()
    Path("extra.json").write_text('{"k": 1}')
    told, values = made.materialize(
        io.from_.json(target="extra", path="extra.json"),
        io.to.csv(id="saved", dependencies=["table"], path=f"{library}.csv", index=False),
        io.to.json(
            id="both", dependencies=["total", "given"], combine=results.DictResult(), path=f"{library}.json"
        ),
        additional_vars=["total", module.given],
        inputs={"n": 3},
    )
    kept = {name: {key: sorted(each) for key, each in facts.items()} for name, facts in told.items()}
    files = [Path(f"{library}.{suffix}").read_text() for suffix in ("csv", "json")]
    return sorted(told), kept, values, files


def test_saves_and_tells_what_hamilton_does() -> None:
    """Files, metadata by the saver's id, and values of other nodes; several values are made one by a result builder."""
    assert play("dagbuild") == play("hamilton")


def test_a_builder_is_told_of_them_before() -> None:
    """Then they are nodes like any other: shown, drawn, asked for by name."""
    module = ad_hoc_utils.module_from_source(CODE, "materialized_here")
    saver = to.parquet(id="saved", dependencies=[module.table], path="out/table.parquet")
    made = driver.Builder().with_modules(module).with_materializers(saver).build()

    told = made.execute(["saved"], inputs={"n": 2})["saved"]

    assert told["file_metadata"]["path"] == "out/table.parquet"
    assert pd.read_parquet("out/table.parquet")["a"].tolist() == [0, 1]
    assert "saved" in {node.name for node in made.list_available_variables()}
    other = to.pickle(id="more", dependencies=["total"], path="total.pkl")
    made.validate_materialization(other, inputs={"n": 1})
    assert "\tmore " in made.visualize_materialization(other, inputs={"n": 1}).source
    assert not Path("total.pkl").exists()


def test_with_a_cache_a_file_that_is_gone_is_put_back() -> None:
    """And nothing is saved again that is as it was left; a changed file is loaded anew."""
    module = ad_hoc_utils.module_from_source(CODE, "materialized_kept")
    Path("extra.json").write_text('{"k": 1}')
    loads, saves = (
        from_.json(target="extra", path="extra.json"),
        to.csv(id="saved", dependencies=["table"], path="t.csv"),
    )

    def run() -> Any:
        made = driver.Builder().with_modules(module).with_cache("kept").build()
        return made.materialize(loads, saves, additional_vars=["given"], inputs={"n": 3})[1]["given"]

    assert run() == 4
    left = Path("t.csv").stat().st_mtime_ns
    assert run() == 4
    assert Path("t.csv").stat().st_mtime_ns == left
    Path("t.csv").unlink()
    Path("extra.json").write_text('{"k": 1, "l": 2}')
    assert run() == 5
    assert len(pd.read_csv("t.csv")) == 3


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (to.csv(id="s", dependencies=["tabel"], path="t.csv"), "'tabel' is no node and no input"),
        (to.cvs(id="s", dependencies=["table"], path="t.csv"), "cvs"),
        (to.csv(id="s", dependencies=["table", "total"], path="t.csv"), "saves one value, and here are 2"),
        (to.csv(id="s", dependencies=["table"], path="t.csv", indx=False), "indx"),
        (from_.json(target="nobody", path="t.json"), "'nobody' is no node and no input"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_runs(wrong: Any, told: str) -> None:
    """With where it was written, and the nearest name."""
    module = ad_hoc_utils.module_from_source(CODE, "materialized_wrong")
    made = driver.Driver({}, module, adapter=base.DefaultAdapter())

    with pytest.raises(ValueError, match=told) as refused:
        made.materialize(wrong, inputs={"n": 3})

    assert "test_materialize.py" in str(refused.value)
