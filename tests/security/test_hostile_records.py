"""Whatever a stranger writes in the place of records, the victim's build ends well, soon and in little memory.

Each attack is met by a command line of its own, with a limit on its memory: what it cannot stand, ends it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dagbuild.ground.digest import digest_bytes, digest_text
from dagbuild.store.compression import compress
from dagbuild.store.lines import encode_data
from tests.security.attacks import Json, forge, read_records, record_files
from tests.security.conftest import ADA, Team, trusted
from tests.security.test_signatures import signed, unsigned
from tests.support import build, computed, write_files

ROOT = Path(__file__).parents[2]

NODES = '''
    def value() -> int:
        """Long enough to be worth a record."""
        return 7


    def doubled(value: int) -> int:
        return 2 * value
'''

MEMORY = 1 << 30
"""Bytes of data that the victim may have at most."""


@dataclass
class Attack:
    """What stands in the place of the records, and the commands that must end well all the same."""

    what: str
    data: bytes
    words: Sequence[Sequence[str]]


@dataclass
class End:
    """How a command ended: `output` is what it gave, `said` what it wrote for the person."""

    what: str
    status: int
    output: str
    said: str


def endure(team: Team, attacks: Sequence[Attack]) -> Iterator[End]:
    """Let the victim meet each attack with an empty cache, in one process that must live to the end."""
    todo = team.yours.parent / "todo"
    todo.mkdir(exist_ok=True)
    with (todo / "list").open("w") as file:
        for number, attack in enumerate(attacks):
            (todo / str(number)).write_bytes(attack.data)
            file.write(json.dumps([attack.what, str(todo / str(number)), list(attack.words)]) + "\n")
    (folder,) = {path.parent for path in record_files(team.shared)}
    done = run(team.yours, str(todo / "list"), str(folder), module="tests.security.victim")
    ends = [End(**json.loads(line)) for line in done.stdout.splitlines()]
    wanted = sum(len(attack.words) for attack in attacks)
    last = ends[-1].what if ends else "the start"
    assert (done.returncode, len(ends)) == (0, wanted), f"it died after {last}: {done.stderr[-2000:]}"
    yield from ends


def run(folder: Path, *words: str, module: str = "dagbuild") -> subprocess.CompletedProcess[str]:
    """Let somebody's command line run, with little memory and a few minutes of work at most."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (300, 300))

    return subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def field(name: str, value: Any) -> Callable[[Json], Json]:
    return lambda record: {**record, name: value}


def artifact(**changes: Any) -> Callable[[Json], Json]:
    return lambda record: {**record, "artifact": {**record["artifact"], **changes}}


def seen(kind: str, name: str) -> Callable[[Json], Json]:
    return field("observations", [[kind, name, digest_text(name)]])


def nested(depth: int) -> Any:
    form: Any = 1
    for _ in range(depth):
        form = [form]
    return form


def layout(*entries: Any) -> Callable[[Json], Json]:
    return artifact(codec="pandas/2", meta={"form": {"kind": "frame"}, "buffers": [2, *entries]})


