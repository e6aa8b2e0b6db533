"""`retry`, `timeout` and `resources`: on which nodes they are noted, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from dagbuild import UserError
from dagbuild.ground.errors import GraphError
from dagbuild.model.node import MODEST, Resources, Retry
from dagbuild.modifiers import (
    ResolveAt,
    cache,
    check_output,
    extract_columns,
    parameterize,
    ray_remote_options,
    resolve,
    resources,
    retry,
    tag,
    timeout,
    value,
)
from tests.unit.modifiers.running import make_graph


@timeout("1h 30min")
@check_output(min_rows=1)
@retry(3, on=(OSError, KeyError), wait="5s")
@extract_columns("a")
@tag(owner="growth")
def frame(x: int) -> pd.DataFrame:
    return pd.DataFrame({"a": [x]})


@retry(2, on=OSError, wait=0.5)
@parameterize(one={"x": value(1)}, two={"x": value(2)})
def several(x: int) -> int:
    return x


@resources(cpus=2, gpus=0.5, memory="4 GiB", custom={"licence": 1})
@extract_columns("b")
@check_output(min_rows=1)
def large(x: int) -> pd.DataFrame:
    return pd.DataFrame({"b": [x]})


@resolve(when=ResolveAt.CONFIG_AVAILABLE, decorate_with=lambda tries: retry(tries))
def configured(x: int) -> int:
    return x


def test_they_are_for_the_node_that_runs_the_function() -> None:
    """Wherever they stand among other decorators: checks and parts of its value are not tried again."""
    nodes = make_graph(frame).nodes

    limited = {name: (node.retry, node.timeout) for name, node in nodes.items() if node.retry or node.timeout}
    assert len(nodes) > 2
    assert set(limited.values()) == {(Retry(3, (OSError, KeyError), 5.0), 5400.0)}
    assert [nodes[name].function for name in limited] == [frame]


def test_what_a_call_takes_is_said_of_the_function_alone() -> None:
    """What is made of its value is modest."""
    nodes = make_graph(large).nodes

    taking = [node for node in nodes.values() if node.resources is not MODEST]
    assert [node.function for node in taking] == [large]
    assert taking[0].resources == Resources(2.0, 0.5, 4 << 30, {"licence": 1.0})


def test_each_node_of_a_function_has_them() -> None:
    """One class of exceptions needs no tuple, and a number is in seconds."""
    nodes = make_graph(several).nodes

    assert {name: node.retry for name, node in nodes.items()} == dict.fromkeys(
        ("one", "two"), Retry(2, (OSError,), 0.5)
    )


def test_config_may_say_how_many_tries_there_are() -> None:
    """As of every decorator."""
    assert make_graph(configured, tries=4).nodes["configured"].retry == Retry(4)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: retry(lambda: 1), "a whole number from 1 on, not by a function"),  # type: ignore[arg-type]
        (lambda: retry(0), "not by 0"),
        (lambda: retry(True), "not by True"),
        (lambda: retry(2, on=(OSError, 3)), "on=3 is no class below Exception"),  # type: ignore[arg-type]
        (lambda: retry(2, on=KeyboardInterrupt), "KeyboardInterrupt'> is no class below"),  # type: ignore[arg-type]
        (lambda: retry(2, on=UserError), "on=UserError: what that says is to be mended"),
        (lambda: retry(2, wait="5"), "'5' is no duration"),
        (lambda: retry(2, wait="-5 s"), "wait='-5 s' is less than nothing"),
        (lambda: retry(2, wait=float("inf")), "inf is no duration"),
        (lambda: timeout(lambda: 1), "how long a call may take is not said"),  # type: ignore[arg-type]
        (lambda: timeout("soon"), "'soon' is no duration"),
        (lambda: timeout("999999999999 days"), "is no duration"),
        (lambda: timeout(0), "0 is no time to do anything in"),
        (lambda: resources(lambda: 1), "what a call takes is not said"),  # type: ignore[arg-type]
        (lambda: resources(cpus=0), "cpus=0 is no number of them"),
        (lambda: resources(gpus=-1), "gpus=-1 is no number of them"),
        (lambda: resources(cpus="2"), "cpus='2' is no number of them"),  # type: ignore[arg-type]
        (lambda: resources(memory="much"), "memory wants a size like \"20 GB\", not 'much'"),
        (lambda: resources(custom={"licence": 0}), "custom 'licence'=0 is no number of them"),
    ],
)
def test_what_they_cannot_take_is_refused(make: Callable[[], Any], told: str) -> None:
    """When the decorator is made, in the user's line."""
    with pytest.raises(GraphError) as refused:
        make()

    assert told in str(refused.value)


@pytest.mark.parametrize("modifier", [retry(2), timeout(1.0), resources(2)])
def test_they_are_said_once(modifier: retry | timeout | resources) -> None:
    """Of two nobody could say which one counts."""

    def twice(x: int) -> int:
        return x

    with pytest.raises(GraphError, match="it stands on the function twice"):
        make_graph(modifier(modifier(twice)))


@pytest.mark.parametrize("modifier", [retry(2), timeout(1.0), resources(2)])
def test_a_node_that_is_never_cached_has_no_call_of_its_own(modifier: retry | timeout | resources) -> None:
    """It runs inside the steps of others, which it would be about."""

    def view(x: int) -> int:
        return x

    with pytest.raises(GraphError, match=rf"@{modifier.label}: 'view' is never cached") as refused:
        make_graph(modifier(cache("never")(view)))

    assert "test_limits.py:" in str(refused.value)


def test_rays_names_mean_the_same() -> None:
    """As in Hamilton; what has no meaning here is refused."""

    def node() -> int:
        return 1

    def other() -> int:
        return 1

    graph = make_graph(
        ray_remote_options(num_cpus=2, num_gpus=1, memory=1000, resources={"tpu": 3})(node),
        resources(cpus=2, gpus=1, memory=1000, custom={"tpu": 3})(other),
    )
    assert graph.nodes["node"].resources == graph.nodes["other"].resources
    with pytest.raises(
        GraphError, match="@ray_remote_options: there is nothing here that 'max_retries' could mean"
    ):
        ray_remote_options(max_retries=3)
