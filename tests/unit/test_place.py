"""What a record can say of where a blob lies, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from dagbuild.ground.digest import STRONG, digest_bytes
from dagbuild.model.place import LARGEST_PACK, LARGEST_PACKED, PackPlace, is_place
from dagbuild.model.record import BlobRef, Record
from dagbuild.testing.records import make_record

PACK = "0123456789abcdef" * 4

MALFORMED = {
    "nothing": "",
    "a name": "here",
    "another suffix": ".gz",
    "no suffix": f"{PACK}+0+10",
    "no length": f"{PACK}+0.raw",
    "no bytes": f"{PACK}+0+0.raw",
    "before the beginning": f"{PACK}+-1+10.raw",
    "less than no bytes": f"{PACK}+0+-10.raw",
    "too many bytes": f"{PACK}+0+{LARGEST_PACKED + 1}.zst",
    "far too many bytes": f"{PACK}+0+{10**30}.zst",
    "too far": f"{PACK}+{LARGEST_PACK}+1.raw",
    "far too far": f"{PACK}+{10**30}+1.raw",
    "another spelling": f"{PACK}+00+010.raw",
    "another sign": f"{PACK}+0+ 10.raw",
    "other digits": f"{PACK}+0+\u0661\u0660.raw",
    "capitals": f"{PACK.upper()}+0+10.raw",
    "a short pack": f"{PACK[1:]}+0+10.raw",
    "a path": f"../../{PACK[6:]}+0+10.raw",
    "a line": f"{PACK}+0+10.raw\n",
    "more": f"{PACK}+0+10.raw/../../x",
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_place_is_none(text: str) -> None:
    """Neither for who reads there, nor in a record."""
    ref = BlobRef(digest_bytes(b"x" * 10), 10, STRONG + PACK, "PLACE")
    plain: Any = make_record(1, ref).to_json()
    plain["artifact"]["blobs"][0][3] = text

    assert PackPlace.parse(text) is None
    assert not is_place(text)
    with pytest.raises(ValueError, match="'blobs' of its artifact"):
        Record.from_elsewhere(plain)


@pytest.mark.parametrize("text", [".raw", ".zst", f"{PACK}+0+1.raw", f"{PACK}+4194304+65535.zst"])
def test_what_is_a_place_stands_in_a_record(text: str) -> None:
    """As it was written."""
    ref = BlobRef(digest_bytes(b"x"), 70_000, STRONG + PACK, text)
    (came,) = Record.from_elsewhere(make_record(1, ref).to_json()).artifact.blobs
    place = PackPlace.parse(text)

    assert came.place == text
    assert place is None or str(place) == text


def test_a_place_leads_to_its_pack() -> None:
    """Whose name is that of its bytes."""
    assert PackPlace(PACK, 0, 1, ".raw").object == f"packs/01/{PACK}"


@pytest.mark.parametrize(
    ("length", "suffix", "size", "can"),
    [
        (10, ".raw", 10, True),
        (10, ".raw", 11, False),
        (10, ".zst", 1000, True),
        (1000, ".zst", 10, False),
        (10, ".zst", LARGEST_PACKED + 1, False),
    ],
)
def test_a_blob_takes_no_more_room_than_its_bytes(length: int, suffix: Any, size: int, can: bool) -> None:
    """A place that is too wide for a blob is not read at all."""
    assert PackPlace(PACK, 5, length, suffix).suits(size) == can
