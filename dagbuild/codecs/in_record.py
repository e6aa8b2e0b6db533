"""Values that stand in their records: nothing has to be opened to read them.

Knows artifacts, and reads nothing.
"""

from __future__ import annotations

from dagbuild.codecs.encoding import PLAIN
from dagbuild.codecs.packing import Packing
from dagbuild.model.record import Artifact

_NO_BUFFERS = Packing.of([]).to_json()


def is_in_record(artifact: Artifact) -> bool:
    """Tell whether a value can be read from its record alone: plain, and small."""
    return artifact.codec == PLAIN and not artifact.blobs


def is_its_form(artifact: Artifact) -> bool:
    """Tell whether a value is just what stands in its record: a number, a text; nothing has to be opened for it."""
    meta = artifact.meta
    return (
        artifact.codec == PLAIN
        and meta["buffers"] == _NO_BUFFERS
        and type(meta.get("form", [])) in (bool, int, float, str)
    )
