"""Words that stand for several nodes."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

import pytest

from dagbuild.ground.errors import InputError
from dagbuild.loader import load_graph
from dagbuild.model.graph import Graph
from dagbuild.plan.plan import Status
from dagbuild.plan.selection import select

LOADING = """
from dagbuild import tag
@tag(team="growth", stage=["raw", "daily"])
def spend(file: str) -> int: return 1
@tag(team="people")
def signups(file: str) -> int: return 1
"""
FEATURES = """
from dagbuild import tag
def spend_mean(spend: int) -> int: return 1
def spend_top(spend: int) -> int: return 1
@tag(team="growth", report="yes")
def cost(spend_mean: int, signups: int) -> int: return 1
def last(cost: int, spend_top: int) -> int: return 1
"""
STATUS = {"spend": Status.FRESH, "cost": Status.STALE, "last": Status.AFFECTED}
READS = "write +forecast, forecast+, forecast+2, tag:team=growth or spend_*"


def make_graph(**texts: str) -> Graph:
    """Return the graph of modules with these names and texts, which nobody else finds."""
    modules = []
    for name, text in texts.items():
        module = ModuleType(name.replace("__", "."))
        exec(text, vars(module))
        modules.append(module)
    return load_graph(modules, {})


@pytest.fixture(scope="module")
def graph() -> Graph:
    return make_graph(loading=LOADING, tables__features=FEATURES)


def never() -> Mapping[str, Status]:
    raise AssertionError("nobody asked how nodes stand")


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("cost", "cost"),
        ("page[17] nothing", "page[17] nothing"),
        ("+cost", "spend signups spend_mean cost"),
        ("1+cost", "signups spend_mean cost"),
        ("0+cost", "cost"),
        ("spend+", "spend spend_mean spend_top cost last"),
        ("spend+1", "spend spend_mean spend_top"),
        ("1+spend_mean+1", "spend spend_mean cost"),
        ("file+1", "spend signups"),
        ("spend_*", "spend_mean spend_top"),
        ("?pend", "spend"),
        ("spend_*+1", "spend_mean spend_top cost last"),
        ("tag:team", "spend signups cost"),
        ("tag:team=growth", "spend cost"),
        ("tag:stage=daily", "spend"),
        ("+tag:report", "spend signups spend_mean cost"),
        ("module:loading", "spend signups"),
        ("module:tables", "spend_mean spend_top cost last"),
        ("module:*features", "spend_mean spend_top cost last"),
        ("tag:team=growth,module:tables", "cost"),
        ("spend+,+cost", "spend spend_mean cost"),
        ("last +spend_mean last", "last spend spend_mean"),
    ],
)
def test_stand_for(graph: Graph, words: str, names: str) -> None:
    """Each once, words in their order and the nodes of one in that of definition."""
    assert select(graph, words.split(), never) == tuple(names.split())


def test_ask_how_nodes_stand(graph: Graph) -> None:
    """None may stand so, which is no mistake."""
    assert select(graph, ["status:stale", "status:affected"], lambda: STATUS) == ("cost", "last")
    assert select(graph, ["status:stale+,module:tables"], lambda: STATUS) == ("cost", "last")
    assert select(graph, ["status:pinned", "status:fresh,module:tables"], lambda: STATUS) == ()


def test_all_that_stand_for_nothing_are_told(graph: Graph) -> None:
    """Each with what was likely meant."""
    words = "+csot tag:taem tag:team=grwth module:lodaing status:old stat:stale ++cost a++b tag:report,module:loading"

    with pytest.raises(InputError) as refused:
        select(graph, [*words.split(), "cost"], never)

    assert [(each.message, each.hint) for each in refused.value.problems] == [
        ("there is no node 'csot'", "did you mean 'cost'?"),
        ("no node has the tag 'taem'", "did you mean 'team'?"),
        ("no node has the tag 'team=grwth'", "did you mean 'team=growth'?"),
        ("no module 'lodaing' has nodes", "did you mean 'loading'?"),
        ("there is no status 'old'", "they are: fresh, stale, affected, pinned, missing"),
        ("'stat:' says nothing of nodes", "write tag:, module: or status:"),
        ("'++cost' cannot be read", READS),
        ("'a++b' cannot be read", READS),
        ("no node is all of 'tag:report,module:loading'", None),
    ]


def test_a_long_chain_is_walked() -> None:
    """By a loop, as every walk."""
    lines = [
        "def f0() -> int: return 0",
        *(f"def f{i}(f{i - 1}: int) -> int: return {i}" for i in range(1, 1200)),
    ]
    graph = make_graph(chain="\n".join(lines))

    assert len(select(graph, ["+f1199"], never)) == 1200
    assert len(select(graph, ["f0+1198"], never)) == 1199
