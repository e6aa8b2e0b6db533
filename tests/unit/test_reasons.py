"""The difference of two manifests in the user's words."""

import pytest

from dagbuild.model.record import UNSEEN, Manifest, Part
from dagbuild.plan.reasons import find_changes

BASE = (Part("node", "spend", "spend"), Part("source", "", "s1"))


def change(old: list[Part], new: list[Part]) -> list[str]:
    return [str(reason) for reason in find_changes(Manifest((*BASE, *old)), Manifest((*BASE, *new)))]


def test_nothing_changed_gives_no_reason() -> None:
    """Equal manifests are equal whatever their text says."""
    assert change([Part("config", "region", "d", "US")], [Part("config", "region", "d", "us")]) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (Part("config", "region", "1", "US"), Part("config", "region", "2", "UK"), "config region: US -> UK"),
        (
            Part("package", "pandas", "1", "3.1.0"),
            Part("package", "pandas", "2", "3.1.1"),
            "pandas 3.1.0 -> 3.1.1",
        ),
        (  # what [build] packages says of it
            Part("package", "numpy", "2.1.0", "2.1.0"),
            Part("package", "numpy", "2.1", "2.1.0"),
            "numpy is 2.1.0 as before, but how much of that counts changed",
        ),
        (
            Part("package", "numpy", "2.1.0", "2.1.0"),
            Part("package", "numpy", "", "2.1.0", counts=False),
            "numpy is 2.1.0 as before, but how much of that counts changed",
        ),
        (Part("python", "python", "1", "3.11"), Part("python", "python", "2", "3.12"), "Python 3.11 -> 3.12"),
        (Part("file", "data/spend.csv", "1"), Part("file", "data/spend.csv", "2"), "data/spend.csv changed"),
        (
            Part("constant", "LIMIT", "1", "1", "settings.py:3"),
            Part("constant", "LIMIT", "2", "2", "settings.py:3"),
            "constant `LIMIT`: 1 -> 2 (settings.py:3)",
        ),
        (
            Part("class", "models.Model", "1", where="models/__init__.py:3"),
            Part("class", "models.Model", "2", where="models/__init__.py:3"),
            "class `Model` changed (models/__init__.py:3)",
        ),
        (
            Part("helper", "features.io.clean", "1", where="features/io.py:12"),
            Part("helper", "features.io.clean", "2", where="features/io.py:14"),
            "helper `clean` changed (features/io.py:14)",
        ),
    ],
)
def test_each_kind_has_its_words(old: Part, new: Part, said: str) -> None:
    """What a user reads names the thing and, where short, both values."""
    assert change([old], [new]) == [said]


def test_most_telling_change_comes_first() -> None:
    """A switched config value explains the other function that it chose."""
    old = [Part("helper", "clean", "1"), Part("config", "region", "1", "US")]
    new = [Part("helper", "clean", "2"), Part("config", "region", "2", "UK")]

    assert change(old, new)[0] == "config region: US -> UK"


def test_added_and_removed_helpers_are_told() -> None:
    """A helper that came or went has a name too."""
    assert change([], [Part("helper", "clean", "1", where="io.py:1")]) == [
        "now uses helper `clean` (io.py:1)"
    ]
    assert change([Part("helper", "clean", "1")], []) == ["no longer uses helper `clean`"]


def test_what_nobody_sees_is_no_change() -> None:
    """It is told by itself, and is no reason for anything."""
    clock = Part(UNSEEN, "reads the clock: time.time", "", "make it an input", "nodes.py:3", counts=False)

    assert change([], [clock]) == change([clock], []) == []
