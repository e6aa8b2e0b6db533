"""A record is used because somebody who is trusted has signed just this record, and for as long as they are trusted."""

from __future__ import annotations

import copy
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagbuild.codecs.packing import Packing, Run
from dagbuild.ground.digest import canonical_json
from dagbuild.ground.signing import SigningKey
from dagbuild.plan.events import Notice
from dagbuild.store.trust import Trust
from tests.security.attacks import (
    Json,
    forge,
    payload,
    put_blob,
    read_records,
    read_shared,
    record_files,
    write_records,
)
from tests.security.conftest import ADA, BOB, EVE, NODES, Team, trusted
from tests.support import build, computed, load_project

Safe = Callable[[], None]

ALL = {"model", "predicted"}


def publish(team: Team, key: SigningKey | None, *, yours: str = trusted(ADA)) -> None:
    """Build all with a key, and leave the victim without one."""
    team.write(NODES, yours=yours)
    team.sign_as(key)
    build(team.mine, "predicted", "model")
    team.sign_as(None)


def evil_model(team: Team, record: Json) -> Json:
    """Return a record whose value is a stranger's pickle, whole and well-formed but for the signature."""
    data = payload(team.proof).ljust(40_000, b"\0")
    digest, size = put_blob(team.shared, data)
    record = copy.deepcopy(record)
    artifact = record["artifact"]
    artifact["blobs"] = [[digest, size, f"sha256-{hashlib.sha256(data).hexdigest()}"]]
    artifact["meta"]["buffers"] = [2, [size, 1, 1]]
    artifact["meta"]["form"] = {"buffers": [], "parts": [], "stream": 0, "type": "x"}
    return record


def unsigned(record: Json) -> Json:
    return {name: value for name, value in record.items() if name != "proof"}


def signed(record: Json, key: SigningKey) -> Json:
    proof = {"signer": key.public, "signature": ""}
    signature = key.sign(canonical_json({**record, "proof": proof}))
    return {**record, "proof": {**proof, "signature": signature}}


def told(events: list[Any]) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Notice))


def test_of_who_is_trusted_all_is_used(team: Team) -> None:
    """Also what has to be unpickled: nothing is computed."""
    publish(team, ADA)

    result = build(team.yours, "predicted", "model")

    assert computed(result) == set()
    assert result.values["model"].factor == 2


def test_ones_own_key_is_trusted(team: Team) -> None:
    """On all of one's machines, without a line in the settings."""
    publish(team, ADA, yours="")
    team.sign_as(ADA)

    assert computed(build(team.yours, "predicted", "model")) == set()


FORGERS: dict[str, Callable[[Json], Json]] = {
    "nobody": unsigned,
    "empty": lambda record: {**record, "proof": {"signer": "", "signature": ""}},
    "somebody unknown": lambda record: signed(unsigned(record), EVE),
    "the old signature": lambda record: record,
    "unknown, as ada": lambda record: {
        **record,
        "proof": {"signer": ADA.public, "signature": signed(unsigned(record), EVE)["proof"]["signature"]},
    },
    "ada without a signature": lambda record: {**record, "proof": {"signer": ADA.public, "signature": ""}},
}


@pytest.mark.parametrize("unsigned_too", [False, True])
@pytest.mark.parametrize("who", FORGERS)
def test_pickle_of_a_stranger(team: Team, safe: Safe, who: str, unsigned_too: bool) -> None:
    """It is not read, be it marked as code or not; nor by a later build, from what was kept near."""
    publish(team, ADA, yours=trusted(ADA) + ('unsigned = "data"\n' if unsigned_too else ""))
    for code in (True, False):
        shutil.rmtree(team.yours / "cache", ignore_errors=True)

        def change(record: Json, code: bool = code) -> Json:
            record = evil_model(team, record)
            record["artifact"]["code"] = code
            return FORGERS[who](record)

        forge(team.shared, "model", change)
        for _ in range(2):
            result = build(team.yours, "model")
            safe()
            assert result.values["model"].factor == 2


def test_what_is_refused_is_said_once_with_a_remedy(team: Team) -> None:
    """One notice a node: why, and what to do."""
    publish(team, EVE)
    events: list[Any] = []

    result = build(team.yours, "predicted", "model", on_event=events.append)

    assert computed(result) == ALL
    for node in ALL:
        assert told(events).count(f"the value of '{node}' is not used") == 1
    assert f"its signer is not trusted: {EVE.public}" in told(events)
    assert "dagbuild key" in told(events)


