"""Nodes on a Dask cluster of this machine: what Hamilton's adapter, executor and result make of the same modules."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("hamilton")
distributed = pytest.importorskip("distributed")

pytestmark = pytest.mark.leaves_threads  # Dask's own

LIBRARIES = ("hamilton", "dagbuild")

CODE = """
import os

import dask.dataframe as dd
import numpy as np
import pandas as pd
from dask import array as da
from LIBRARY.function_modifiers import extract_columns, parameterize, source, value
from LIBRARY.htypes import Collect, Parallelizable

@extract_columns("spend", "signups")
def weeks(count: int) -> pd.DataFrame:
    return pd.DataFrame({"spend": [10.0 * n for n in range(count)], "signups": range(1, count + 1)})

@parameterize(cheap={"rate": value(1.0)}, dear={"rate": value(2.5)})
def cost(spend: pd.Series, signups: pd.Series, rate: float) -> pd.Series:
    return rate * spend / signups

def total(cheap: pd.Series, dear: pd.Series) -> float:
    return float((cheap + dear).sum())

def where() -> int: return os.getpid()

@extract_columns("height", "width")
def shapes(count: int) -> dd.DataFrame:
    frame = pd.DataFrame({"height": range(count), "width": range(count, 2 * count)})
    return dd.from_pandas(frame, npartitions=2)

def area(height: dd.Series, width: dd.Series) -> dd.Series: return height * width
def largest(area: dd.Series) -> float: return area.max()

def fails(count: int) -> int: raise ValueError(f"no {count}")

