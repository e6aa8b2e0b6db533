"""What a record says of its value is enough to tell, without reading, that it cannot be read here."""

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.codecs import registry
from dagbuild.codecs.registry import Registry
from dagbuild.model.record import Artifact
from dagbuild.testing.memory import MemoryStore

FRAME = pd.DataFrame({"a": [1, 2]})


@pytest.fixture
def artifacts() -> Artifacts:
    return Artifacts(MemoryStore(), Registry())


@pytest.mark.parametrize("name", list(registry._DOORS))
def test_the_names_of_built_in_codecs_are_those_that_they_write(name: Any) -> None:
    """A codec that gets another version is known by it before it is opened."""
    assert Registry().get_codec(name).name == name


@pytest.mark.parametrize(
    "value",
    [5, "text", {"a": [1, FRAME]}, FRAME, pl.DataFrame({"a": [1]}), np.arange(3), FRAME.sum, {"a": (float("nan"),)}],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_was_written_here_can_be_read_here(artifacts: Artifacts, value: Any) -> None:
    """Data and pickles, alone and in containers."""
    assert artifacts.find_obstacle(artifacts.save(value)) is None


@pytest.mark.parametrize("place", ["alone", "in a container"])
def test_another_version_of_a_codec(artifacts: Artifacts, place: Any) -> None:
    """Of the value itself or of what a container holds."""
    form = {"form": ["list", 1, ["dict", "key", ["@", "pandas/99", {}]]]}
    artifact = Artifact("pandas/99", {"form": {}}) if place == "alone" else Artifact("plain/1", form)

    assert artifacts.find_obstacle(artifact) == (
        f"written by codec 'pandas/99', this dagbuild reads '{registry._BUILT_IN['pandas']}'"
    )


def test_a_codec_that_nobody_has_registered(artifacts: Artifacts) -> None:
    """Its name is told."""
    obstacle = artifacts.find_obstacle(Artifact("celsius/1", {}))
    assert obstacle is not None
    assert "there is no codec 'celsius' here" in obstacle


def test_only_what_a_container_holds_is_a_form(artifacts: Artifacts) -> None:
    """Not what stands in the form of something else."""
    form = ["@", "polars/0", {}]

    assert artifacts.find_obstacle(Artifact("plain/1", {"form": ["list", form]})) is not None
    assert artifacts.find_obstacle(Artifact("plain/1", {"form": ["list", ["str", form]]})) is None


def test_a_library_that_is_not_there(artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named with the version that wrote the value, and found when it has come."""
    artifact = artifacts.save({"frame": pl.DataFrame({"a": [1]})})
    poor = Artifacts(MemoryStore(), Registry())
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "polars", None)
        before = poor.find_obstacle(artifact)

    assert before == f"it was written with polars {pl.__version__}: install it"
    assert poor.find_obstacle(artifact) is None


def test_what_another_distribution_provides_is_there(artifacts: Artifacts) -> None:
    """opencv-python and opencv-python-headless, say: the module that the value needs is what counts."""
    there = Artifact(
        "pickle/2", {"form": {}}, code=True, libraries={"forked": "1"}, names=("pandas:DataFrame",)
    )
    gone = Artifact("pickle/2", {"form": {}}, code=True, libraries={"forked": "1"}, names=("forked_lib:A",))

    assert artifacts.find_obstacle(there) is None
    assert artifacts.find_obstacle(gone) == "it was written with forked 1: install it"


@pytest.mark.parametrize(
    "artifact",
    [
        Artifact("plain/1", "text"),
        Artifact("plain/1", {"form": [[], ["@"], ["@", 5], {}, None]}),
        Artifact("pickle/2", None, libraries={"": "1"}, names=("", ":a", "\0:b")),
    ],
)
def test_records_that_say_nonsense_raise_nothing(artifacts: Artifacts, artifact: Any) -> None:
    """Whoever reads the value finds out."""
    assert artifacts.find_obstacle(artifact) in {None, "it was written with  1: install it"}


def test_nothing_is_imported_to_find_out() -> None:
    """Neither the codecs nor their libraries."""
    code = """
import sys
from dagbuild.artifacts import Artifacts
from dagbuild.codecs.registry import _DOORS
from dagbuild.model.record import Artifact
from dagbuild.testing.memory import MemoryStore
artifacts = Artifacts(MemoryStore())
libraries = dict.fromkeys(["numpy", "pandas", "polars", "pyarrow"], "1")
for name in _DOORS:
    assert artifacts.find_obstacle(Artifact(name, {}, libraries=libraries)) is None, name
print(sorted(set(libraries) & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("[]\n", "")