def swap(one: Json, other: Json, *names: str) -> Json:
    return {**one, **{name: other[name] for name in names}}


CHANGES: dict[str, Callable[[Json, Json], Json]] = {
    "keys of another": lambda one, other: swap(one, other, "deep", "content", "unnamed", "node"),
    "deep key": lambda one, other: swap(one, other, "deep"),
    "content key": lambda one, other: swap(one, other, "content"),
    "unnamed key": lambda one, other: swap(one, other, "unnamed"),
    "node": lambda one, other: swap(one, other, "node"),
    "artifact": lambda one, other: swap(one, other, "artifact"),
    "manifest": lambda one, other: swap(one, other, "manifest"),
    "proof": lambda one, other: swap(one, other, "proof"),
    "observations": lambda one, _: {**one, "observations": [["env", "HOME", "x"]]},
    "upstream": lambda one, _: {**one, "upstream": {"x": one["deep"]}},
    "watched": lambda one, _: {**one, "watched": ["x"]},
    "forced": lambda one, _: {**one, "forced": True},
    "user": lambda one, _: {**one, "user": "bob"},
    "started": lambda one, _: {**one, "started": one["started"] + 1},
    "log": lambda one, _: {**one, "log": "hello"},
    "code": lambda one, _: {**one, "artifact": {**one["artifact"], "code": not one["artifact"]["code"]}},
    "names": lambda one, _: {**one, "artifact": {**one["artifact"], "names": ["x:y"]}},
    "libraries": lambda one, _: {**one, "artifact": {**one["artifact"], "libraries": {"x": "1"}}},
    "carried": lambda one, _: {**one, "artifact": {**one["artifact"], "carried": one["deep"]}},
    "signer": lambda one, _: {**one, "proof": {**one["proof"], "signer": BOB.public}},
    "strong digest": lambda one, _: {
        **one,
        "artifact": {
            **one["artifact"],
            "blobs": [[*blob[:2], "sha256-" + "0" * 64] for blob in one["artifact"]["blobs"]],
        },
    },
    "no strong digest": lambda one, _: {
        **one,
        "artifact": {**one["artifact"], "blobs": [blob[:2] for blob in one["artifact"]["blobs"]]},
    },
}


@pytest.mark.parametrize("what", CHANGES)
def test_signature_covers_the_whole_record(team: Team, what: str) -> None:
    """Nothing of a signed record can be changed, nor can its signature stand under other keys."""
    publish(team, ADA, yours=trusted(ADA, BOB))
    by_node = {record["node"]: record for record in read_records(team.shared)}
    model, predicted = by_node["model"], by_node["predicted"]
    changed = CHANGES[what](model, predicted)
    assert changed != model
    write_records(team.shared, [changed])

    result = build(team.yours, "model")

    assert computed(result) == {"model"}
    assert result.values["model"].factor == 2


def test_signed_data_under_the_keys_of_a_model(team: Team) -> None:
    """A number that ada has signed is no model of hers."""
    publish(team, ADA)
    by_node = {record["node"]: record for record in read_records(team.shared)}
    keys = ("deep", "content", "unnamed", "node", "manifest")
    write_records(team.shared, [swap(by_node["predicted"], by_node["model"], *keys)])

    assert build(team.yours, "model").values["model"].factor == 2


class TestRevocation:
    @pytest.mark.parametrize("offline", [False, True])
    def test_what_a_revoked_key_has_signed_is_used_no_more(self, team: Team, offline: bool) -> None:
        """At once, and of what was copied near as well."""
        publish(team, ADA)
        assert computed(build(team.yours, "predicted", "model")) == set()
        settings = team.yours / "dagbuild.toml"
        revoked = settings.read_text().replace(trusted(ADA), trusted(BOB))
        settings.write_text(revoked + ('mode = "off"\n' if offline else ""))

        assert computed(build(team.yours, "predicted", "model")) == ALL

    def test_without_a_remote_nobody_is_trusted(self, team: Team) -> None:
        """Whoever takes the table out has taken all keys out."""
        publish(team, ADA)
        build(team.yours, "predicted", "model")
        (team.yours / "dagbuild.toml").write_text('modules = ["nodes"]\n')

        assert computed(build(team.yours, "predicted", "model")) == ALL

    def test_of_what_was_found_by_content_as_well(self, team: Team) -> None:
        """A record that was made here of ada's value is ada's word still, and goes with her key."""
        publish(team, ADA)
        moved = NODES.replace(
            "def model()", "def base() -> int:\n        return 1\n\n\n    def model(base: int)"
        )
        team.write(moved, yours=trusted(ADA))
        team.sign_as(ADA)
        build(team.mine, "predicted", "model")
        team.sign_as(None)
        more = moved.replace("return 1", "return int('1')")  # another deep key, the same content
        team.write(more, yours=trusted(ADA))
        assert computed(build(team.yours, "predicted", "model")) == {"base"}
        settings = team.yours / "dagbuild.toml"
        settings.write_text(settings.read_text().replace(trusted(ADA), trusted(BOB)))

        assert computed(build(team.yours, "predicted", "model")) == ALL

    def test_who_is_trusted_again_is_used_again(self, team: Team) -> None:
        """Nothing was thrown away."""
        publish(team, ADA, yours=trusted(BOB))
        settings = team.yours / "dagbuild.toml"
        project = load_project(team.yours)
        assert project.store.find_records([project.plan(["model"]).steps["model"].deep]) == {}
        project.close()
        settings.write_text(settings.read_text().replace(trusted(BOB), trusted(ADA)))

        assert computed(build(team.yours, "predicted", "model")) == set()


