"""What every codec promises, as a suite that runs on each of its values, over stores with and without files.

Knows no codec: values go in and come out by `Artifacts`, as a build saves and loads them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.codecs.encoding import PLAIN
from dagbuild.codecs.registry import ClosedRegistry, default_registry
from dagbuild.ground.errors import CodecError
from dagbuild.ground.override import override
from dagbuild.model.record import Artifact, BlobRef
from dagbuild.store.local import LocalStore
from dagbuild.testing.memory import MemoryStore

SMALL = 32 * 1024
"""Bytes of a blob from which it is data; smaller ones may be read to describe a value."""


class CodecContract:
    """What a codec promises: a value comes back as it was, and equal values are equal bytes.

    A subclass says the codec's `name` with its version, and gives `values`. The codec must be registered: by `@codec`
    in a module that the test imports, or by its entry point. Where `==` does not tell whether two values are the same
    (arrays, tables, classes without `__eq__`), it also has its own `assert_same`.
    """

    name: str
    """Of the codec that is to take all the values: "track/1"."""

    code: bool | None = None
    """Whether the values hold something that could run code when they are read back, where the codec itself is safe; of
    any other codec that is always said."""

    stable = True
    """Whether a value that was loaded is stored as the very bytes that it came from."""

    def values(self) -> Sequence[Any]:
        """Return values to try, no two of them the same; the empty, the long and the odd ones are worth most.

        Called once for a class: the tests do not change them.
        """
        raise NotImplementedError

    def assert_same(self, saved: Any, loaded: Any) -> None:
        """Fail unless the loaded value is the saved one in all that counts."""
        assert type(loaded) is type(saved)
        assert loaded == saved

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test that takes a value once for each of them."""
        if "value" in metafunc.fixturenames:
            metafunc.parametrize("value", range(len(_values_of(type(self)))), indirect=True)

    @pytest.fixture
    def value(self, request: pytest.FixtureRequest) -> Any:
        """One of the values."""
        return _values_of(type(self))[request.param]

    @pytest.fixture(params=["local", "memory"])
    def artifacts(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Artifacts]:
        """A store with files, which are mapped, and one without."""
        local = request.param == "local"
        store = LocalStore(tmp_path / "cache") if local else MemoryStore()
        yield Artifacts(store)
        store.close()

    def test_gives_back_what_was_saved(self, artifacts: Artifacts, value: Any) -> None:
        """A loaded value is equal to the saved one in every way that can be seen."""
        self.assert_same(value, artifacts.load(artifacts.save(value)))

    def test_artifact_is_plain_json(self, artifacts: Artifacts, value: Any) -> None:
        """An artifact survives its way through a record."""
        artifact = artifacts.save(value)

        again = Artifact.from_json(json.loads(json.dumps(artifact.to_json())))

        assert again.digest == artifact.digest
        self.assert_same(value, artifacts.load(again))

    def test_is_the_same_again(self, artifacts: Artifacts, value: Any) -> None:
        """What was loaded is the same artifact as what was saved; so is what is only encoded or digested."""
        artifact = artifacts.save(value)

        assert artifacts.digest(value) == artifact.digest
        assert artifacts.encode(value)[0] == artifact
        if self.stable:
            assert artifacts.save(artifacts.load(artifact)) == artifact

    def test_encode_gives_the_blobs(self, artifacts: Artifacts, value: Any) -> None:
        """The bytes that `encode` gives are those that `save` would store."""
        artifact, blobs = artifacts.encode(value)

        sizes = [sum(memoryview(chunk).nbytes for chunk in chunks) for chunks in blobs]
        assert sizes == [ref.size for ref in artifact.blobs]

    def test_tells_whether_it_is_code(self, artifacts: Artifacts, value: Any) -> None:
        """The codec is the one for the type; what it stores is marked as code unless it says that it is safe."""
        artifact = artifacts.save(value)

        could_run = self.name != PLAIN and not default_registry().get_codec(self.name).safe
        assert (artifact.codec, artifact.code) == (self.name, could_run if self.code is None else self.code)

    def test_runs_nothing_where_nothing_may_run(self, artifacts: Artifacts, value: Any) -> None:
        """Of a record that nobody who is trusted has signed, a codec of the project's own reads nothing at all.

        One that is safe, and dagbuild's own, gives the same value: it unpickles nothing and imports nothing by a name.
        """
        artifact = artifacts.save(value)
        unsigned = replace(artifact, data_only=True)

        may_be_read = not artifact.code and (
            self.name == PLAIN or ClosedRegistry().find_obstacle(self.name) is None
        )
        try:
            loaded = artifacts.load(unsigned)
        except CodecError as error:
            assert "nobody who is trusted" in str(error)  # an Arrow type that somebody registers, say
            return
        assert may_be_read
        self.assert_same(value, loaded)

    def test_describes_without_blobs_of_data(self, value: Any) -> None:
        """A value can be described where only its small blobs can be read."""
        store = _SmallBlobs()
        artifact = Artifacts(store).save(value)

        description = Artifacts(store).describe(artifact)

        assert description["kind"]
        assert description["bytes"] == artifact.size
        json.dumps(description)

    def test_all_values_differ(self) -> None:
        """No two of the values are one artifact."""
        artifacts = Artifacts(MemoryStore())
        values = _values_of(type(self))

        assert len({artifacts.digest(value) for value in values}) == len(values)


_MADE: dict[type[CodecContract], Sequence[Any]] = {}


def _values_of(suite: type[CodecContract]) -> Sequence[Any]:
    if suite not in _MADE:
        _MADE[suite] = suite().values()
    return _MADE[suite]


class _SmallBlobs(MemoryStore):
    """Takes all blobs, and gives back the small ones only."""

    @override
    def get_blob(self, ref: BlobRef) -> memoryview:
        assert ref.size < SMALL, "a blob of data was read"
        return super().get_blob(ref)
