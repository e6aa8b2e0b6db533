"""Files seen as memory."""

import os
import resource
from collections.abc import Callable
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


PAGE = page_rounded(1)
PARTS: list[FilePart] = [(0, PAGE, 0), (PAGE, 10, 1)]


@pytest.fixture
def open_file(tmp_path: Path) -> Callable[[int], int]:
    """Open one of two files by its number, as a store opens a blob."""
    for number, data in enumerate((b"a" * PAGE, b"b" * 10)):
        (tmp_path / str(number)).write_bytes(data)
    return lambda number: os.open(tmp_path / str(number), os.O_RDONLY)


def test_files_lie_side_by_side(open_file: Callable[[int], int]) -> None:
    """Two files are one memory, and the rest of the last page is zeros."""
    memory = map_files(PARTS, PAGE + 20, open_file)

    assert bytes(memory[PAGE - 2 :]) == b"aa" + b"b" * 10 + bytes(10)


def test_writing_stays_in_the_mapping(tmp_path: Path, open_file: Callable[[int], int]) -> None:
    """What is written reaches neither the file nor another mapping."""
    mine, other = (map_files(PARTS, PAGE + 10, open_file) for _ in range(2))

    mine[0] = 0

    assert other[0] == ord("a")
    assert (tmp_path / "0").read_bytes()[0] == ord("a")


def test_memory_goes_with_its_last_view(tmp_path: Path, open_file: Callable[[int], int]) -> None:
    """A view keeps the memory; without one it is given back."""

    def mapped() -> Any:
        return sum(str(tmp_path / "0") in line for line in open("/proc/self/maps"))

    memory = map_files(PARTS, PAGE + 10, open_file)
    view = np.frombuffer(memory, np.uint8)[:5]
    del memory
    assert (mapped(), view[0]) == (1, ord("a"))

    del view
    assert mapped() == 0


@pytest.mark.parametrize("fails", ["to open", "to map"])
def test_no_file_stays_open(open_file: Callable[[int], int], fails: str) -> None:
    """Neither when all goes well nor when something in the middle does not."""
    opened: list[int] = []

    def note(number: int) -> int:
        if fails == "to open" and number == 1:
            raise OSError("it is gone")
        opened.append(open_file(number))
        return opened[-1]

    parts = [*PARTS[:1], (PAGE + 1, 10, 1)]  # no mapping begins within a page
    with pytest.raises(OSError, match="it is gone" if fails == "to open" else "Invalid argument"):
        map_files(parts, 2 * PAGE, note)
    map_files(PARTS[:1], PAGE, note)

    for file in opened:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(file)


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
