"""Values that are equal to themselves only: they go by their names, or are refused."""

from __future__ import annotations

import sys
import threading
from collections import namedtuple
from types import ModuleType
from typing import Any

import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.ground.errors import CodecError

MISSING = object()
LOCK = threading.Lock()


class Bag:
    """One that can change."""

    def __init__(self) -> None:
        self.items: list[int] = []


class Plain:
    """One that is nothing but itself."""


BAG = Bag()
double = lambda x: 2 * x  # noqa: E731
Row = namedtuple("Rw", "u v")  # type: ignore[name-match]


def test_what_has_a_name_is_itself(artifacts: Artifacts) -> None:
    """Alone and in whatever holds it; the artifact says that it stands for code, and for what."""
    artifact = artifacts.save({"v": [MISSING, MISSING]})
    loaded = artifacts.load(artifact)

    assert loaded["v"][0] is loaded["v"][1] is MISSING
    assert artifact.code
    assert artifact.names == (f"{__name__}:MISSING",)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (object(), ""),
        ({"v": [1, object()]}, r" at \['v'\]\[1\]"),
        ({"v": {object()}}, r" an item of the set"),
    ],
)
def test_what_has_none_is_refused(artifacts: Artifacts, value: Any, place: str) -> None:
    """With the place, for a copy would be another one."""
    with pytest.raises(
        CodecError, match=f"'object'.*{place}.*equal to itself only, and no module has it under a name"
    ):
        artifacts.save(value)


def test_what_can_change_is_copied(artifacts: Artifacts) -> None:
    """A value that is handed to a node is its own, whatever module has it too."""
    loaded = artifacts.load(artifacts.save(BAG))

    assert loaded is not BAG
    loaded.items.append(1)
    assert BAG.items == []


def test_code_that_calls_itself_otherwise(artifacts: Artifacts) -> None:
    """A lambda, and a class that was made under another name, go by the names that their module has for them."""
    row = Row(1, 2)
    artifact = artifacts.save([double, row])
    loaded = artifacts.load(artifact)

    assert loaded[0] is double
    assert loaded[1] == row
    assert type(loaded[1]) is Row
    assert artifact.names == (f"{__name__}:Row", f"{__name__}:double")


def test_data_is_copied(artifacts: Artifacts) -> None:
    """Objects that no module has are data, also those without any state."""
    loaded = artifacts.load(artifacts.save([Plain(), Plain()]))

    assert [type(each) for each in loaded] == [Plain, Plain]


def test_locks_are_refused_still(artifacts: Artifacts) -> None:
    """What is made in C may have a state that nobody sees."""
    with pytest.raises(CodecError, match="lock"):
        artifacts.save({"lock": LOCK})


def test_a_name_that_is_gone(artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The value cannot be read any more, and the reason says so."""
    module: Any = ModuleType("passing")
    module.GONE = object()
    monkeypatch.setitem(sys.modules, "passing", module)
    artifact = artifacts.save([module.GONE])
    assert artifacts.load(artifact)[0] is module.GONE

    del module.GONE
    with pytest.raises(CodecError, match=r"passing\.GONE"):
        artifacts.load(artifact)


def test_the_module_of_the_class_comes_first(artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that another module has imported has one name, whatever is imported first."""
    for name in ("aaa", "zzz"):
        module: Any = ModuleType(name)
        module.OTHER = NOTHING
        monkeypatch.setitem(sys.modules, name, module)

    assert artifacts.save(NOTHING).names == (f"{__name__}:NOTHING",)


NOTHING = Plain()