def each(count: int) -> Parallelizable[int]: yield from range(count)
def part(each: int, count: int) -> int: return each * count
def part_of_it(part: int) -> tuple: return part + 1, os.getpid()
def parts(part_of_it: Collect[tuple]) -> list: return list(part_of_it)
def part_that_fails(each: int) -> int: return 1 // (each - 1)
def failing(part_that_fails: Collect[int]) -> list: return list(part_that_fails)
"""


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Two threads of this process, as a cluster."""
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def own_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A worker that is a process, which finds the modules of the test."""
    folder = tmp_path_factory.mktemp("modules")
    for library in LIBRARIES:
        (folder / f"far_{library}.py").write_text(CODE.replace("LIBRARY", library), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        with (
            distributed.LocalCluster(
                n_workers=1, threads_per_worker=1, processes=True, dashboard_address=":0"
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client


@pytest.fixture(autouse=True)
def no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(library: str) -> Any:
    made = importlib.import_module(f"{library}.ad_hoc_utils")
    return made.module_from_source(CODE.replace("LIBRARY", library), f"dasked_{library}")


def get(library: str, name: str) -> Any:
    return importlib.import_module(f"{library}.{name}")


def adapt(library: str, client: Any, result: str = "DictResult", **options: Any) -> Any:
    """Return a driver with the adapter."""
    builders = {
        "DictResult": lambda: get(library, "base").DictResult(),
        "PandasDataFrameResult": lambda: get(library, "base").PandasDataFrameResult(),
        "DaskDataFrameResult": lambda: get(library, "plugins.h_dask").DaskDataFrameResult(),
    }
    adapter = get(library, "plugins.h_dask").DaskGraphAdapter(client, builders[result](), **options)
    return get(library, "driver").Builder().with_modules(load(library)).with_adapters(adapter).build()


def compare(play: Callable[[str], Any]) -> Any:
    """Return what both libraries make, which is the same."""
    theirs, ours = map(play, LIBRARIES)
    assert type(ours) is type(theirs)
    if isinstance(ours, pd.DataFrame):
        pd.testing.assert_frame_equal(ours, theirs)
    elif isinstance(ours, dict):
        assert ours.keys() == theirs.keys()
        for name in ours:
            pd.testing.assert_frame_equal(pd.DataFrame({"": ours[name]}), pd.DataFrame({"": theirs[name]}))
    else:
        assert ours == theirs
    return ours


@pytest.mark.parametrize("names", [["spend", "cheap", "dear"], ["dear", "signups"]])
@pytest.mark.parametrize("result", ["DictResult", "PandasDataFrameResult"])
def test_calls_are_delayed(client: Any, result: str, names: list[str]) -> None:
    """And computed together at the end."""
    compare(lambda library: adapt(library, client, result).execute(names, inputs={"count": 4}))


def test_a_result_that_is_not_computed_is_delayed(client: Any) -> None:
    """Until somebody computes it."""

    def play(library: str) -> Any:
        made = adapt(library, client, compute_at_end=False).execute(["total"], inputs={"count": 4})
        assert type(made).__name__ == "Delayed"
        return made.compute()["total"]

    assert round(compare(play), 3) == 67.083


@pytest.mark.parametrize("names", [["height", "area"], ["area", "shapes", "weeks", "largest"]])
def test_frames_of_dask_are_joined(client: Any, names: list[str]) -> None:
    """By index, with each column named as Hamilton names it, and nothing computed before the end."""

    def play(library: str) -> Any:
        made = adapt(library, client, "DaskDataFrameResult", use_delayed=False, compute_at_end=False)
        return made.execute(names, inputs={"count": 4}).compute()

    compare(play)


RESULTS: dict[str, Callable[[], Any]] = {
    "columns": lambda: {"a": pd.Series([1, 2], index=[3, 4]), "b": pd.Series([5.0, 6.0], index=[4, 5])},
    "a scalar": lambda: {"b": 3.5},
    "a scalar before": lambda: {"b": 3.5, "a": pd.Series([1, 2])},
    "a scalar after": lambda: {"a": pd.Series([1, 2]), "b": "word"},
    "a list and an array": lambda: {"a": [1, 2], "b": np.arange(2.0)},
    "a frame": lambda: {"x": pd.DataFrame({"a": [1], "b": [2]}), "y": pd.Series([7])},
}


@pytest.mark.parametrize("kind", RESULTS)
def test_other_values_become_columns_of_dask(client: Any, kind: str) -> None:
    """Lists, scalars and what is of pandas."""

    def play(library: str) -> Any:
        made = get(library, "plugins.h_dask").DaskDataFrameResult.build_result(**RESULTS[kind]())
        return made.compute()

    compare(play)


def test_a_frame_of_nothing_is_refused() -> None:
    for library in LIBRARIES:
        with pytest.raises(ValueError, match=r"No outputs|at least one value"):
            get(library, "plugins.h_dask").DaskDataFrameResult.build_result()


def test_types_of_dask_stand_for_those_of_pandas(client: Any) -> None:
    """Of inputs and of edges, where Hamilton says so."""
    from dask import array as da
    from dask import dataframe as dd
    from dask.delayed import Delayed, delayed

    column = dd.from_pandas(pd.Series([1, 2]), npartitions=1)
    kinds = [pd.Series, dd.Series, da.Array, int]
    given = [column, da.from_array(np.arange(3)), delayed(1), 1, "word"]
    assert isinstance(given[2], Delayed)

    for library in LIBRARIES:
        made = get(library, "plugins.h_dask").DaskGraphAdapter(client)
        told = {
            "inputs": [made.check_input_type(kind, each) for kind in kinds for each in given],
            "edges": [made.check_node_type_equivalence(one, other) for one in kinds for other in kinds],
            "array": made.check_input_type(np.array, given[1]),
        }
        if library == "hamilton":
            theirs = told
    assert told == theirs


def test_what_a_function_raises_arrives(client: Any) -> None:
    for library in LIBRARIES:
        with pytest.raises(ValueError, match="no 3"):
            adapt(library, client).execute(["fails"], inputs={"count": 3})


def test_nodes_run_on_the_worker(own_process: Any) -> None:
    """Which is another process, that imports the module by its name."""
    for library in LIBRARIES:
        adapter = get(library, "plugins.h_dask").DaskGraphAdapter(
            own_process, get(library, "base").DictResult()
        )
        module = importlib.import_module(f"far_{library}")
        made = get(library, "driver").Driver({}, module, adapter=adapter)
        there = made.execute(["where", "total"], inputs={"count": 4})

        assert there["where"] not in (os.getpid(), None)
        assert round(there["total"], 3) == 67.083


def hand_to(library: str, client: Any, module: Any) -> Any:
    executor = get(library, "plugins.h_dask").DaskExecutor(client=client)
    builder = get(library, "driver").Builder().with_modules(module)
    return builder.enable_dynamic_execution(allow_experimental_mode=True).with_remote_executor(executor)


def test_blocks_run_on_workers(own_process: Any) -> None:
    """One task for each element; all else is called here."""
    for library in LIBRARIES:
        builder = hand_to(library, own_process, importlib.import_module(f"far_{library}"))
        made = builder.build().execute(["parts", "where"], inputs={"count": 3})

        assert [number for number, _ in made["parts"]] == [1, 4, 7]
        assert {process for _, process in made["parts"]} != {os.getpid()}
        assert made["where"] == os.getpid()


def test_the_first_that_fails_on_a_worker_is_told(client: Any) -> None:
    for library in LIBRARIES:
        with pytest.raises(ZeroDivisionError):
            hand_to(library, client, load(library)).build().execute(["failing"], inputs={"count": 4})


def test_adapters_are_told_where_nodes_run(client: Any) -> None:
    """With the names of Hamilton's tasks."""
    heard: dict[str, list[Any]] = {}
    for library in LIBRARIES:
        _TOLD.clear()
        hook = type("Hears", (Hears, get(library, "lifecycle").NodeExecutionHook), {})()
        hand_to(library, client, load(library)).with_adapters(hook).build().execute(
            ["parts"], inputs={"count": 2}
        )
        heard[library] = sorted(_TOLD, key=repr)

    assert heard["dagbuild"] == heard["hamilton"]
    assert ("part", "expand-each.1.block-each") in heard["dagbuild"]


_TOLD: list[Any] = []
"""The worker is a thread of this process."""


class Hears:
    def run_before_node_execution(self, *, node_name: str, task_id: Any, **_: Any) -> None:
        _TOLD.append((node_name, task_id))

    def run_after_node_execution(self, **_: Any) -> None:
        pass


def test_with_a_cache_it_is_refused_in_words(client: Any) -> None:
    """Hamilton refuses the adapter as well: values of Dask are computed when the result is made, if at all."""
    from dagbuild import driver
    from dagbuild.plugins import h_dask

    adapter = h_dask.DaskGraphAdapter(client)
    kept = driver.Builder().with_modules(load("dagbuild")).with_cache("kept").with_adapters(adapter)
    with pytest.raises(ValueError, match="DaskGraphAdapter runs nodes itself"):
        kept.build().execute(["total"], inputs={"count": 4})
    with pytest.raises(ValueError, match="DaskExecutor calls functions itself"):
        hand_to("dagbuild", client, load("dagbuild")).with_cache("kept").build().execute(
            ["parts"], inputs={"count": 4}
        )
