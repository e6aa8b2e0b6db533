"""What `load_from`, `save_to`, `dataloader`, `datasaver`, `from_` and `to` make of functions: nodes, bindings, tags."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import dagbuild
from dagbuild import (
    config,
    extract_columns,
    extract_fields,
    inject,
    load_from,
    parameterize,
    save_to,
    source,
    value,
)
from dagbuild.formats import DataSaver, register_adapter
from dagbuild.ground.errors import GraphError
from dagbuild.loader.rules import collect_inputs
from dagbuild.model.graph import Graph
from dagbuild.model.node import Source, Value
from dagbuild.modifiers import ExtractorFactory, MaterializerFactory, from_, modify_nodes, to
from dagbuild.modifiers.adapter_nodes import settle_places
from dagbuild.registry import SAVER_REGISTRY as SAVERS
from tests.unit.modifiers.running import crosses_processes, make_graph, run


@dataclasses.dataclass
class NotEmpty(dagbuild.DataValidator):
    importance: str

    def applies_to(self, _: Any) -> bool:
        return True

    @classmethod
    def name(cls) -> str:
        return "not_empty"

    def description(self) -> str:
        return "is not empty"

    def validate(self, value: Any) -> dagbuild.ValidationResult:
        return dagbuild.ValidationResult(bool(value), "")


FRAME = "tuple[pandas.DataFrame, dict[str, typing.Any]]"


@load_from.csv(path="d.csv", sep=source("sep"))
def total(df: pd.DataFrame) -> int:
    """What it is."""
    return int(df["a"].sum())


@save_to.csv(path="out/o.csv", output_name_="saved")
def frame(k: int) -> pd.DataFrame:
    return pd.DataFrame({"a": [k]})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.csv").write_text("a;b\n1;2\n3;4\n")
    return tmp_path


def test_what_is_loaded_is_two_nodes(folder: Path) -> None:
    """One gives the value and what is known of it, the other the value alone."""
    graph = make_graph(total)
    loading, selecting = graph.nodes["total.load_data.df"], graph.nodes["total.select_data.df"]

    assert list(graph.nodes) == ["total", "total.load_data.df", "total.select_data.df"]
    assert (str(loading.type), selecting.type) == (FRAME, pd.DataFrame)
    assert [p.binding for p in loading.parameters] == [Value("d.csv"), Source("sep")]
    assert loading.reads == ("d.csv",)
    assert pd.read_csv in loading.sources
    assert graph.nodes["total"].upstream == ("total.select_data.df",)
    assert graph.nodes["total"].doc == "What it is."
    assert not graph.inputs["sep"].required
    assert loading.tags["hamilton.data_loader.has_metadata"] is True
    assert selecting.tags == {
        "hamilton.data_loader": True,
        "hamilton.data_loader.has_metadata": False,
        "hamilton.data_loader.source": "csv",
        "hamilton.data_loader.classname": "PandasCSVReader",
        "hamilton.data_loader.node": "df",
    }
    assert crosses_processes(loading)
    assert run(graph, "total", sep=";") == 4


def test_what_is_saved_is_a_node_behind_the_value(folder: Path) -> None:
    (folder / "out").mkdir()
    graph = make_graph(frame)
    saving = graph.nodes["saved"]

    assert list(graph.nodes) == ["frame", "saved"]
    assert str(saving.type) == "dict[str, typing.Any]"
    assert (saving.upstream, saving.writes, saving.saves) == (("frame",), ("out/o.csv",), "")
    assert saving.tags == {
        "hamilton.data_saver": True,
        "hamilton.data_saver.sink": "csv",
        "hamilton.data_saver.classname": "PandasCSVWriter",
    }
    assert run(graph, "saved", k=3)["file_metadata"]["path"] == "out/o.csv"
    assert (folder / "out" / "o.csv").read_text() == "a\n3\n"


@pytest.mark.parametrize(
    ("path", "writes", "saves"),
    [
        ("o.json", ("o.json",), ""),
        (Path("./o.json"), ("o.json",), ""),
        (source("known"), ("k.json",), ""),
        (source("other"), (), "files"),
        ("/elsewhere/o.json", (), "files"),
        ("s3://bucket/o.json", (), "files"),
        ("../o.json", (), "files"),
    ],
)
def test_a_path_that_is_known_and_in_the_project_is_an_output(
    path: Any, writes: tuple[str, ...], saves: str
) -> None:
    @save_to.json(path=path)
    def v(k: int) -> dict[str, int]:
        return {"k": k}

    saving = make_graph(v, known="k.json").nodes["save.v"]

    assert (saving.writes, saving.saves) == (writes, saves)


def test_a_file_that_is_written_in_part_is_no_output_of_the_node() -> None:
    """What was there before belongs to it."""

    @save_to.csv(path="o.csv", mode="a")
    def v(k: int) -> pd.DataFrame:
        return pd.DataFrame({"k": [k]})

    assert make_graph(v).nodes["save.v"].saves == "files"


def test_a_saver_that_is_never_cached_has_no_outputs() -> None:
    """It saves each time that it is asked."""

    @dagbuild.cache("never")
    @save_to.json(path="o.json")
    def v(k: int) -> dict[str, int]:
        return {"k": k}

    saving = make_graph(v).nodes["save.v"]

    assert saving.cache.never
    assert saving.writes == ()


def test_databases_are_saved_to_each_time() -> None:
    @save_to.sql(table_name="t", db_connection=source("connection"))
    def v(k: int) -> pd.DataFrame:
        return pd.DataFrame({"k": [k]})

    assert make_graph(v).nodes["save.v"].saves == "elsewhere"


def test_several_loaders_each_have_their_parameter() -> None:
    @load_from.json(path="x.json", inject_="a")
    @load_from.yaml(path="y.yaml", inject_="b")
    def v(a: dict[str, int], b: dict[str, int], c: int) -> int:
        return c

    graph = make_graph(v)

    assert graph.nodes["v"].upstream == ("v.select_data.a", "v.select_data.b", "c")
    assert graph.nodes["v.load_data.b"].reads == ("y.yaml",)


def test_one_loader_is_there_for_all_nodes_of_a_function(folder: Path) -> None:
    @load_from.csv(path="d.csv", sep=";", inject_="df")
    @parameterize(one={"k": value(1)}, two={"k": value(2)})
    def v(df: pd.DataFrame, k: int) -> int:
        return int(df["a"].sum()) + k

    graph = make_graph(v)

    assert sorted(graph.nodes) == ["one", "two", "v.load_data.df", "v.select_data.df"]
    assert (run(graph, "one"), run(graph, "two")) == (5, 6)


def test_the_parameter_that_is_left_is_the_one_that_is_loaded() -> None:
    @load_from.json(path="x.json")
    @inject(k=value(1))
    def v(d: dict[str, int], k: int) -> int:
        return k

    assert make_graph(v).nodes["v"].upstream == ("v.select_data.d",)


def test_a_variant_has_the_names_of_its_node() -> None:
    @config.when(kind="x")
    @load_from.json(path="x.json")
    def v__x(d: dict[str, int]) -> int:
        return 1

    assert "v.load_data.d" in make_graph(v__x, kind="x").nodes


def test_saving_stands_anywhere_between_other_decorators(folder: Path) -> None:
    @save_to.json(path="x.json", output_name_="one")
    @save_to.pickle(path="x.pkl", output_name_="two")
    @extract_fields({"k": int})
    def inner(n: int) -> dict[str, int]:
        return {"k": n}

    @extract_columns("a")
    @load_from.csv(path="d.csv", sep=";")
    def outer(df: pd.DataFrame) -> pd.DataFrame:
        return df

    with pytest.raises(GraphError, match="'k' is int, which no saver of 'json' is for"):
        make_graph(inner)

    @save_to.json(path="x.json", output_name_="one", target_="whole")
    @save_to.pickle(path="x.pkl", output_name_="two")
    @extract_fields({"k": int})
    def whole(n: int) -> dict[str, int]:
        return {"k": n}

    graph = make_graph(whole, outer)
    assert graph.nodes["one"].upstream == ("whole",)
    assert graph.nodes["two"].upstream == ("k",)
    assert run(graph, "a").tolist() == [1, 3]


@pytest.mark.parametrize(
    "decorator",
    [
        dagbuild.check_output(allow_none=False),
        extract_fields({"a": int}),
        dagbuild.check_output_custom(NotEmpty("fail")),
    ],
    ids=["check_output", "extract_fields", "check_output_custom"],
)
def test_a_decorator_above_a_saver_means_the_value(decorator: Any) -> None:
    """What it makes neither reads nor leaves what the node below it does."""

    def v(d: dict[str, int]) -> dict[str, int]:
        return d

    saving = save_to.json(path="o.json")
    graph = make_graph(decorator(saving(load_from.json(path="d.json")(v))))

    assert [node.name for node in graph.nodes.values() if node.writes] == ["save.v"]
    assert [node.name for node in graph.nodes.values() if node.reads] == ["v.load_data.d"]
    assert [node.name for node in graph.nodes.values() if node.at_home] == ["v.load_data.d", "save.v"]
    assert graph.nodes["save.v"].upstream == ("v",)


@pytest.mark.parametrize(
    "decorator",
    [dagbuild.check_output(allow_none=False), extract_fields({"a": int})],
    ids=["check_output", "extract_fields"],
)
def test_what_is_made_of_what_a_saver_tells_saves_nothing(decorator: Any) -> None:
    @dagbuild.datasaver()
    def kept(k: int) -> dict[str, int]:
        return {"a": k}

    saving = [node.name for node in make_graph(decorator(kept)).nodes.values() if node.saves]

    assert saving in (["kept"], ["kept_raw"])


def _double(df: pd.DataFrame) -> pd.DataFrame:
    return df * 2


@pytest.mark.parametrize("outer", ["load_from", "pipe_input"])
def test_what_is_loaded_passes_the_steps_of_a_pipe(folder: Path, outer: str) -> None:
    """Whichever of the two stands above the other."""
    loading, piping = load_from.csv(path="d.csv", sep=";"), dagbuild.pipe_input(dagbuild.step(_double))

    def v(df: pd.DataFrame) -> int:
        return int(df["a"].sum())

    graph = make_graph(loading(piping(v)) if outer == "load_from" else piping(loading(v)))

    assert graph.nodes["v.with_double"].upstream == ("v.select_data.df",)
    assert graph.nodes["v"].upstream == ("v.with_double",)
    assert run(graph, "v") == 8


@pytest.mark.parametrize("outer", ["save_to", "pipe_output"])
def test_what_comes_of_a_pipe_is_saved(outer: str) -> None:
    saving, piping = save_to.csv(path="o.csv"), dagbuild.pipe_output(dagbuild.step(_double))

    def v(k: int) -> pd.DataFrame:
        return pd.DataFrame({"a": [k]})

    graph = make_graph(saving(piping(v)) if outer == "save_to" else piping(saving(v)))

    assert graph.nodes["save.v"].upstream == ("v",)
    assert graph.nodes["v"].upstream == ("v.with_double",)
    assert [node.name for node in graph.nodes.values() if node.writes] == ["save.v"]


MISTAKES: dict[str, tuple[Any, str, str | None]] = {
    "argument": (load_from.json(paht="x"), "@load_from.json takes no 'paht'", "did you mean 'path'?"),
    "lacking": (load_from.json(), "@load_from.json needs 'path'", None),
    "format": (load_from.jsn(path="x"), "there is no format 'jsn' to load from", "did you mean 'json'?"),
    "type": (load_from.csv(path="x"), "'d' is dict, which no loader of 'csv' is for", None),
    "parameter": (load_from.json(path="x", inject_="dd"), "'dd' is no parameter of 'v'", "did you mean 'd'?"),
    "saver": (save_to.csv(path="x"), "'v' is int, which no saver of 'csv' is for", None),
    "target": (save_to.pickle(path="x", target_="w"), "target 'w' is none of the function's nodes", None),
    "name": (save_to.pickle(path="x", output_name_="v"), "there is a node 'v' already", None),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_when_the_graph_is_made(mistake: str) -> None:
    decorator, told, hint = MISTAKES[mistake]

    def v(d: dict) -> int:  # type: ignore[type-arg]
        return 1

    with pytest.raises(GraphError) as error:
        make_graph(decorator(v))

    (problem,) = error.value.problems
    assert told in problem.message
    assert hint is None or problem.hint == hint
    assert "test_loading.py" in str(problem.where)


def test_all_mistakes_are_told_together_and_which_parameter_is_asked_for() -> None:
    @load_from.json(path="x.json")
    def v(a: dict, b: dict) -> int:  # type: ignore[type-arg]
        return 1

    @save_to.jsn(path="x")
    def w(k: int) -> int:
        return 1

    with pytest.raises(GraphError) as error:
        make_graph(v, w)

    first, second = error.value.problems
    assert "'v' takes 'a', 'b', and it is not said what is loaded" in first.message
    assert first.hint == 'inject_="a"'
    assert second.hint == "did you mean 'json'?"


# -- functions that load and save by themselves --------------------------------------------------------------------


def test_a_function_that_loads_is_two_nodes() -> None:
    @extract_columns("a")
    @dagbuild.dataloader()
    @parameterize(one={"k": value(1)})
    def loaded(k: int) -> tuple[pd.DataFrame, dict]:  # type: ignore[type-arg]
        return pd.DataFrame({"a": [k]}), {"rows": 1}

    graph = make_graph(loaded)

    assert list(graph.nodes) == ["one.loader", "one", "a"]
    assert graph.nodes["one"].type is pd.DataFrame
    assert graph.nodes["one.loader"].tags["hamilton.data_loader.source"] == "loader"
    assert graph.nodes["one"].tags["hamilton.data_loader.source"] == "one"
    assert run(graph, "one.loader")[1] == {"rows": 1}
    assert run(graph, "a").tolist() == [1]


def test_a_function_that_saves_is_noted_as_one() -> None:
    @dagbuild.datasaver()
    def kept(k: int) -> dict[str, int]:
        return {"k": k}

    node = make_graph(kept).nodes["kept"]

    assert node.saves == "files"
    assert node.tags == {
        "hamilton.data_saver": True,
        "hamilton.data_saver.sink": "kept",
        "hamilton.data_saver.classname": "kept()",
    }


def test_what_they_return_must_fit() -> None:
    @dagbuild.dataloader()
    def loaded(k: int) -> pd.DataFrame:
        return pd.DataFrame()

    @dagbuild.dataloader()
    def odd(k: int) -> tuple[pd.DataFrame, int]:
        return pd.DataFrame(), 1

    @dagbuild.datasaver()
    def kept(k: int) -> int:
        return k

    with pytest.raises(GraphError) as error:
        make_graph(loaded, odd, kept)

    assert [problem.message for problem in error.value.problems] == [
        "@dataloader: 'loaded' returns pandas.DataFrame",
        "@dataloader: 'odd' returns tuple[pandas.DataFrame, int]",
        "@datasaver: 'kept' returns int",
    ]


# -- without decorators --------------------------------------------------------------------------------------------


def plain(spend: pd.DataFrame, factor: int) -> pd.DataFrame:
    return spend * factor


def facts(plain: pd.DataFrame) -> dict[str, int]:
    return {"rows": len(plain)}


def with_materializers(*materializers: ExtractorFactory | MaterializerFactory, **config: Any) -> Graph:
    graph = make_graph(plain, facts)
    nodes = settle_places(modify_nodes(graph.nodes, materializers), config)
    return Graph(nodes, collect_inputs(nodes, config, {}).inputs)


class Joined:
    """A result builder, as Hamilton's and ours are."""

    def __init__(self, sep: str) -> None:
        self.sep = sep

    def build_result(self, **outputs: Any) -> dict[str, Any]:
        return {self.sep.join(outputs): len(outputs)}

    def output_type(self) -> Any:
        return dict[str, Any]


