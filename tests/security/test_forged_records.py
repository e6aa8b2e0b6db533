"""What a record says of its value decides nothing: a stranger's bytes are read by codecs that can run nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagbuild.codecs.packing import Packing, Run
from tests.security.attacks import Json, forge, payload
from tests.security.conftest import Team
from tests.support import build, computed

Safe = Callable[[], None]

NODES = '''
    import pickle

    from dagbuild.codecs import Codec, codec


    class Track:
        def __init__(self, name: str) -> None:
            self.name = name


    @codec(Track)
    class TrackCodec(Codec):
        """As many are written: it is its own pickle."""

        name = "track/1"

        def encode(self, value, writer):
            return writer.add(pickle.dumps(value))

        def decode(self, meta, reader):
            return pickle.loads(reader.view(meta))


    def value() -> int:
        return 7


    def doubled(value: int) -> int:
        return 2 * value
'''

OTHER_NUMPY = '''

    @codec()
    class OtherNumpy(TrackCodec):
        """Says that it is safe, and has the name of one of dagbuild's own."""

        name = "numpy/1"
        safe = True
'''

ARROW = '''

    import pyarrow as pa


    class Seconds(pa.ExtensionType):
        """As pyarrow's pages had it for years."""

        def __init__(self, about=None):
            super().__init__(pa.int64(), "track.seconds")

        def __arrow_ext_serialize__(self):
            return pickle.dumps(None)

        @classmethod
        def __arrow_ext_deserialize__(cls, storage, serialized):
            return cls(pickle.loads(serialized))


    pa.register_extension_type(Seconds())
