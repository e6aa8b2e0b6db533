"""Tags, schema, files read, cache policy; and what every decorator promises."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dagbuild import Driver
from dagbuild.ground.errors import GraphError
from dagbuild.model.node import CachePolicy
from dagbuild.modifiers import cache, check_output, does, extract_columns, reads, schema, tag, tag_outputs
from dagbuild.plan.events import How
from tests.unit.modifiers.running import make_graph


def _helper(x: int) -> int:
    return x


@tag(owner="growth", area=["a", "b"])
@tag(owner="other", level="1")
def tagged(x: int) -> int:
    return x


@tag(target_=..., team="all")
@tag_outputs(a={"kind": "column"}, frame={"kind": "frame"})
@tag(team="columns")
@extract_columns("a")
def frame(x: int) -> pd.DataFrame:
    return pd.DataFrame({"a": [x]})


@schema.output(("a", "int"), ("b", "str"))
@reads("data/holidays.csv", "data/other.csv")
@cache(format="parquet", version=3, ignore=[_helper])
@check_output(min_rows=1)
@extract_columns("part")
def described(x: int) -> pd.DataFrame:
    return pd.DataFrame({"part": [x]})


def test_a_decorator_returns_the_very_function() -> None:
    """Functions stay plain: they can be called and tested without dagbuild."""

    def plain(x: int) -> int:
        return x + 1

    decorated = tag(a="b")(cache("never")(plain))

    assert decorated is plain
    assert decorated(1) == 2


def test_a_wrapped_function_shares_no_notes() -> None:
    """A decorator above a wrapper of the user's leaves the inner function as it was."""

    def double(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return 2 * function(*args, **kwargs)

        return wrapper

    @tag(a="inner")
    def inner(x: int) -> int:
        return x

    outer = tag(b="outer")(double(inner))

    assert make_graph(inner).nodes["inner"].tags == {"a": "inner"}
    node = make_graph(outer).nodes["inner"]
    assert node.tags == {"a": "inner", "b": "outer"}
    assert (node.function(x=2), node.upstream, node.type) == (4, ("x",), int)


def test_tags_add_up() -> None:
    """The decorator further out wins."""
    assert make_graph(tagged).nodes["tagged"].tags == {"owner": "growth", "area": ["a", "b"], "level": "1"}


def test_tags_go_to_the_last_nodes_unless_told() -> None:
    """Columns are tagged, not the frame; `...` means all; tag_outputs names nodes."""
    nodes = make_graph(frame).nodes

    assert nodes["a"].tags == {"team": "all", "kind": "column"}
    assert nodes["frame"].tags == {"team": "all", "kind": "frame"}


def test_cache_policy_format_is_for_the_whole_value() -> None:
    """Version and helpers count for all nodes of the function, the format for those that hold its value."""
    nodes = make_graph(described).nodes

    assert nodes["described"].cache == CachePolicy(format="parquet", version="3", ignore=(_helper,))
    assert nodes["part"].cache == CachePolicy(version="3", ignore=(_helper,))
    assert nodes["part_min_rows_validator"].cache.format is None


@pytest.mark.parametrize("given", [cache("never"), cache(never=True), cache("disable"), cache("ignore")])
def test_never_cached(given: Any) -> None:
    """Four ways to say it."""

    def view(x: int) -> int:
        return x

    assert make_graph(given(view)).nodes["view"].cache.never


@pytest.mark.parametrize("word", ["always", "recompute"])
def test_made_again_in_each_build(word: str, tmp_path: Path) -> None:
    """What takes its value runs again where that is another one; asking what is stale tells of it, each time."""
    made = [1, 1, 2]

    def drawn() -> int:
        return made.pop(0)

    def below(drawn: int) -> int:
        return drawn + 1

    driver = Driver({}, cache(word)(drawn), below, cache=tmp_path, executor="inline", undeclared="off")
    ran = [driver.build(["below"]).names(How.COMPUTED) for _ in range(3)]

    assert ran == [["drawn", "below"], ["drawn"], ["drawn", "below"]]
    assert [str(reason) for reason in driver.status(["below"]).steps["drawn"].reasons] == [
        "it runs in each build"
    ]


def test_files_read_are_noted_where_the_function_runs() -> None:
    """The columns of a frame read no file themselves."""
    nodes = make_graph(described).nodes

    assert nodes["described"].reads == ("data/holidays.csv", "data/other.csv")
    assert nodes["part"].reads == ()

    @reads("a.txt")
    @does(_helper)
    def lent(x: int) -> int:  # type: ignore[empty-body]  # its body is another function's
        pass

    assert make_graph(lent).nodes["lent"].reads == ("a.txt",)


def test_schema_is_noted_on_the_last_nodes() -> None:
    """Fields and types, for people."""
    assert make_graph(described).nodes["part"].schema == (("a", "int"), ("b", "str"))


def test_an_unknown_target_is_refused() -> None:
    """The message lists the function's nodes."""
    lost = tag(target_="lost", a="b")(lambda_like())

    with pytest.raises(GraphError) as caught:
        make_graph(lost)

    assert caught.value.problems[0].message == "@tag: target 'lost' is none of the function's nodes: one"


def lambda_like() -> Any:
    def one(x: int) -> int:
        return x

    return one


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tag(**{"a b": "c"}), "@tag: 'a b' is no name of a tag"),
        (
            lambda: tag(**{"module.x": "c"}),
            "@tag: 'module.x': names that begin with 'module' are kept for tools",
        ),
        (lambda: tag(a=3), "@tag: 'a' is 3; a text or a list of texts is needed"),  # type: ignore[arg-type]  # wrong on purpose
        (lambda: cache("sometimes"), "@cache: there is no behavior 'sometimes'"),
        (lambda: cache(ignore=["name"]), "@cache: ignore='name' is no function or class"),  # type: ignore[list-item]  # wrong on purpose
        (lambda: reads(), "@reads: paths are needed"),
        (lambda: tag(a="b")(3), "@tag stands on 3, which is no function"),  # type: ignore[type-var]  # wrong on purpose
    ],
)
def test_wrong_arguments_are_told_where_they_are_written(make: Any, message: Any) -> None:
    """A decorator refuses what it cannot use when the module is imported."""
    with pytest.raises(GraphError) as caught:
        make()

    assert caught.value.problems[0].message == message
