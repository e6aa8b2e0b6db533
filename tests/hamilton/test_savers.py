# mypy: disable-error-code="untyped-decorator, type-arg"
"""The nodes of loaders and savers are Hamilton's: names, edges, tags, documentation, and what they give."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

hamilton = pytest.importorskip("hamilton")

import hamilton.function_modifiers as theirs  # noqa: E402
from hamilton import ad_hoc_utils, base, driver, registry  # noqa: E402
from hamilton.io import data_adapters, materialization  # noqa: E402

import dagbuild  # noqa: E402
import dagbuild.modifiers as ours  # noqa: E402
from dagbuild.formats import registry as our_registry  # noqa: E402
from dagbuild.loader.rules import collect_inputs  # noqa: E402
from dagbuild.model.graph import Graph  # noqa: E402
from dagbuild.registry import LOADER_REGISTRY as LOADERS  # noqa: E402
from dagbuild.registry import SAVER_REGISTRY as SAVERS  # noqa: E402
from tests.unit.modifiers.running import make_graph, run  # noqa: E402

Make = Callable[[Any], list[Any]]


def csv(m: Any) -> list[Any]:
    @m.load_from.csv(path="d.csv")
    def total(df: pd.DataFrame) -> int:
        """What it is."""
        return int(df["a"].sum())

    return [total]


def several(m: Any) -> list[Any]:
    @m.load_from.csv(path=m.source("where"), sep=m.value(","), inject_="df")
    @m.load_from.json(path="d.json", inject_="known")
    def joined(df: pd.DataFrame, known: dict, other: int) -> int:
        return len(df) + len(known) + other

    return [joined]


def variant(m: Any) -> list[Any]:
    @m.config.when(kind="x")
    @m.load_from.json(path="d.json")
    def count__x(known: dict) -> int:
        return len(known)

    return [count__x]


def below_fields(m: Any) -> list[Any]:
    @m.extract_fields({"k": int})
    @m.load_from.json(path="d.json")
    def fields(known: dict) -> dict:
        return known

    return [fields]


def saved(m: Any) -> list[Any]:
    @m.save_to.csv(path="o.csv", output_name_="kept")
    def frame(other: int) -> pd.DataFrame:
        """A frame."""
        return pd.DataFrame({"a": [other]})

    @m.save_to.json(path=m.source("where"))
    def facts(other: int) -> dict:
        return {"other": other}

    return [frame, facts]


def saved_target(m: Any) -> list[Any]:
    @m.save_to.parquet(path="o.parquet", target_="frame")
    @m.extract_columns("a")
    def frame(other: int) -> pd.DataFrame:
        return pd.DataFrame({"a": [other]})

    return [frame]


def tagged(m: Any) -> list[Any]:
    @m.tag(owner="us")
    @m.save_to.json(path="o.json", output_name_="kept")
    def facts(other: int) -> dict:
        return {"other": other}

    return [facts]


def own_functions(m: Any) -> list[Any]:
    def loaded(where: str) -> tuple[pd.DataFrame, dict]:
        """A loader."""
        return pd.DataFrame({"a": [1]}), {"where": where}

    def kept(loaded: pd.DataFrame) -> dict:
        """A saver."""
        return {"rows": len(loaded)}

    # Hamilton looks at annotations as they stand, and here they are texts.
    loaded.__annotations__ = {"where": str, "return": tuple[pd.DataFrame, dict]}
    kept.__annotations__ = {"loaded": pd.DataFrame, "return": dict}
    return [m.dataloader()(loaded), m.datasaver()(kept)]


PROGRAMS: list[Make] = [csv, several, variant, below_fields, saved, saved_target, tagged, own_functions]

_TIMES = {"last_modified", "timestamp", "notes"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.csv").write_text("a,b\n1,x\n2,y\n")
    (tmp_path / "d.json").write_text('{"k": 1}')
    return tmp_path


def describe_theirs(dr: Any) -> dict[str, Any]:
    return {
        node.name: (
            set(node.input_types),
            {key: word for key, word in node.tags.items() if key not in ("module", "hamilton.config")},
            node.documentation or "",
        )
        for node in dr.graph.get_nodes()
        if node.node_role.name != "EXTERNAL"
    }


def describe_ours(graph: Graph) -> dict[str, Any]:
    return {node.name: (set(node.upstream), dict(node.tags), node.doc) for node in graph.nodes.values()}


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(each) for key, each in value.items() if key not in _TIMES}
    if isinstance(value, tuple):
        return tuple(map(without_times, value))
    return value.to_dict() if hasattr(value, "to_dict") else value


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
@pytest.mark.usefixtures("folder")
def test_nodes_and_values_are_hamiltons(program: Make) -> None:
    given = {"where": "d.csv", "other": 1}
    config = {"kind": "x"} if program is variant else {}
    module = ad_hoc_utils.create_temporary_module(*program(theirs))
    dr = driver.Builder().with_modules(module).with_config(config).build()
    graph = make_graph(*program(ours), **config)

    assert describe_ours(graph) == describe_theirs(dr)
    for name in graph.nodes:
        given["where"] = "o2.json" if name == "save.facts" else "d.csv"
        needed = {key: value for key, value in given.items() if key in graph.inputs}
        expected = dr.execute([name], inputs=needed)[name]
        assert without_times(run(graph, name, **needed)) == without_times(expected)


def plain(spend: pd.DataFrame, factor: int) -> pd.DataFrame:
    return spend * factor


def facts(plain: pd.DataFrame) -> dict:
    """Facts."""
    return {"rows": len(plain)}


@pytest.mark.usefixtures("folder")
def test_materializers_make_hamiltons_nodes() -> None:
    def make(to: Any, from_: Any) -> list[Any]:
        builder = base.DictResult()
        return [
            from_.csv(target="spend", path="d.csv", usecols=["a"]),
            to.json(id="told", dependencies=["facts"], path="o.json"),
            to.pickle(id="both", dependencies=["plain", "facts"], combine=builder, path="o.pickle"),
            to.memory(id="seen", dependencies=["facts"]),
        ]

    module = ad_hoc_utils.create_temporary_module(plain, facts)
    materializers = make(materialization.to, materialization.from_)
    dr = driver.Builder().with_modules(module).with_materializers(*materializers).build()
    nodes = ours.modify_nodes(make_graph(plain, facts).nodes, make(ours.to, ours.from_))
    graph = Graph(nodes, collect_inputs(nodes, {}, {}).inputs)

    assert describe_ours(graph) == describe_theirs(dr)
    for name in graph.nodes:
        expected = dr.execute([name], inputs={"factor": 2})[name]
        assert without_times(run(graph, name, factor=2)) == without_times(expected)


def test_there_is_a_class_for_each_format_of_hamiltons() -> None:
    """With the arguments that must be given; what pandas and polars no longer take is not offered."""
    registry.initialize()
    differences = set()
    for known, mine in ((registry.LOADER_REGISTRY, LOADERS), (registry.SAVER_REGISTRY, SAVERS)):
        for form, classes in known.items():
            own = {each.__name__: each for each in mine[form]}
            for each in classes:
                needed = {field.name for field in dataclasses.fields(each) if _must_be_given(field)}
                if each.__name__ not in own or needed - set(own[each.__name__].get_required_arguments()):
                    differences.add(each.__name__)

    assert differences == set()


def _must_be_given(field: Any) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def make_saver(m: Any) -> type:
    @dataclasses.dataclass
    class Noted(m.DataSaver):  # type: ignore[misc]
        where: str
        level: int = 1

        def save_data(self, data: Any) -> dict[str, Any]:
            return {"where": self.where, "level": self.level, "data": data}

        @classmethod
        def applicable_types(cls) -> Collection[type]:
            return [int]

        @classmethod
        def name(cls) -> str:
            return "noted"

    return Noted


@pytest.fixture
def noted() -> Iterator[types.SimpleNamespace]:
    yield types.SimpleNamespace(theirs=make_saver(data_adapters), ours=make_saver(dagbuild))
    registry.SAVER_REGISTRY.pop("noted", None)
    SAVERS.pop("noted", None)


def test_a_class_of_ones_own_is_registered_and_used_as_with_hamilton(noted: types.SimpleNamespace) -> None:
    registry.register_adapter(noted.theirs)
    our_registry.register_adapter(noted.ours)

    def make(m: Any) -> list[Any]:
        @m.save_to.noted(where=m.source("place"))
        def v(k: int) -> int:
            return k

        return [v]

    dr = driver.Builder().with_modules(ad_hoc_utils.create_temporary_module(*make(theirs))).build()
    graph = make_graph(*make(ours))

    assert describe_ours(graph) == describe_theirs(dr)
    expected = dr.execute(["save.v"], inputs={"k": 1, "place": "p"})["save.v"]
    assert run(graph, "save.v", k=1, place="p") == expected
