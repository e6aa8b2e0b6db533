"""Records for tests of stores: plain facts that name no real node."""

from __future__ import annotations

from typing import Any

from dagbuild.ground.digest import digest_text
from dagbuild.model.record import Artifact, BlobRef, Key, Manifest, Part, Record


def make_key(text: str) -> Key:
    """Return a key made of a text."""
    return Key(digest_text(text))


def make_record(number: int, *blobs: BlobRef, **fields: Any) -> Record:
    """Return a record like others but for its number, which is its time too."""
    values: dict[str, Any] = {
        "node": f"node{number}",
        "deep": make_key(f"deep {number}"),
        "content": make_key(f"content {number}"),
        "manifest": Manifest((Part("node", f"node{number}", digest_text(str(number))),)),
        "artifact": Artifact("json/1", {"value": number}, blobs, fields.pop("code", False)),
        "started": 1_700_000_000.0 + number,
        "duration": 1.0,
        "run": "run",
    }
    return Record(**{**values, **fields})
