"""Parsers of what others have written give a valid thing or say that it is none, soon and in little memory.

Valid forms are changed in some places by what they are not. A short search in the suite; for an hour of it:
`pytest tests/security/test_fuzzing.py --fuzz 3600`.
"""

from __future__ import annotations

import contextlib
import copy
import json
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from dagbuild.artifacts import Artifacts
from dagbuild.codecs.packing import Packing
from dagbuild.ground.digest import canonical_json, digest_bytes, digest_text
from dagbuild.ground.errors import CodecError, StoreError, UserError
from dagbuild.ground.units import moment
from dagbuild.model.record import Artifact, BlobRef, Key, Manifest, Note, Observation, Part, Proof, Record
from dagbuild.project.outside import open_pin
from dagbuild.report.plan_text import quote_log
from dagbuild.settings import Pin, load_settings
from dagbuild.store.lines import Line, Position, SegmentEntry, decode_line
from dagbuild.store.trust import Trust
from dagbuild.testing import MemoryStore

SHORT = 1.2
"""Seconds of each search in the suite."""

SOON = 60.0
"""Seconds of CPU that no form may take: what grows with a power of its size takes hours."""

MOST = 1 << 20
"""Kilobytes by which all forms together may raise what the process has ever held."""


def make_record() -> Record:
    digest = digest_text("x")
    parts = (Part("function", "nodes.value", digest, "", "nodes.py:1"), Part("config", "k", digest, "5"))
    meta = {
        "form": {"kind": "frame", "rows": 1, "blocks": [["<f8", [0], [0]]]},
        "buffers": [2, "AAAA", [8, 3], [65536, 2, 4]],
    }
    ref = BlobRef(digest, 65536, "sha256-" + "0" * 64)
    return Record(
        "value", Key(digest), Key(digest), Manifest(parts), Artifact("pandas/2", meta, (ref,), libraries={"pandas": "3.1"}),
        {"up": digest}, (Observation("file", "data/x.csv", digest), Observation("listing", "data/*.csv", digest)),
        1.7e9, 1.0, 1.0, 100, "host", "ada", "run", "log\n", watched=("up",), unnamed=Key(digest),
        notes=(Note("process", "starts: cat"),), proof=Proof("ed25519-x", "y"),
    )  # fmt: skip


RECORD = json.loads(canonical_json(make_record().to_json()))
PIN = {**make_record().artifact.to_json()}
SETTINGS = """
modules = ["nodes"]
targets = ["value"]
cache = "cache"
[remote]
url = "s3://bucket/folder"
unsigned = "data"
read = ["main", "ci"]
[config]
region = "UK"
rate = 0.5
[build]
packages = { pandas = "minor" }
[pins.value]
digest = "xxh3-00000000000000000000000000000000"
"""

_deep: Any = []
for _ in range(400):
    _deep = [_deep]

ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, -(2**63), 10**30, 1e308, -1e308, 1.5, float("inf"), float("nan"),
    "", "x", "\0", "\x1b[2J", "\ud800", "..", "/", "~/x", "../../x", "/**/*", "**/" * 30 + "*", "a" * 5000, "xxh3-" + "0" * 32,
    "sha256-" + "0" * 64, "AAAA", [], {}, [[]], [0] * 9, {"": 0}, {"x": {}}, ["@", "pickle/2", {}], _deep, [1e999], [2, [8, 10**9]],
]  # fmt: skip


