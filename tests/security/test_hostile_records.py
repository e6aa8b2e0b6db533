"""Whatever a stranger writes in the place of records, the victim's build ends well, soon and in little memory.

Each attack is met by a command line of its own, with a limit on its memory: what it cannot stand, ends it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagbuild.ground.digest import digest_bytes, digest_text
from dagbuild.store.compression import compress
from tests.security.attacks import Json, forge, read_records, record_files, write_lines
from tests.security.conftest import ADA, Team, trusted
from tests.security.test_signatures import signed, unsigned

NODES = '''
    def value() -> int:
        """Long enough to be worth a record."""
        return 7


    def doubled(value: int) -> int:
        return 2 * value
'''

MEMORY = 1 << 30


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Let the victim's command line run, with a gigabyte of data and a minute of work at most."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))

    command = [sys.executable, "-m", "dagbuild", *words]
    return subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
        env={**os.environ, "DAGBUILD_KEY": ""},
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
    """What is wrong is not used, whoever has signed it: the node is made again, and one line says so at most."""
    team.write(NODES, yours=trusted(ADA) if signs else 'unsigned = "data"\n')
    assert run(team.mine, "doubled").returncode == 0
    honest = read_records(team.shared)
    failed: list[str] = []
    for what, change in CHANGES.items():
        records = [
            change(record) if record["node"] == "value" else {**record, "deep": digest_text("x")}
            for record in honest
        ]
        if signs:
            records = [signed(unsigned(record), ADA) for record in records]
        write_lines(team.shared, [json.dumps(record, sort_keys=True).encode() for record in records])
        team.forget_yours()
        for words in (("status",), ("doubled",), ("log",), ("explain", "value")):
            done = run(team.yours, *words)
            if done.returncode not in (0, 1) or "Traceback" in done.stderr:
                failed.append(f"{what}: {words[0]} {done.returncode} {done.stderr[-400:]}")

    assert not failed, "\n".join(failed)


LINES: dict[str, bytes] = {
    "nested 200,000 times": b'{"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "nested tables": b'{"x":' * 100_000 + b"1" + b"}" * 100_000,
    "NaN": b'{"format":1,"node":"value","deep":"x","content":"y","started":NaN}',
    "without end": b'{"format":1,"node":"value","deep":"x","content":"y","started":Infinity}',
    "beyond floats": b'{"format":1,"node":"value","deep":"x","content":"y","started":1e999}',
    "thousands of digits": b'{"format":1,"node":"value","deep":"x","content":"y","started":' + b"9" * 5000 + b"}",
    "four thousand digits": b'{"format":1,"node":"value","deep":"x","content":"y","started":' + b"9" * 4000 + b"}",
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
    assert run(team.mine, "doubled").returncode == 0
    honest = [json.dumps(record, sort_keys=True).encode() for record in read_records(team.shared)]
    failed: list[str] = []
    for what, line in LINES.items():
        write_lines(team.shared, [line, *honest, line])
        team.forget_yours()
        for words in (("doubled", "--json"), ("log",)):
            done = run(team.yours, *words)
            if done.returncode or "Traceback" in done.stderr or len(done.stderr.splitlines()) > 12:
                failed.append(f"{what}: {words[0]} {done.returncode} {done.stderr[-400:]}")

    assert not failed, "\n".join(failed)


def test_part_that_unpacks_to_a_gigabyte(team: Team) -> None:
    """It is left alone before it is unpacked as a whole, and the others are used."""
    team.write(NODES, yours='unsigned = "data"\n')
    assert run(team.mine, "doubled").returncode == 0
    bomb = compress(memoryview(bytes(1 << 20))) * 2000
    (record_files(team.shared)[0].parent / "20310101T000000-abcdef-0001.jsonl.zst").write_bytes(bomb)

    done = run(team.yours, "doubled")

    assert done.returncode == 0, done.stderr
    assert done.stderr.count("20310101T000000-abcdef-0001.jsonl' are damaged") == 1


def test_stranger_makes_nobody_look_outside(team: Team) -> None:
    """No file that is not in the project is opened because a record that nobody has signed names it."""
    outside = team.shared.parent / "private.txt"
    outside.write_text("secret")
    team.write(NODES, yours='unsigned = "data"\n')
    assert run(team.mine, "doubled").returncode == 0
    digest = digest_bytes(outside.read_bytes())
    for name in (str(outside), "../private.txt", "data/../../private.txt"):
        forge(team.shared, "value", field("observations", [["file", name, digest]]))
        team.forget_yours()

        done = run(team.yours, "value", "--json")

        assert '"computed"' in done.stdout, name


def test_long_number_is_honest(team: Team) -> None:
    """It has more digits than Python writes, and is shared like any other value."""
    team.write(NODES.replace("return 7", "return 10**5000"), yours=trusted(ADA))
    team.sign_as(ADA)
    from tests.support import build, computed

    build(team.mine, "value")
    team.sign_as(None)

    result = build(team.yours, "value")

    assert computed(result) == set()
    assert result.values["value"] == 10**5000