CHANGES: dict[str, Callable[[Json], Json]] = {
    "started beyond all years": field("started", 1e308),
    "started before": field("started", -1e18),
    "started as a whole number": field("started", 10**400),
    "started as true": field("started", True),
    "duration of a text": field("duration", "1"),
    "duration without end": field("duration", 1e308),
    "memory of a list": field("memory", [1]),
    "node of a list": field("node", ["value"]),
    "log of a number": field("log", 1),
    "user of a table": field("user", {}),
    "forced by a number": field("forced", 1),
    "manifest of texts": field("manifest", ["abc"] * 5),
    "manifest of long parts": field("manifest", [["a"] * 7]),
    "upstream of lists": field("upstream", {"x": []}),
    "watched numbers": field("watched", [1]),
    "notes of one": field("notes", [["x"]]),
    "unnamed list": field("unnamed", [1]),
    "no artifact": field("artifact", None),
    "codec of a list": artifact(codec=["plain/1"]),
    "codec of controls": artifact(codec="\x1b[2Jplain/1"),
    "libraries of lists": artifact(libraries={"pandas": []}),
    "libraries without a name": artifact(libraries={"": "1"}),
    "names of numbers": artifact(names=[1]),
    "meta of a text": artifact(meta="x"),
    "no form": artifact(meta={}),
    "depth": artifact(meta={"form": nested(600), "buffers": [2]}),
    "blobs of no name": artifact(blobs=[["../../etc/passwd", 1, "sha256-" + "0" * 64]]),
    "blobs of no size": artifact(blobs=[[digest_bytes(b""), -1, "sha256-" + "0" * 64]]),
    "blobs of a true size": artifact(blobs=[[digest_bytes(b""), True, "sha256-" + "0" * 64]]),
    "blobs of all sizes": artifact(blobs=[[digest_bytes(b""), 1 << 80, "sha256-" + "0" * 64]]),
    "blobs of no place": artifact(blobs=[[digest_bytes(b""), 1, "sha256-" + "0" * 64, "../../etc/passwd"]]),
    "blobs beyond a pack": artifact(
        blobs=[[digest_bytes(b""), 1, "sha256-" + "0" * 64, "0" * 64 + "+9e9+1.raw"]]
    ),
    "carried list": artifact(carried=["x"]),
    "outputs of a text": artifact(outputs="abcd"),
    "a billion buffers": layout([8, 1_000_000_000]),
    "a billion inline buffers": layout(["AAAA", 1_000_000_000]),
    "less than no buffers": layout([8, -5]),
    "a buffer of less than nothing": layout([-8, 5]),
    "a buffer of everything": layout([1 << 62, 1]),
    "true buffers": layout([8, True]),
    "half a buffer": layout([8, 1.5]),
    "layout of a text": artifact(meta={"form": 1, "buffers": "2"}),
    "array of nothing": artifact(
        codec="numpy/1",
        meta={
            "form": {"kind": "array", "dtype": "<f8", "shape": [1 << 34], "order": "C", "data": 0},
            "buffers": [2, ""],
        },
    ),
    "a folder too deep": artifact(
        codec="files/1",
        meta={
            "form": {"name": "x", "entries": [["folder", "/".join("d" * n)] for n in range(1500)]},
            "buffers": [2],
        },
    ),
    "the whole disk": seen("listing", "/**/*"),
    "the whole home": seen("listing", "~/**/*"),
    "the disk from here": seen("listing", "../../../../../../../**/*"),
    "again and again": seen("listing", "/".join(["**"] * 40)),
    "a zero in a file": seen("file", "a\0b"),
    "a zero in a folder": seen("listing", "a\0b/"),
    "a zero in a variable": seen("env", "a\0b"),
    "half a letter": seen("file", "\ud800"),
    "a name too long": seen("file", "x" * 5000),
    "a folder too long": seen("listing", "x" * 300 + "/"),
    "a file that never ends": seen("file", "/dev/zero"),
    "a kind of no text": field("observations", [[1, 2, 3]]),
    "observations of four": field("observations", [["file", "x", "y", "z"]]),
    "a module of no name": seen("code", "\0:x"),
}
"""Changes of one honest record; the last ones are signed as well."""


@pytest.mark.parametrize("signs", [True, False])
def test_any_record_is_a_miss(team: Team, signs: bool) -> None:
    """What is wrong is not used, whoever has signed it: the node is made again, and few lines say so."""
    team.write(NODES, yours='mode = "read"\n' + (trusted(ADA) if signs else 'unsigned = "data"\n'))
    build(team.mine, "doubled")
    honest = {record["node"]: record for record in read_records(team.shared)}
    # The other one is of another time, so that the attacked one is needed.
    other = {**honest["doubled"], "deep": digest_text("x"), "content": digest_text("y"), "unnamed": ""}

    def data(change: Callable[[Json], Json]) -> bytes:
        records = [change(honest["value"]), other]
        if signs:
            records = [signed(unsigned(record), ADA) for record in records]
        return b"".join(map(encode_data, records))

    words = [["value"], ["doubled", "--json"], ["status", "value"], ["log"]]
    attacks = [Attack(what, data(change), words) for what, change in CHANGES.items()]

    failed = [
        end
        for end in endure(team, attacks)
        if end.status not in (0, 1)
        or "Traceback" in end.said
        or ('"how"' in end.output and '"node": "value", "how": "computed"' not in end.output)
        or len(end.said.splitlines()) > 15
    ]
    assert not failed, "\n\n".join(map(str, failed))


