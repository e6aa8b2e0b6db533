"""Hamilton's own decorators on a function: a module whose import was not changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dagbuild.ground.errors import GraphError
from dagbuild.modifiers import tag
from tests.unit.modifiers.running import make_graph


class check_output:
    """Stands for Hamilton's, which is not installed for these tests."""

    __module__ = "hamilton.function_modifiers.validation"


class pipe_input:
    """Another, of whose name there is none here."""

    __module__ = "hamilton.function_modifiers.macros"


class OwnCheck(check_output):
    """A user's own, made of Hamilton's."""


def note(attribute: str, *decorators: object) -> Callable[[Any], Any]:
    """Note decorators as Hamilton does (seen on 1.90): a list of them in an attribute for their stage."""

    def decorate(function: Any) -> Any:
        setattr(function, attribute, list(decorators))
        return function

    return decorate


KINDS = {
    "one that is here, too": (note("transform", check_output()), "check_output"),
    "one that is not": (note("transform", pipe_input()), "pipe_input"),
    "one of the user's own": (note("transform", OwnCheck()), "OwnCheck"),
    "one that chooses by config": (note("resolve", check_output()), "check_output"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_refused(kind: Any) -> None:
    """It would do nothing, and the value would be another than its reader expects."""
    decorate, name = KINDS[kind]

    @decorate
    def share() -> int:
        return 5

    with pytest.raises(GraphError) as caught:
        make_graph(share)

    (problem,) = caught.value.problems
    assert problem.message == f"@{name}: it is Hamilton's, and does nothing here"
    assert problem.hint is not None
    assert problem.hint.startswith("write 'dagbuild' in the place of 'hamilton': it has Hamilton's addresses")
    assert problem.where is not None
    assert "test_hamiltons.py" in problem.where


def test_all_of_them_are_told() -> None:
    """Those of several stages, on several functions."""

    @note("decorate_nodes", check_output())
    @note("transform", pipe_input(), check_output())
    def one() -> int:
        return 1

    @note("generate", pipe_input())
    def two() -> int:
        return 2

    with pytest.raises(GraphError) as caught:
        make_graph(one, two)

    assert len(caught.value.problems) == 4


def test_other_attributes_are_nobodys_business() -> None:
    """A function may carry what it likes."""

    @tag(owner="a")
    @note("transform", "hamilton", 3, object())
    def share() -> int:
        return 5

    share.limits = [1, 2]

    assert "share" in make_graph(share).nodes
