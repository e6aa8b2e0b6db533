"""A bare object inside another one is copied where nobody else could tell: where somebody could, it is refused."""

from __future__ import annotations

import io
from functools import partial
from typing import Any

import pytest
from matplotlib.figure import Figure

from dagbuild.artifacts import Artifacts
from dagbuild.ground.errors import CodecError


class Holder:
    """Knows what is missing by an object of its own."""

    def __init__(self, mark: object) -> None:
        self.mark = mark
        self.table = {"a": mark, "b": 1}
        self.find = partial(self.table.get, "c", mark)

    def lacks(self, name: str) -> bool:
        return self.table.get(name, self.mark) is self.mark


class Slots:
    __slots__ = ("kept",)

    def __init__(self, kept: object) -> None:
        self.kept = kept


def make_default() -> Any:
    """Return a function that knows one by its default, and the same in a closure."""
    mark = object()

    def is_missing(value: object, mark: object = mark) -> bool:
        return value is mark

    return is_missing


def test_a_private_one_is_the_same_everywhere_in_the_value(artifacts: Artifacts) -> None:
    """The object answers as before, whatever holds it in there."""
    loaded = artifacts.load(artifacts.save(Holder(object())))

    assert [loaded.lacks(name) for name in "abc"] == [True, False, True]
    assert loaded.find() is loaded.mark
    assert type(loaded.mark) is object


@pytest.mark.parametrize("hold", [lambda mark: [mark], lambda mark: {mark}, lambda mark: (mark,), Slots])
def test_one_that_somebody_else_holds_is_refused(artifacts: Artifacts, hold: Any) -> None:
    """A list, a set, a tuple or an object outside the value has it, too."""
    mark = object()
    held = hold(mark)
    value = Holder(mark)
    del mark

    with pytest.raises(CodecError, match=r"at \.mark: it is equal to itself only"):
        artifacts.save(value)
    del held
    artifacts.save(value)


def test_one_of_a_default_argument_is_refused(artifacts: Artifacts) -> None:
    """A function could be asked about it, and would answer otherwise of a copy."""
    is_missing = make_default()
    value = Slots(is_missing.__defaults__[0])

    with pytest.raises(CodecError, match=r"at \.kept: it is equal to itself only"):
        artifacts.save(value)


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset])
def test_one_in_the_open_is_refused(artifacts: Artifacts, kind: Any) -> None:
    """Who is given plain data gets what is in it by itself."""
    with pytest.raises(CodecError, match="equal to itself only"):
        artifacts.save(kind([object()]))
    with pytest.raises(CodecError, match="equal to itself only"):
        artifacts.save({"k": kind([1, object()])})


def test_a_drawing_comes_back(artifacts: Artifacts) -> None:
    """Matplotlib has such in all axes."""
    figure = Figure()
    axes = figure.subplots(2, 1, sharex=True)
    axes[0].plot([1, 2, 3], [3, 1, 2], label="a line")
    axes[0].legend()
    axes[1].bar(["a", "b", "c"], [1, 2, 3])
    figure.suptitle("drawn")

    loaded = artifacts.load(artifacts.save(figure))

    assert draw(loaded) == draw(figure)


def draw(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