LINES: dict[str, bytes] = {
    "nested 200,000 times": b'{"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "nested tables": b'{"x":' * 100_000 + b"1" + b"}" * 100_000,
    "NaN": b'{"format":1,"node":"value","deep":"x","content":"y","started":NaN}',
    "without end": b'{"format":1,"node":"value","deep":"x","content":"y","started":Infinity}',
    "beyond floats": b'{"format":1,"node":"value","deep":"x","content":"y","started":1e999}',
    "thousands of digits": b'{"format":1,"node":"value","deep":"x","content":"y","started":'
    + b"9" * 5000
    + b"}",
    "four thousand digits": b'{"format":1,"node":"value","deep":"x","content":"y","started":'
    + b"9" * 4000
    + b"}",
    "millions of lists": b'{"x":[' + b"[]," * 5_000_000 + b"1]}",
    "a text of 40 MB": b'{"x":"' + b"a" * 40_000_000 + b'"}',
    "a list": b"[1]",
    "nothing": b"",
    "no text": b"\xff\xfe",
    "keys of lists": b'{"format":1,"node":["value"],"deep":[],"content":{},"started":1}',
}


def test_any_line_is_a_miss(team: Team) -> None:
    """Beside them the honest record is found."""
    team.write(NODES, yours='unsigned = "data"\n')
    build(team.mine, "doubled")
    honest = b"".join(map(encode_data, read_records(team.shared)))
    words = [["doubled", "--json"], ["log"]]
    attacks = [Attack(what, spell(line) + honest, words) for what, line in LINES.items()]

    for end in endure(team, attacks):
        assert end.status == 0, f"{end}"
        assert '"how": "computed"' not in end.output, f"{end}"
        assert len(end.said.splitlines()) < 15, f"{end}"


def spell(body: bytes) -> bytes:
    """Return a line that matches its digest."""
    return digest_bytes(body).encode() + b" " + body + b"\n"


def test_part_that_unpacks_to_a_gigabyte(team: Team) -> None:
    """It is left alone before it is unpacked as a whole, and the others are used."""
    team.write(NODES, yours='unsigned = "data"\n')
    build(team.mine, "doubled")
    bomb = compress(memoryview(bytes(1 << 20))) * 2000
    (record_files(team.shared)[0].parent / "20310101T000000-abcdef-0001.jsonl.zst").write_bytes(bomb)

    done = run(team.yours, "doubled")

    assert done.returncode == 0, done.stderr
    assert done.stderr.count("20310101T000000-abcdef-0001.jsonl' are damaged") == 1


OUTSIDE = ["/{0}", "../private.txt", "data/../../private.txt"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_stranger_makes_nobody_look_outside(team: Team, name: str) -> None:
    """What a record says that nobody has signed does not hold, even where it is so."""
    outside = team.shared.parent / "private.txt"
    outside.write_text("secret")
    name = name.format(str(outside).lstrip("/"))
    team.write(NODES, yours='unsigned = "data"\n')
    build(team.mine, "doubled")
    forge(team.shared, "value", field("observations", [["file", name, digest_bytes(b"secret")]]))

    assert computed(build(team.yours, "value")) == {"value"}


def test_stranger_imports_no_module(team: Team) -> None:
    """To see what code means that a run has met, its module is imported: of the project, or Python's own jokes."""
    team.write(NODES, yours='unsigned = "data"\n')
    write_files(team.yours, {"deploy.py": f"open({str(team.proof)!r}, 'w')"})
    build(team.mine, "value")
    forge(team.shared, "value", field("observations", [["code", "deploy:main", digest_bytes(b"")]]))

    build(team.yours, "value")

    assert not team.proof.exists()


def test_long_number_is_honest(team: Team) -> None:
    """It has more digits than Python writes, and is shared like any other value."""
    team.write(NODES.replace("return 7", "return 10**5000"), yours=trusted(ADA))
    team.sign_as(ADA)
    build(team.mine, "value")
    team.sign_as(None)

    result = build(team.yours, "value")

    assert computed(result) == set()
    assert result.values["value"] == 10**5000