def test_an_input_is_loaded_and_values_are_saved(folder: Path) -> None:
    graph = with_materializers(
        to.json(id="told", dependencies=["plain", facts], combine=Joined("+"), path=source("where")),
        from_.csv(target="spend", path="d.csv", sep=";"),
        to.memory(id="seen", dependencies=["facts"]),
        where="x.json",
    )

    assert list(graph.nodes) == [
        "plain", "facts", "load_data.spend", "spend", "told_build_result", "told", "seen",
    ]  # fmt: skip
    assert graph.nodes["spend"].type is pd.DataFrame
    assert graph.nodes["told_build_result"].doc == "Builds the result for told materializer"
    assert "+" in graph.nodes["told_build_result"].sources
    assert graph.nodes["told"].writes == ("x.json",)
    assert run(graph, "seen", factor=2) == {"rows": 2}
    run(graph, "told", factor=2, where="x.json")
    assert (folder / "x.json").read_text() == '{"plain+facts": 2}'


def test_what_is_loaded_takes_the_place_of_a_node() -> None:
    graph = with_materializers(from_.parquet(target="plain", path="x.parquet"))

    assert graph.nodes["plain"].upstream == ("load_data.plain",)
    assert graph.nodes["load_data.plain"].reads == ("x.parquet",)


