"""Records and their one plain form."""

import json

import pytest

from dagbuild.ground.digest import canonical_json, digest_bytes, is_digest
from dagbuild.model.record import Artifact, BlobRef, Key, Manifest, Note, Observation, Part, Record


def make_record() -> Record:
    manifest = Manifest((Part("node", "a", "a"), Part("helper", "h", "1", "", "lib.py:3", counts=False)))
    artifact = Artifact("plain/1", {"value": 1}, (BlobRef(digest_bytes(b"x"), 1),), True, {"pandas": "3.1.1"})
    return Record("a", Key("d"), Key("c"), manifest, artifact, {"up": digest_bytes(b"u")},
                  (Observation("file", "x.csv", "1"),), 1.5, 2.5, 3.5, 4, "host", "me", "run", "log", True,
                  notes=(Note("process", "starts a process: cat", "nodes.py:3"),))  # fmt: skip


def test_record_comes_back_from_its_plain_form() -> None:
    """Every field survives a trip through JSON."""
    record = make_record()

    assert Record.from_json(json.loads(canonical_json(record.to_json()))) == record


@pytest.mark.parametrize("key", ["format", "artifact", "manifest", "deep"])
def test_damaged_plain_form_is_refused(key: str) -> None:
    """What is not a record is a ValueError, never anything else."""
    data = make_record().to_json()
    data[key] = None

    with pytest.raises(ValueError, match="record"):
        Record.from_json(data)


def test_only_counting_parts_make_the_fingerprint() -> None:
    """Leaves explain; they are digested by the part that they belong to."""
    part = Part("node", "a", "a")

    assert (
        Manifest((part,)).fingerprint == Manifest((part, Part("helper", "h", "1", counts=False))).fingerprint
    )
    assert Manifest((part,)).fingerprint != Manifest((part, Part("helper", "h", "1"))).fingerprint


def test_libraries_are_no_part_of_what_a_value_is() -> None:
    """The same bytes written under another version of pandas are the same value."""
    assert Artifact("t/1", 1, libraries={"pandas": "3.1"}).digest == Artifact("t/1", 1, libraries={}).digest


@pytest.mark.parametrize(
    "text", ["xxh3-" + "0" * 31, "xxh3-" + "g" * 32, "../" + "0" * 32, "xxh3-" + "A" * 32]
)
def test_what_is_no_digest_is_not_made_a_path_of(text: str) -> None:
    """Names from outside are checked before they are used."""
    assert not is_digest(text)
    assert is_digest(digest_bytes(b""))


@pytest.mark.parametrize("name", sorted(make_record().to_json()))
def test_a_record_from_elsewhere_without_a_field_is_none_or_has_a_default(name: str) -> None:
    """Whatever is left out, it is no error of ours."""
    plain = json.loads(canonical_json(make_record().to_json()))
    del plain[name]

    try:
        record = Record.from_elsewhere(plain)
    except ValueError:
        return
    assert name in {"unnamed", "excerpts", "watched", "notes", "proof"}
    assert record.keys == make_record().keys or name == "unnamed"