def places(form: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the paths to all that is in a form."""
    yield path
    if isinstance(form, dict | list):
        for key in form if isinstance(form, dict) else range(len(form)):
            yield from places(form[key], (*path, key))


def changed(form: Any, changes: list[tuple[int, str, Any]]) -> Any:
    """Return a form with some of what is in it replaced, removed, doubled or added to."""
    form = copy.deepcopy(form)
    for number, how, value in changes:
        paths = [path for path in places(form) if path]
        if not paths:
            return form
        path = paths[number % len(paths)]
        holder = form
        for key in path[:-1]:
            holder = holder[key]
        if how == "remove":
            del holder[path[-1]]
        elif how == "double" and isinstance(holder, list):
            holder.insert(path[-1], copy.deepcopy(holder[path[-1]]))
        elif how == "add" and isinstance(holder, dict):
            holder[str(value)[:100]] = copy.deepcopy(value)
        else:
            holder[path[-1]] = copy.deepcopy(value)
    return form


values = st.one_of(st.sampled_from(ODD), st.integers(), st.floats(), st.text(max_size=20))
hows = st.sampled_from(["replace", "replace", "replace", "remove", "double", "add"])
changes = st.lists(st.tuples(st.integers(0, 10_000), hows, values), min_size=1, max_size=4)
bits = st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=4)), min_size=1, max_size=4)


@pytest.fixture
def search(request: pytest.FixtureRequest) -> Callable[[Any, Callable[[Any], None]], None]:
    """Return what looks for a form that a parser cannot stand, for as long as was asked for."""
    budget = float(request.config.getoption("--fuzz")) / 6 or SHORT
    start = int(request.config.getoption("--seed"))

    def look(forms: Any, meet: Callable[[Any], None]) -> None:
        end = time.monotonic() + budget
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        turn = start
        while time.monotonic() < end:
            turn += 1

            @seed(turn)
            @settings(
                max_examples=60, deadline=None, database=None, phases=[Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(forms)
            def one(form: Any) -> None:
                began = time.process_time()
                meet(form)
                assert time.process_time() - began < SOON

            one()
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST

    return look


Search = Callable[[Any, Callable[[Any], None]], None]


def test_records(search: Search) -> None:
    """A record that passes can be admitted, told, sorted and written again."""

    def meet(how: Any) -> None:
        form = changed(RECORD, how)
        try:
            record = Record.from_elsewhere(form) if isinstance(form, dict) else None
        except ValueError:
            return
        if record is not None:
            assert canonical_json(record.to_json())
            assert moment(record.started)
            quote_log(record.log)
            Trust(unsigned="data").admit(record, near=False)

    search(changes, meet)


def test_lines(search: Search) -> None:
    """Bytes of a line may be anything, also behind their right digest."""
    honest = canonical_json(RECORD)

    def meet(what: Any) -> None:
        body = bytearray(honest)
        for at, data in what:
            body[at % len(body) : at % len(body) + len(data)] = data
        for line in (bytes(body), digest_bytes(bytes(body)).encode() + b" " + bytes(body) + b"\n"):
            try:
                data = decode_line(line)
            except ValueError:
                continue
            SegmentEntry.of(Line(Position("x.jsonl", 0, len(line)), data))

    search(bits, meet)


def test_layouts(search: Search) -> None:
    """A layout that passes tells where each buffer is, and has no more of them than a value has."""

    def meet(how: Any) -> None:
        try:
            layout = Packing.from_json(
                changed({"x": [2, "AAAA", [8, 3], 40_000, [65536, 2, 4], [9, 1, 0]]}, how).get("x")
            )
        except (ValueError, TypeError):
            return
        assert len(layout.places) <= 2_000_000

    search(changes, meet)


def test_values(search: Search) -> None:
    """What is told of a value, and the value, or that it cannot be read."""
    forms = [
        {"codec": "plain/1", "meta": {"form": ["list", 1, ["int", "0x5"], ["dict", "a", ["decimal", "1.5"]], ["date", "2026-01-01"]], "buffers": [2]}},
        {"codec": "numpy/1", "meta": {"form": {"kind": "array", "dtype": "<i8", "shape": [1], "order": "C", "data": 0}, "buffers": [2, "AAAAAAAAAAA="]}},
        {"codec": "files/1", "meta": {"form": {"name": "x", "entries": [["folder", ""], ["file", "a", False, 0]]}, "buffers": [2, "AAAA"]}},
    ]  # fmt: skip
    rest = {"blobs": [], "code": False, "libraries": {}, "names": [], "carried": ""}
    artifacts = Artifacts(MemoryStore())

    def meet(how: Any) -> None:
        for each in forms:
            form = changed(each, how)
            if not isinstance(form.get("codec"), str) or not isinstance(form.get("meta"), dict):
                continue
            artifact = Artifact.from_json({**rest, "codec": form["codec"], "meta": form["meta"]})
            for read in (artifacts.load, artifacts.describe):
                try:
                    read(artifact)
                except (CodecError, StoreError):
                    continue

    search(changes, meet)


def test_pins(search: Search) -> None:
    """The file of a pin is the value that the table names, or none."""

    def meet(how: Any) -> None:
        form = changed(PIN, how)
        if isinstance(form, dict):
            try:
                open_pin("value", Pin(digest_text("x"), artifact=form))
            except UserError:
                return

    search(changes, meet)


def test_settings(search: Search, tmp_path: Path) -> None:
    """All mistakes are the user's."""
    file = tmp_path / "dagbuild.toml"
    (tmp_path / "pins").mkdir()
    (tmp_path / "pins" / "value.json").write_text(json.dumps(PIN))

    def meet(what: Any) -> None:
        text = bytearray(SETTINGS.encode())
        for at, data in what:
            text[at % len(text) : at % len(text) + len(data)] = data
        file.write_bytes(bytes(text))
        try:
            load_settings(file, environ={})
        except UserError:
            return

    search(bits, meet)


TOML = {
    "nested lists": b"modules = " + b"[" * 100_000,
    "nested tables": b"[config]\nx = " + b"{a=" * 50_000,
    "dotted": b"config." + b"a." * 20_000 + b"b = 1",
    "a number without end": b"[config]\nx = " + b"9" * 200_000,
    "a size without end": b'[cache]\nsize = "' + b"9" * 5000 + b' GB"',
    "a size of no size": b"[cache]\nsize = inf",
    "no text": b"\xff\xfe",
    "a zero": b'modules = ["a\\u0000b"]\ncache = "\\u0000"',
}


@pytest.mark.parametrize("what", TOML)
def test_odd_settings(tmp_path: Path, what: str) -> None:
    """Settings of whoever's branch it is end as a mistake in them, or are taken."""
    (tmp_path / "dagbuild.toml").write_bytes(TOML[what])
    began = time.process_time()

    with contextlib.suppress(UserError):
        load_settings(tmp_path, environ={})
    assert time.process_time() - began < SOON


@pytest.mark.parametrize(
    "what", ["[" * 100_000, '{"codec":' * 50_000, '{"codec": NaN}', '{"codec": 1e999}', "1" * 5000, "\0", ""]
)
def test_odd_pins(tmp_path: Path, what: str) -> None:
    """So do pins."""
    (tmp_path / "dagbuild.toml").write_text(SETTINGS)
    (tmp_path / "pins").mkdir()
    (tmp_path / "pins" / "value.json").write_text(what)

    try:
        pin = load_settings(tmp_path, environ={}).pins["value"]
        open_pin("value", pin)
    except UserError:
        pass
