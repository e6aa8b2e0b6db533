"""Other bytes of the same size and the same xxh3 cannot take the place of a value, on any way in."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.executors.worker_store import open_worker_store
from dagbuild.ground.errors import BlobDamagedError, BlobMissingError, CodecError
from dagbuild.project.maintenance import Maintenance
from dagbuild.project.pins import pin_built
from dagbuild.settings import load_settings
from tests.security.attacks import make_twin, payload, plant_twins, put_blob
from tests.security.conftest import ADA, MARK, NODES, Team, trusted
from tests.support import build, computed, load_project

Safe = Callable[[], None]


def damage_blobs(folder: Path) -> None:
    for path in (folder / "cache" / "objects").glob("*/*"):
        data = bytearray(path.read_bytes())
        if MARK in data:
            data[len(data) // 2] ^= 1
            path.chmod(0o600)
            path.write_bytes(data)


def remove_blobs(folder: Path) -> None:
    shutil.rmtree(folder / "cache" / "objects")


def test_twin_is_easily_made() -> None:
    """The attack itself works: other bytes, same digest."""
    for size in (1088, 5056, 100_000):
        data = np.random.default_rng(1).bytes(size)
        assert make_twin(data, b"anything at all")[:15] == b"anything at all"


def test_pinned_model_of_a_colleague(team: Team, safe: Safe) -> None:
    """The pin stands in the settings; the bytes come from the shared folder, where a stranger may write."""
    team.write(NODES, yours=trusted(ADA))
    team.sign_as(ADA)
    build(team.mine, "model")
    pin_and_push(team)
    assert plant_twins(team.shared, payload(team.proof), MARK)

    try:
        build(team.yours, "predicted")
    finally:
        safe()


def test_healed_blob(team: Team, safe: Safe) -> None:
    """A damaged blob of one's own is not replaced by what lies in the shared folder under its xxh3."""
    team.write(NODES, yours=trusted(ADA))
    team.sign_as(ADA)
    build(team.mine, "model")
    damage_blobs(team.mine)
    assert plant_twins(team.shared, payload(team.proof), MARK)

    result = build(team.mine, "model")

    safe()
    assert result.values["model"].factor == 2


def test_lost_blob(team: Team, safe: Safe) -> None:
    """Nor is one that is gone."""
    team.write(NODES, yours=trusted(ADA))
    team.sign_as(ADA)
    build(team.mine, "model")
    remove_blobs(team.mine)
    assert plant_twins(team.shared, payload(team.proof), MARK)

    result = build(team.mine, "model")

    safe()
    assert result.values["model"].factor == 2


@pytest.mark.parametrize("lose", [damage_blobs, remove_blobs])
def test_what_is_healed_is_ones_own(team: Team, lose: Callable[[Path], None]) -> None:
    """What was published under one's own key is had back, without computing."""
    team.write(NODES)
    team.sign_as(ADA)
    build(team.mine, "model")
    lose(team.mine)

    result = build(team.mine, "model")

    assert computed(result) == set()
    assert result.values["model"].factor == 2


def test_pinned_model_is_had_from_who_is_trusted_or_not(team: Team) -> None:
    """The pin itself says which bytes: nobody has to have signed for them."""
    team.write(NODES)
    team.sign_as(ADA)
    build(team.mine, "model")
    pin_and_push(team)
    team.sign_as(None)

    result = build(team.yours, "predicted")

    assert computed(result) == {"predicted"}
    assert result.values["predicted"] == 42


def pin_and_push(team: Team) -> None:
    """Pin the model, and give the victim the settings."""
    project = load_project(team.mine)
    pin_built(project, "model")
    project.close()
    maintenance = Maintenance(load_settings(team.mine))
    maintenance.push()
    maintenance.close()
    shutil.copy(team.mine / "dagbuild.toml", team.yours / "dagbuild.toml")
    shutil.copytree(team.mine / "pins", team.yours / "pins")


def test_repaired_blob(team: Team, safe: Safe) -> None:
    """`verify --repair` fetches no twin."""
    team.write(NODES, yours=trusted(ADA))
    team.sign_as(ADA)
    build(team.mine, "model")
    damage_blobs(team.mine)
    assert plant_twins(team.shared, payload(team.proof), MARK)
    maintenance = Maintenance(load_settings(team.mine))

    maintenance.verify(repair=True)

    maintenance.close()
    result = build(team.mine, "model")
    safe()
    assert result.values["model"].factor == 2


def test_ray_worker(team: Team, safe: Safe, tmp_path: Path) -> None:
    """A worker with a cache folder of its own is handed a description, and fetches the bytes from the shared folder."""
    team.write(NODES, yours=trusted(ADA))
    team.sign_as(ADA)
    build(team.mine, "model")
    project = load_project(team.mine)
    artifact = project.artifact("model")
    settings = project.settings
    project.close()
    assert plant_twins(team.shared, payload(team.proof), MARK)
    cache = settings.cache.__class__(tmp_path / "worker")
    store = open_worker_store(cache, settings.remote, None)

    try:
        Artifacts(store).load(artifact)
    except (BlobMissingError, BlobDamagedError, CodecError):
        pass
    finally:
        store.close()
    safe()


PLANTED = '''
    import numpy as np
    from types import SimpleNamespace


    def data() -> np.ndarray:
        return np.arange(100_000, dtype=np.uint8)


    def total(data: np.ndarray) -> int:
        return int(data.sum())


    def model(total: int) -> SimpleNamespace:
        """Fitted: a pickle."""
        return SimpleNamespace(weights=b"weights of a model. " * 2500, factor=2)


    def predicted(model: SimpleNamespace) -> int:
        return model.factor * 21
'''


def test_planted_blob_is_not_found_there_already(team: Team, safe: Safe) -> None:
    """What came as data must not lie where a pickle of one's own would be stored, and be taken for it."""
    team.write(PLANTED, yours='unsigned = "data"\n')
    build(team.mine, "predicted", "model")
    (stream,) = (
        path.read_bytes()
        for path in (team.mine / "cache" / "objects").glob("*/*")
        if MARK in path.read_bytes()
    )
    twin = make_twin(stream, payload(team.proof))
    shutil.rmtree(team.mine / "cache")
    shutil.rmtree(team.shared)
    team.shared.mkdir()
    build(team.mine, "data")
    plant_array(team.shared, "data", twin)

    assert "data" not in computed(build(team.yours, "total", "data")), "it was taken"
    result = build(team.yours, "predicted", "model")

    safe()
    assert result.values["model"].factor == 2


def plant_array(shared: Path, node: str, data: bytes) -> None:
    """Let the record of a node say that its value is these bytes, as an array."""
    from dagbuild.codecs.packing import Packing, Run
    from tests.security.attacks import forge

    ref = [*put_blob(shared, data), f"sha256-{hashlib.sha256(data).hexdigest()}"]

    def change(record: dict[str, object]) -> dict[str, object]:
        artifact = record["artifact"]
        assert isinstance(artifact, dict)
        meta = {
            **artifact["meta"],
            "form": {**artifact["meta"]["form"], "shape": [len(data)]},
            "buffers": Packing.of([Run(1, len(data), 1)]).to_json(),
        }
        return {**record, "artifact": {**artifact, "meta": meta, "blobs": [ref]}}

    forge(shared, node, change)