'''

PICKLE = ["@", "pickle/2", {"parts": [], "buffers": [], "stream": 0, "type": "x"}]
ROWS = ["range", 0, 1, 1, None]


def series(array: Any, index: Any = ROWS, name: Any = None, **more: Any) -> Json:
    return {"kind": "series", "array": array, "index": index, "name": name, **more}


def frame(**more: Any) -> Json:
    columns = [["labels", "object", ["a"], None], []]
    empty: Json = {"kind": "frame", "rows": 1, "columns": columns, "index": [ROWS, 0, 0], "blocks": []}
    return {**empty, "others": [], **more}


NUMBERS = ["numpy", "<i8", 1, 1]

FORGED: dict[str, tuple[str, Any]] = {
    "a pickle": ("pickle/2", PICKLE[2]),
    "in a list": ("plain/1", ["list", PICKLE]),
    "in a dict": ("plain/1", ["dict", "a", PICKLE]),
    "column": ("pandas/2", series(["pickle", "object", 1, PICKLE])),
    "cells": ("pandas/2", series(["object", "object", 1, [1, None, [["other", PICKLE]]]])),
    "index": ("pandas/2", series(NUMBERS, ["pickle", 1, PICKLE])),
    "name": ("pandas/2", series(NUMBERS, name=PICKLE)),
    "attrs": ("pandas/2", series(NUMBERS, attrs=[PICKLE, 0, 1])),
    "zone": ("pandas/2", series(["datetime", "datetime64[us, UTC]", 1, "us", PICKLE, 1])),
    "labels": ("pandas/2", frame(columns=[["pickle", 1, PICKLE], []])),
    "column of a frame": ("pandas/2", frame(others=[[0, ["pickle", "object", 1, PICKLE], 0, 1]])),
    "objects of polars": (
        "polars/2",
        {"kind": "DataFrame", "order": [], "fields": [], "notes": None, "rows": 1, "columns": []}
        | {"objects": [[0, "a", PICKLE]]},
    ),
    "codec of the project's": ("track/1", 0),
    "codec of the project's in a list": ("plain/1", ["list", ["@", "track/1", 0]]),
    "codec of the project's in a frame": ("pandas/2", series(NUMBERS, name=["@", "track/1", 0])),
}


def made_of(codec: str, form: Any, *buffers: bytes, code: bool) -> Json:
    """Return the plain artifact of a form, with its buffers in it."""
    layout = Packing.of([Run(1, len(each), 1, inline=(each,)) for each in buffers])
    meta = {"form": form, "buffers": layout.to_json()}
    return {
        "codec": codec,
        "meta": meta,
        "blobs": [],
        "code": code,
        "libraries": {},
        "names": [],
        "carried": "",
    }


def replace_value(team: Team, artifact: Json) -> None:
    forge(team.shared, "value", lambda record: {**record, "artifact": artifact})


@pytest.mark.parametrize("code", [False, True])
@pytest.mark.parametrize("what", FORGED)
def test_nothing_is_run(team: Team, safe: Safe, what: str, code: bool) -> None:
    """Where the project takes what nobody has signed, too; the node is made again."""
    team.write(NODES, yours='unsigned = "data"\n')
    build(team.mine, "value")
    codec, form = FORGED[what]
    replace_value(team, made_of(codec, form, payload(team.proof), bytes(8), code=code))

    result = build(team.yours, "doubled", "value")

    safe()
    assert result.values == {"doubled": 14, "value": 7}
    assert "value" in computed(result)


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Let somebody's command line run: what their modules register stays in its process."""
    command = [sys.executable, "-m", "dagbuild", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [["doubled"], ["show", "value"]])
@pytest.mark.parametrize("codec", ["track/1", "numpy/1"])
def test_codec_of_the_projects(team: Team, safe: Safe, codec: str, words: list[str]) -> None:
    """It is asked neither for the value nor what that is, though it says that it is safe, and be it called as ours."""
    team.write(NODES + OTHER_NUMPY, yours='unsigned = "data"\n')
    run(team.mine, "value")
    replace_value(team, made_of(codec, 0, payload(team.proof), code=False))

    run(team.yours, *words)

    safe()


def test_arrow_type_of_somebodys_own(team: Team, safe: Safe) -> None:
    """Arrow gives what it finds in a schema to the class of that name, which unpickles it."""
    import base64

    import pyarrow as pa

    class Evil(pa.ExtensionType):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(pa.int64(), "track.seconds")

        def __arrow_ext_serialize__(self) -> bytes:
            return payload(team.proof)

    schema = pa.schema([pa.field("", Evil())]).serialize().to_pybytes()
    kind = f"extension<track.seconds<Seconds>>:{base64.b64encode(schema).decode()}"
    team.write(NODES + ARROW, yours='unsigned = "data"\n')
    run(team.mine, "value")
    form = {"kind": "ChunkedArray", "type": kind, "column": [kind, 0, []]}
    replace_value(team, made_of("pyarrow/2", form, code=False))

    done = run(team.yours, "doubled")

    safe()
    assert done.returncode == 0


@pytest.mark.parametrize("place", ["nodes.py", "../escaped.py", "data/report.csv"])
def test_no_output_is_written_into_the_project(team: Team, place: str) -> None:
    """A stranger's files would be code there sooner or later."""
    team.write(NODES, yours='unsigned = "data"\n')
    build(team.mine, "value")
    before = (team.yours / "nodes.py").read_text()
    content = made_of(
        "files/1", {"name": "x", "entries": [["file", "", False, 0]]}, b"print('a stranger')", code=False
    )
    outputs = [[place, "xxh3-" + "0" * 32, content, {}]]
    forge(
        team.shared,
        "value",
        lambda record: {**record, "artifact": {**record["artifact"], "outputs": outputs}},
    )

    build(team.yours, "doubled", "value")

    assert (team.yours / "nodes.py").read_text() == before
    assert not (team.yours / place).exists() or place == "nodes.py"


OBJECTS = """
import json, sys
from dagbuild.artifacts import Artifacts
from dagbuild.ground.errors import CodecError
from dagbuild.model.record import Artifact
from dagbuild.testing import MemoryStore
try:
    print(repr(Artifacts(MemoryStore()).load(Artifact.from_json(json.load(sys.stdin)))))
except CodecError:
    print("refused")
"""

DTYPES: dict[str, Any] = {
    "objects": "|O",
    "a field of objects": ["struct", ["a"], ["|O"], [0], 8, False],
    "items of objects": ["sub", "|O", [1]],
}


@pytest.mark.parametrize("dtype", DTYPES)
def test_bytes_are_no_addresses(dtype: str) -> None:
    """A dtype of objects over stored bytes: each eight of them are where Python would look for an object."""
    form = frame(blocks=[[DTYPES[dtype], [0], [0]]])
    text = json.dumps(made_of("pandas/2", form, b"\x41" * 8, code=False))

    done = subprocess.run(
        [sys.executable, "-c", OBJECTS],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        cwd=Path.cwd(),
    )

    assert (done.returncode, done.stdout.strip()) == (0, "refused"), done.stderr[-500:]
