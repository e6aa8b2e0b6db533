"""Choosing by config: variants, resolvers, decorators made from config."""

from __future__ import annotations

from typing import Any

import pytest

from dagbuild.ad_hoc_utils import module_from_source
from dagbuild.ground.errors import GraphError
from dagbuild.loader import load_graph
from dagbuild.modifiers import (
    ResolveAt,
    config,
    extract_fields,
    hamilton_exclude,
    resolve,
    resolve_from_config,
)
from tests.unit.modifiers.running import make_graph, run


@config.when(region="US")
def model__us(x: int) -> str:
    return "us"


@config.when_not(region="US")
def model__other(x: int) -> str:
    return "other"


@config.when_in(region=["UK", "IE"], size=["small", "large"])
def islands(x: int) -> str:
    return "islands"


@config.when_not_in(region=["UK", "IE"])
def islands__none(x: int) -> str:
    return "none"


def model__plain(x: int) -> int:
    return x


@config.when(name="chosen", region="US")
def anything(x: int) -> int:
    return x


@config(lambda given: given.get("size", 0) > 3)
def big__v(x: int) -> int:
    return x


@config.when(region="US")
@config.when(size=1)
def both__v(x: int) -> int:
    return x


def uses_model(model: str) -> str:
    return model


@pytest.mark.parametrize(("region", "value"), [("US", "us"), ("FR", "other"), (None, "other")])
def test_config_chooses_the_variant(region: Any, value: Any) -> None:
    """The variant whose condition holds makes the node of the name before the two underscores."""
    graph = make_graph(model__us, model__other, **({"region": region} if region else {}))

    assert list(graph.nodes) == ["model"]
    assert run(graph, "model", x=1) == value
    assert graph.nodes["model"].config_used == {"region": region}


def test_every_key_must_hold() -> None:
    """when_in holds when each key's value is in its list; a missing key is None."""
    assert run(make_graph(islands, region="UK", size="small"), "islands", x=1) == "islands"
    assert list(make_graph(islands, region="UK", size="huge").nodes) == []
    assert list(make_graph(islands, region="UK").nodes) == []


def test_when_not_in_keeps_the_rest() -> None:
    """when_not_in is when_in turned round."""
    graph = make_graph(islands, islands__none, region="FR", size="small")

    assert run(graph, "islands", x=1) == "none"
    assert graph.nodes["islands"].config_used == {"region": "FR"}


def test_no_variant_leaves_an_input() -> None:
    """When no variant is chosen the name comes from outside."""
    graph = make_graph(model__us, uses_model, region="FR")

    assert graph.inputs["model"].required
    assert graph.inputs["model"].type is str


def test_two_underscores_mean_nothing_without_config() -> None:
    """Only config makes variants: otherwise the whole name is the node's."""
    assert list(make_graph(model__plain).nodes) == ["model__plain"]


VARIANTS = """
from dagbuild import config, hamilton_exclude

@config.when(region="US")
def tax__us(x: int) -> str: return "us"
@config.when_in(region=["UK", "IE"], size=["small"])
def tax__islands(x: int) -> str: return "islands"
@hamilton_exclude
@config.when(region="FR")
def tax__excluded(x: int) -> str: return "excluded"
@config.when(region="FR")
def other__fr(x: int) -> str: return "other"
@DEFAULT
def tax__rest(x: int) -> str: return "rest"
@config.when(other_key=1, name="tax")
def named(x: int) -> str: return "named"
"""


@pytest.mark.parametrize("written", ["config.default", "config.default()"])
@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"region": "US"}, "us"),
        ({"region": "UK", "size": "small"}, "islands"),
        ({"region": "UK"}, "rest"),
        ({"region": "FR"}, "rest"),
        ({}, "rest"),
        ({"other_key": 1}, "named"),
    ],
)
def test_a_default_is_for_all_that_no_other_variant_is_for(
    written: str, given: dict[str, Any], value: str
) -> None:
    """Of its module; what was asked to find that out is known, and nothing else."""
    module = module_from_source(VARIANTS.replace("DEFAULT", written), "taxes")
    graph = load_graph([module], given)

    assert run(graph, "tax", x=1) == value
    if value == "rest":
        assert graph.nodes["tax"].config_used == {
            "region": given.get("region"), "size": given.get("size"), "other_key": None,
        }  # fmt: skip