def test_mistakes_of_materializers_are_told_together() -> None:
    with pytest.raises(GraphError) as error:
        with_materializers(
            from_.csv(target="spent", path="x"),
            to.csv(id="a", dependencies=["plan"], path="x"),
            to.csv(id="b", dependencies=["plain", "facts"], path="x"),
            to.csv(id="facts", dependencies=["plain"], path="x"),
            to.csv(id="c", dependencies=["plain"], paht="x"),
            to.cvs(id="d", dependencies=["plain"], path="x"),
        )

    assert [problem.message.partition(", ")[0] for problem in error.value.problems] == [
        "from_.csv: target 'spent' is no node and no input",
        "to.csv 'a' 'plan' is no node and no input",
        "to.csv 'b' saves one value",
        error.value.problems[3].message,
        "to.csv takes no 'paht'",
        "there is no format 'cvs' to save to",
    ]
    assert error.value.problems[3].message.startswith("'facts' is made twice")
    assert {str(problem.where).partition(":")[0].rpartition("/")[2] for problem in error.value.problems} == {
        "test_loading.py"
    }


@pytest.fixture
def own_saver() -> Iterator[type[DataSaver]]:
    @dataclasses.dataclass
    class Ours(DataSaver):
        """One that a project writes."""

        data: str
        level: int = 1

        def save_data(self, data: Any) -> dict[str, Any]:
            return {"saved": data, "level": self.level, "data": self.data}

        @classmethod
        def applicable_types(cls) -> Collection[type]:
            return [int]

        @classmethod
        def name(cls) -> str:
            return "ours"

    register_adapter(Ours)
    yield Ours
    SAVERS.pop("ours")


def test_ones_own_saver_is_called_by_its_name_and_seen_by_the_fingerprint(own_saver: type[DataSaver]) -> None:
    """Also where an argument has the name that the value would have."""

    @save_to.ours(data="d", level=source("level"))
    def v(k: int) -> int:
        return k

    graph = make_graph(v)

    assert graph.nodes["save.v"].sources == (own_saver,)
    assert run(graph, "save.v", k=1, level=3) == {"saved": 1, "level": 3, "data": "d"}