TABLE = """
    import numpy as np
    import pandas as pd


    def table() -> pd.Series:
        return pd.Series(np.zeros(40_000, np.uint8))


    def total(table: pd.Series) -> int:
        return int(table.sum())
"""


def test_bad_signature_does_not_become_good_near(team: Team, safe: Safe) -> None:
    """Taken as data from afar, a record that claims to be ada's is nobody's in the cache folder.

    Its column is read, and so the record is kept near, before its name turns out to be a pickle.
    """
    team.write(TABLE, yours=trusted(ADA) + 'unsigned = "data"\n')
    team.sign_as(ADA)
    build(team.mine, "table")
    team.sign_as(None)
    run = payload(team.proof)
    layout = Packing.of([Run(1, len(run), 1, inline=(run,)), Run(1, 40_000, 1)])
    name = ["@", "pickle/2", {"parts": [], "buffers": [], "stream": 0, "type": "x"}]
    form = {"kind": "series", "array": ["numpy", "|u1", 40_000, 1], "index": ["range", 0, 40_000, 1, None]}
    data = bytes(40_000)
    digest, size = put_blob(team.shared, data)
    blobs = [[digest, size, f"sha256-{hashlib.sha256(data).hexdigest()}"]]
    meta = {"form": {**form, "name": name}, "buffers": layout.to_json()}

    forge(
        team.shared,
        "table",
        lambda record: {**record, "artifact": {**record["artifact"], "meta": meta, "blobs": blobs}},
    )
    for _ in range(2):
        build(team.yours, "total")
        safe()

    lines = [path.read_text() for path in (team.yours / "cache" / "segments").iterdir()]
    assert any("pickle/2" in line for line in lines), "it was kept near"
    assert not any(ADA.public in line for line in lines)


def test_others_records_are_not_signed_anew(team: Team, tmp_path: Path) -> None:
    """What was fetched, or found through what was fetched, is published under nobody else's key."""
    publish(team, ADA, yours=trusted(ADA))
    team.sign_as(BOB)
    build(team.yours, "predicted", "model")
    signers = {record["proof"]["signer"] for record in read_records(team.shared)}

    assert signers == {ADA.public}


def test_every_published_record_names_its_blobs_strongly(team: Team) -> None:
    """So that nobody needs to take bytes by their xxh3."""
    publish(team, ADA)

    refs = [ref for record in read_records(team.shared) for ref in record["artifact"]["blobs"]]
    assert refs
    assert all(len(ref) >= 3 and ref[2].startswith("sha256-") for ref in refs)


def test_local_builds_digest_and_sign_nothing(team: Team) -> None:
    """Who shares nothing pays nothing."""
    team.write(NODES)
    (team.mine / "dagbuild.toml").write_text('modules = ["nodes"]\n')
    team.sign_as(ADA)
    build(team.mine, "predicted", "model")

    text = "".join(path.read_text() for path in (team.mine / "cache" / "segments").iterdir())
    assert "sha256-" not in text
    assert "proof" not in text


def test_trust_without_keys_admits_nothing(team: Team) -> None:
    """The default is the strict one."""
    publish(team, ADA)
    from dagbuild.model.record import Record

    for line in read_records(team.shared):
        assert Trust().admit(Record.from_json(line), near=False) is None
    assert record_files(team.shared)
    assert read_shared(record_files(team.shared)[0])
