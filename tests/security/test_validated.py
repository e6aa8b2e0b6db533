"""That a stranger's value has passed is remembered of these very bytes as this very value, and of nothing else."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dagbuild import artifacts
from dagbuild.artifacts import Artifacts
from dagbuild.codecs import checking
from dagbuild.codecs.base import CHECKS
from dagbuild.ground.errors import BlobDamagedError, CodecError
from dagbuild.model.node import Columns
from dagbuild.model.record import Artifact
from dagbuild.project.fetching import fetch
from dagbuild.store import validated
from dagbuild.store.checked_blobs import WORTH
from dagbuild.store.gc import collect_garbage
from dagbuild.store.local import LocalStore
from dagbuild.store.memo import Memo
from tests.security.attacks import Json, forge, make_twin, read_records
from tests.security.conftest import Team
from tests.support import build, computed, load_project, noting, take_in

ROOT = Path(__file__).parents[2]
TABLE = Path("index", "1", "validated")


def rows(folder: Path) -> int:
    """Return of how many values a cache folder remembers that they have passed."""
    memo = Memo(folder / TABLE, pytest.fail)
    try:
        return len(memo.recall_prefix(b"sha256-"))
    finally:
        memo.close()


# -- a team --------------------------------------------------------------------------------------------------------

NODES = f"""
    import numpy as np
    import pandas as pd


    def kinds() -> pd.DataFrame:
        codes = np.zeros({WORTH}, np.int8)
        codes[-1] = 2
        return pd.DataFrame({{"kind": pd.Categorical.from_codes(codes, pd.RangeIndex(3))}})


    def same() -> int:
        return 1


    def other() -> int:
        return 2
"""

LOAD = """
import sys
from pathlib import Path
from dagbuild.codecs import checking
from dagbuild.codecs.base import CHECKS
from tests.support import build, computed, noting
looked = []
checking._check = noting(looked, len, checking._check)
assert not computed(build(Path(sys.argv[1]), "kinds"))
print(len(looked))
"""


def load_apart(folder: Path) -> int:
    """Return how many arrays of the value a process of its own has looked through."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD, folder], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_next_process_believes_what_has_passed(team: Team) -> None:
    """Of what nobody has signed: it is looked through once on a machine, and by who loads it, not by who fetches it."""
    team.write(NODES)
    build(team.mine, "kinds")
    assert not (team.mine / "cache" / TABLE).exists(), "what was made here is believed without a table"
    project = load_project(team.yours)
    fetch(project, ["kinds"])
    project.close()
    assert not (team.yours / "cache" / TABLE).exists()

    assert [load_apart(team.yours) > 0 for _ in range(2)] == [True, False]


def test_other_record_of_the_same_bytes_is_validated(team: Team) -> None:
    """Codes that fit three categories do not fit the one that a later record tells of."""
    team.write(NODES)
    build(team.mine, "kinds", "same", "other")
    (artifact,) = (record["artifact"] for record in read_records(team.shared) if record["node"] == "kinds")
    forge(team.shared, "same", lambda record: {**record, "artifact": artifact})
    forge(team.shared, "other", lambda record: {**record, "artifact": one_category(artifact)})
    build(team.yours, "kinds")
    assert rows(team.yours / "cache") == 1

    assert computed(build(team.yours, "same", "other")) == {"other"}
    assert rows(team.yours / "cache") == 1


def one_category(artifact: Json) -> Json:
    """Return an artifact whose column has lost its categories but for the first."""
    other = copy.deepcopy(artifact)
    ((_, column, *_),) = other["meta"]["form"]["others"]
    index = column[5][2]["index"]
    assert index[:4] == ["range", 0, 3, 1]
    index[2] = 1
    return other


# -- one cache folder ----------------------------------------------------------------------------------------------