def test_a_name_can_be_given() -> None:
    """`name` is the node's name."""
    assert list(make_graph(anything, region="US").nodes) == ["chosen"]


def test_a_resolver_is_seen_reading() -> None:
    """The keys a resolver asks for are known without being told."""
    graph = make_graph(big__v, size=4)

    assert graph.nodes["big"].config_used == {"size": 4}


def test_several_conditions_must_all_hold() -> None:
    """Stacked conditions all count, and all that they read is known."""
    assert list(make_graph(both__v, region="US", size=2).nodes) == []
    assert make_graph(both__v, region="US", size=1).nodes["both"].config_used == {"region": "US", "size": 1}


def test_two_survivors_are_refused() -> None:
    """Two variants under one config are an error that names both."""

    @config.when(region="US")
    def a__one(x: int) -> int:
        return x

    @config.when_in(region=["US"])
    def a__two(x: int) -> int:
        return x

    with pytest.raises(GraphError) as caught:
        make_graph(a__one, a__two, region="US")

    message = caught.value.problems[0].message
    assert message.startswith("'a' has two variants under this config (region='US'): 'a__one' at ")
    assert message.endswith(" and 'a__two'")


def test_resolve_makes_a_decorator_from_config() -> None:
    """The decorator's arguments come from config, and the node knows which values it read."""

    @resolve(
        when=ResolveAt.CONFIG_AVAILABLE,
        decorate_with=lambda names, kind=int: extract_fields(dict.fromkeys(names, kind)),
    )
    def parts(x: int) -> dict:  # type: ignore[type-arg]  # no more than that is known before config is
        return {"p": x, "q": x + 1}

    graph = make_graph(parts, names=["p", "q"])

    assert list(graph.nodes) == ["parts", "p", "q"]
    assert run(graph, "q", x=1) == 2
    assert graph.nodes["q"].config_used == {"names": ["p", "q"], "kind": None}


def test_resolve_needs_its_config() -> None:
    """A missing config value is told with its name."""

    @resolve_from_config(decorate_with=lambda names: extract_fields(names))
    def parts(x: int) -> dict:  # type: ignore[type-arg]  # no more than that is known before config is
        return {}

    with pytest.raises(GraphError) as caught:
        make_graph(parts)

    assert caught.value.problems[0].message == (
        "@resolve_from_config: it reads the config value 'names', which is not there"
    )


@pytest.mark.parametrize("make", [lambda: config.when(region="US"), lambda: 3])
def test_resolve_takes_only_decorators_that_change_nodes(make: Any) -> None:
    """What chooses between functions comes too late from config, and what is no decorator is none."""

    @resolve_from_config(decorate_with=lambda: make())
    def parts(x: int) -> dict:  # type: ignore[type-arg]  # no more than that is known before config is
        return {}

    with pytest.raises(GraphError, match="which is no decorator that config can make"):
        make_graph(parts)


def test_resolve_knows_one_moment() -> None:
    """Anything else is told where it is written."""
    with pytest.raises(GraphError, match="@resolve: when is 'later'"):
        resolve(when="later", decorate_with=lambda names: extract_fields(names))  # type: ignore[arg-type]  # wrong on purpose


def test_excluded_functions_are_no_nodes() -> None:
    """hamilton_exclude works with and without brackets, and needs no annotations."""

    @hamilton_exclude
    def one(x: Any) -> Any:
        return x

    @hamilton_exclude()  # type: ignore[untyped-decorator]  # with or without brackets it may be anything
    def two(x: Any) -> Any:
        return x

    assert list(make_graph(one, two).nodes) == []
    assert one(3) == 3
