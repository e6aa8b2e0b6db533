"""Files seen as memory."""

import resource
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.codecs import mapping, reader
from dagbuild.codecs.mapping import FilePart, map_files, page_rounded
from dagbuild.ground.errors import BlobMissingError
from dagbuild.store.local import LocalStore
from tests.exact import assert_same

pytestmark = pytest.mark.skipif(not mapping.CAN_MAP, reason="no fixed mappings here")


@pytest.fixture
def parts(tmp_path: Path) -> Any:
    page = page_rounded(1)
    for name, data in (("a", b"a" * page), ("b", b"b" * 10)):
        (tmp_path / name).write_bytes(data)
    return [FilePart(0, tmp_path / "a", page), FilePart(page, tmp_path / "b", 10)]


def test_files_lie_side_by_side(parts: Any) -> None:
    """Two files are one memory, and the rest of the last page is zeros."""
    memory = map_files(parts, parts[1].offset + 20)

    assert bytes(memory[parts[1].offset - 2 :]) == b"aa" + b"b" * 10 + bytes(10)


def test_writing_stays_in_the_mapping(parts: Any) -> None:
    """What is written reaches neither the file nor another mapping."""
    length = parts[1].offset + 10
    mine, other = map_files(parts, length), map_files(parts, length)

    mine[0] = 0

    assert other[0] == ord("a")
    assert parts[0].path.read_bytes()[0] == ord("a")


def test_memory_goes_with_its_last_view(parts: Any) -> None:
    """A view keeps the memory; without one it is given back."""

    def mapped() -> Any:
        return sum(str(parts[0].path) in line for line in open("/proc/self/maps"))

    memory = map_files(parts, parts[1].offset + 10)
    view = np.frombuffer(memory, np.uint8)[:5]
    del memory
    assert (mapped(), view[0]) == (1, ord("a"))

    del view
    assert mapped() == 0


def test_a_file_of_another_size_is_refused(parts: Any) -> None:
    """Reading behind the end of a mapped file would kill the process."""
    parts[1].path.write_bytes(b"b")

    with pytest.raises(OSError, match="not of the size"):
        map_files(parts, parts[1].offset + 10)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A blob that went away between look and map is missing, not a crash."""
    store = LocalStore(tmp_path)
    artifact = Artifacts(store).save(np.arange(1_000_000))
    store.blob_path(artifact.blobs[0]).unlink()

    with pytest.raises(BlobMissingError):
        Artifacts(store).load(artifact)


def test_a_value_outlives_its_files(tmp_path: Path) -> None:
    """Removing the blobs of a loaded value does it no harm."""
    store = LocalStore(tmp_path)
    artifact = Artifacts(store).save(pd.DataFrame({"a": np.arange(1_000_000.0)}))
    loaded = Artifacts(store).load(artifact)
    for blob in artifact.blobs:
        store.blob_path(blob).unlink()

    assert loaded["a"].sum() == np.arange(1_000_000.0).sum()


@pytest.mark.parametrize("broken", [False, True])
def test_without_mappings_values_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Any
) -> None:
    """Where mapping is not there, or fails, the value is the same."""
    frame = pd.DataFrame(
        {"a": np.arange(300_000.0), "b": np.arange(300_000.0), "s": [str(i) for i in range(300_000)]}
    )
    artifacts = Artifacts(LocalStore(tmp_path))
    artifact = artifacts.save(frame)
    calls = []

    def fail(*args: Any) -> None:
        calls.append(args)
        raise OSError("too many mappings")

    monkeypatch.setattr(reader, "map_files", fail)
    monkeypatch.setattr(reader, "CAN_MAP", broken)

    assert_same(frame, artifacts.load(artifact))
    assert bool(calls) == broken


def test_loading_takes_no_memory(tmp_path: Path) -> None:
    """A frame that is not touched costs address space only."""
    artifacts = Artifacts(LocalStore(tmp_path))
    artifact = artifacts.save(pd.DataFrame({f"c{i}": np.full(1_000_000, float(i)) for i in range(20)}))
    artifacts.load(artifact)  # verified, and whatever is imported is imported
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    frames = [artifacts.load(artifact) for _ in range(5)]

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert len(frames) == 5
    assert grown < 20_000  # KiB; the frames hold 800 MB