LARGE = 1 << 19
"""Bytes that are worth a write here, and more than a small value."""


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the arrays that were looked through."""
    monkeypatch.setattr(validated, "WORTH", LARGE)
    lengths: list[int] = []
    monkeypatch.setattr(checking, "_check", noting(lengths, len, checking._check))
    return lengths


def receive(folder: Path, value: Any, change: Callable[[bytes], bytes] = lambda data: data) -> Artifact:
    """Return a stranger's value whose bytes are here, the first blob's with a change."""
    store = LocalStore(folder)
    artifact, blobs = Artifacts(store).encode(value)
    first, *others = (b"".join(chunks) for chunks in blobs)
    refs = [take_in(store, data) for data in (change(first), *others)]
    store.close()
    return replace(artifact, blobs=tuple(refs), data_only=True)


def load(folder: Path, artifact: Artifact, columns: Columns | None = None) -> Any:
    """Load a value as a new process would."""
    store = LocalStore(folder)
    try:
        return Artifacts(store).load(artifact, columns)
    finally:
        store.close()


def flags(**others: np.ndarray[Any, Any]) -> pd.DataFrame:
    return pd.DataFrame({"flag": np.arange(LARGE) % 3 == 0, **others})


def spoil(data: bytes) -> bytes:
    """Return the bytes of flags with one that is none."""
    return b"\x07" + data[1:]


@pytest.fixture
def passed(tmp_path: Path, looked: list[int]) -> Artifact:
    """Flags that have passed."""
    artifact = receive(tmp_path, flags())
    load(tmp_path, artifact)
    assert looked
    looked.clear()
    load(tmp_path, artifact)
    assert not looked
    return artifact


def test_other_bytes_are_validated(tmp_path: Path, passed: Artifact) -> None:
    """All is the same but for a byte of one blob, and so but for that blob's names."""
    other = receive(tmp_path, flags(), spoil)
    assert other.meta == passed.meta

    for _ in range(2):
        with pytest.raises(CodecError, match="a flag is neither true nor false"):
            load(tmp_path, other)


def test_bytes_of_the_same_xxh3_are_validated(tmp_path: Path, passed: Artifact) -> None:
    """A stranger has both, and a node of one's own was made to return one: it is found first."""
    store = LocalStore(tmp_path)
    ref = passed.blobs[0]
    twin = make_twin(bytes(store.get_blob(ref)), b"\x07" * 8)
    assert store.put_blob([twin]).digest == ref.digest
    store.close()

    with pytest.raises(CodecError, match="a flag is neither true nor false"):
        load(tmp_path, passed)


def test_bytes_that_change_are_found(tmp_path: Path, passed: Artifact) -> None:
    """That they have passed says nothing of a file: what is in it is compared with its name as ever."""
    path = LocalStore(tmp_path).layout.blob(passed.blobs[0].strong)
    data = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(spoil(data))

    with pytest.raises(BlobDamagedError):
        load(tmp_path, passed)


def test_signed_or_not_are_two(tmp_path: Path, passed: Artifact, looked: list[int]) -> None:
    """Other codecs may read what somebody who is trusted has signed."""
    load(tmp_path, replace(passed, data_only=False))

    assert looked


def test_columns_are_remembered_by_themselves(tmp_path: Path, looked: list[int]) -> None:
    """What has passed of some columns says nothing of the others."""
    artifact = receive(tmp_path, flags(more=np.arange(LARGE) % 5 == 0))
    counts = []
    for columns in (Columns("flag"), Columns("flag"), None, None, Columns("more")):
        load(tmp_path, artifact, columns)
        counts.append(len(looked))
        looked.clear()

    assert [count > 0 for count in counts] == [True, False, True, False, True]


def test_other_checks_look_again(
    tmp_path: Path, passed: Artifact, looked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older dagbuild may have missed something."""
    monkeypatch.setattr(artifacts, "CHECKS", CHECKS + 1)

    load(tmp_path, passed)

    assert looked


def test_other_libraries_look_again(
    tmp_path: Path, passed: Artifact, looked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So may an older library that was asked, and another one may believe what this one does not."""
    info = tmp_path / "site" / "pyarrow-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pyarrow\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(info.parent))

    load(tmp_path, passed)

    assert looked


def test_gc_forgets_what_went(tmp_path: Path, passed: Artifact) -> None:
    """A row goes with the last record of its artifact."""
    assert rows(tmp_path) == 1
    store = LocalStore(tmp_path)

    collect_garbage(store, grace=0, keep_runs=0)

    store.close()
    assert rows(tmp_path) == 0


def test_what_cannot_be_remembered_is_validated(tmp_path: Path, looked: list[int]) -> None:
    """A folder where no table can be made costs time only."""
    artifact = receive(tmp_path, flags())
    (tmp_path / TABLE).parent.mkdir(parents=True)
    (tmp_path / TABLE).write_text("no folder")

    for _ in range(2):
        looked.clear()
        assert load(tmp_path, artifact)["flag"].sum() == len(range(0, LARGE, 3))
        assert looked


def test_small_values_make_no_rows(
    tmp_path: Path, looked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are looked through sooner than looked up, however many there are."""
    monkeypatch.setattr(validated, "WORTH", 0)
    artifact = receive(tmp_path, pd.DataFrame({"flag": [True, False] * 5000}))
    for _ in range(2):
        looked.clear()
        load(tmp_path, artifact)

        assert looked
    assert not (tmp_path / TABLE).exists()
