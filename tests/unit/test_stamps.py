"""A settled stamp that is still there means the very bytes that were there: on paper, and on a disk that ticks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagbuild.ground.stamps import (
    COARSE_NS,
    TICK_NS,
    Stamp,
    file_clock,
    is_sealed,
    is_settled,
    is_since,
    seal,
    stamp_of,
    take_settled,
    take_stamp,
    to_text,
)
from dagbuild.loader import load_modules
from dagbuild.observe.places import PathNames
from dagbuild.shortcut.answers import Question
from dagbuild.shortcut.basis import find_basis
from dagbuild.store.file_digests import FileDigests
from dagbuild.store.local import LocalStore
from dagbuild.testing.records import make_record
from tests.support import forget_modules
from tests.unit.observe.support import digests, watch

MS = 1_000_000
SECOND = 1000 * MS
TODAY = 1_700_000_000 * SECOND


# -- on paper ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FileSystem:
    """How a file system notes times: by a clock that ticks and is never ahead, cut to a unit."""

    unit: int
    tick: int

    def note(self, now: int) -> int:
        time_of_tick = (now - 137) // self.tick * self.tick + 137  # ticks fall on no round number
        return time_of_tick // self.unit * self.unit


KINDS = {
    "Linux 6.13": FileSystem(1, 1),
    "250 ticks a second": FileSystem(1, 4 * MS),
    "100 ticks a second": FileSystem(1, 10 * MS),
    "NTFS": FileSystem(100, 15_625_000),
    "milliseconds": FileSystem(MS, 4 * MS),
    "exFAT": FileSystem(10 * MS, 10 * MS),
    "tenths of a second": FileSystem(100 * MS, 10 * MS),
    "whole seconds": FileSystem(SECOND, 10 * MS),
    "FAT": FileSystem(2 * SECOND, 10 * MS),
}

WAITS = st.sampled_from([0, 1, MS, 4 * MS, 9 * MS, 30 * MS, 49 * MS, 60 * MS, SECOND, 1990 * MS, 2 * SECOND,
                         2049 * MS, 2060 * MS, 5 * SECOND]) | st.integers(0, 3 * SECOND)  # fmt: skip
STEPS = st.lists(st.tuples(WAITS, st.sampled_from(["write", "write back", "look"])), max_size=12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ours", [True, False], ids=["ours", "anybody's"])
@settings(deadline=None, max_examples=60)
@given(start=st.integers(TODAY, TODAY + 4 * SECOND), steps=STEPS)
def test_a_settled_stamp_is_never_that_of_other_bytes(
    kind: str, ours: bool, start: int, steps: list[tuple[int, str]]
) -> None:
    """Writes of one size at any moment, some with the mtime put back: what was settled and is still there is unchanged."""
    disk, now = KINDS[kind], start
    content, mtime, ctime = 0, disk.note(now), disk.note(now)
    seen: list[tuple[Stamp, int]] = []
    for wait, what in steps:
        now += wait
        if what == "look":
            stamp = (1, mtime, ctime, 7)
            assert all(bytes_then == content for known, bytes_then in seen if known == stamp)
            if is_settled(stamp, now, ours=ours):
                seen.append((stamp, content))
        else:
            content += 1
            ctime = disk.note(now)
            mtime = ctime if what == "write" else mtime
    assert all(then == content for known, then in seen if known == (1, mtime, ctime, 7))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ours", [True, False], ids=["ours", "anybody's"])
def test_what_is_written_at_the_first_moment_shows(kind: str, ours: bool) -> None:
    """In which a stamp is settled: the clock may be a tick behind then, and the time is cut to a unit."""
    disk = KINDS[kind]
    margins = (0, disk.unit, disk.unit + disk.tick - 1, TICK_NS, 2 * SECOND, COARSE_NS)
    for start in range(TODAY, TODAY + 4 * SECOND, 77 * MS):
        changed = disk.note(start)
        for moment in (changed + margin for margin in margins):
            if moment >= start and is_settled((1, 0, changed, 7), moment, ours=ours):
                assert disk.note(moment) != changed


@pytest.mark.parametrize(
    ("unit", "ours", "wait"),
    [(1, True, TICK_NS), (1, False, COARSE_NS), (2 * SECOND, True, COARSE_NS), (SECOND, False, COARSE_NS)],
)
def test_every_stamp_settles(unit: int, ours: bool, wait: int) -> None:
    """After the margin it tells, and not before; a time in the future never does."""
    written = TODAY // unit * unit + (1 if unit == 1 else 0)

    assert is_settled((1, 0, written, 7), written + wait, ours=ours)
    assert not is_settled((1, 0, written, 7), written + wait - 1, ours=ours)
    assert not is_settled((1, written, 0, 7), written + wait - 1, ours=ours)
    assert not is_settled((1, 0, written + 3600 * SECOND, 7), written, ours=ours)


def test_what_was_written_later_is_since_whatever_the_clock() -> None:
    """And what is old is not."""
    for kind in KINDS.values():
        for later in (0, 1, 3 * MS, 999 * MS, 1999 * MS):
            moment = TODAY + 1234 * MS + 5
            clock = FileSystem(1, kind.tick).note(moment)
            assert is_since(kind.note(moment + later), clock)
            assert not is_since(kind.note(moment - 5 * SECOND), clock)


# -- what is there -----------------------------------------------------------------------------------------------


def _edit_and_put_times_back(path: Path) -> None:
    path.write_text("b")
    os.utime(path, ns=(0, 0))


def _put_a_folder_there(path: Path) -> None:
    path.unlink()
    path.mkdir()


CHANGES: dict[str, Callable[[Path], object]] = {
    "other bytes": lambda path: path.write_text("b"),
    "other bytes, times put back": _edit_and_put_times_back,
    "longer": lambda path: path.write_text("aa"),
    "another file moved there": lambda path: (path.with_name("x").write_text("b"), path.with_name("x").replace(path)),
    "gone": lambda path: path.unlink(),
    "a folder": _put_a_folder_there,
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_shows(tmp_path: Path, change: str) -> None:
    """In the stamp, in its text, and in what an open file says."""
    path = tmp_path / "a"
    path.write_text("a")
    os.utime(path, ns=(0, 0))
    before = take_stamp(str(path))
    assert before == take_stamp(str(path)) == stamp_of(path.stat())
    with path.open() as file:
        assert before == take_stamp(file.fileno())
    _wait_for_tick(path)

    CHANGES[change](path)

    after = take_stamp(str(path))
    assert before != after
    assert to_text(before) != to_text(after)


def test_what_is_not_there_has_no_stamp_and_that_tells(tmp_path: Path) -> None:
    """A file that comes shows always; one that has just come does not tell its next change."""
    path = tmp_path / "a"
    assert take_settled(str(path)) == (None, True)
    assert to_text(None) == "-"

    path.write_text("a")
    stamp, settled = take_settled(str(path))
    assert stamp is not None
    assert not settled


def test_a_process_that_is_stopped_while_it_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that passes after the look makes no stamp older."""
    path, stat = tmp_path / "a", os.stat
    path.write_text("a")
    now = path.stat().st_ctime_ns

    def stop(path: str) -> os.stat_result:
        patch.setattr(time, "time_ns", lambda: now + 3600 * SECOND)
        return stat(path)

    with monkeypatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: now)
        patch.setattr(os, "stat", stop)
        _, settled = take_settled(str(path), ours=True)

    assert not settled


def test_a_sealed_file_shows_each_write(tmp_path: Path) -> None:
    """At once: no write gives that time."""
    path = tmp_path / "a"
    path.write_text("a")
    assert not is_sealed(path.stat())
    seal(str(path))
    assert is_sealed(path.stat())

    path.write_text("b")

    assert not is_sealed(path.stat())


def test_imports_next_to_nothing() -> None:
    """The shortest path stands on it."""
    code = "import sys, dagbuild; b = set(sys.modules); import dagbuild.ground.stamps; print(*sorted(set(sys.modules) - b))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["dagbuild.ground", "dagbuild.ground.stamps"]


# -- on a disk that ticks ------------------------------------------------------------------------------------------


def _wait_for_tick(path: Path) -> None:
    while file_clock() <= path.stat().st_ctime_ns:
        pass


def _overtake(path: Path, look: Callable[[], object], first: str, second: str) -> None:
    """Write, look and write as much again so quickly that nothing of it shows in the stamp."""
    for _ in range(300):
        path.write_text(first)
        before = take_stamp(str(path))
        look()
        path.write_text(second)
        if take_stamp(str(path)) == before:
            return
    pytest.skip("looking takes longer than a tick here")


def test_bytes_are_read_again(ticking: Path) -> None:
    """The digest is that of what is there now."""
    path = ticking / "a.csv"
    files = FileDigests(ticking / "cache")
    found = []
    _overtake(path, lambda: found.append(files.digest_file(path)), "1", "2")

    assert files.digest_file(path) not in found
    files.close()


def test_records_of_others_are_found(ticking: Path) -> None:
    """A segment made in the tick in which this process has looked at the folder is found by its next look."""
    folder = ticking / "cache" / "segments"
    mine = LocalStore(ticking / "cache")
    mine.put_records([make_record(0)])
    for number in range(1, 300):
        others = [LocalStore(ticking / "cache") for _ in range(2)]
        others[0].put_records([make_record(number)])
        before = take_stamp(str(folder))
        assert mine.find_records([make_record(number).deep])
        others[1].put_records([make_record(1000 + number)])
        ticked = take_stamp(str(folder)) != before
        for other in others:
            other.close()
        if not ticked:
            break
    else:
        pytest.skip("looking takes longer than a tick here")
    time.sleep(2 * TICK_NS / 1e9)  # old enough to tell, but it was not when it was looked at

    assert mine.find_records([make_record(1000 + number).deep])
    mine.close()


@pytest.fixture
def rival(ticking: Path) -> Iterator[Callable[[], None]]:
    """Another process that writes a 2 to a.csv when it is told to, and what tells it so and waits for it."""
    code = (
        "import sys\nfor _ in sys.stdin:\n    open(sys.argv[1], 'r+b', 0).write(b'2')\n    print(flush=True)"
    )
    command = [sys.executable, "-c", code, str(ticking / "a.csv")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        told, done = process.stdin, process.stdout
        assert told is not None
        assert done is not None
        ends = told.fileno(), done.fileno()

        def write() -> None:
            os.write(ends[0], b"\n")
            os.read(ends[1], 1)

        yield write
        told.close()


@pytest.mark.parametrize("again", [False, True], ids=["read once", "read again"])
def test_what_somebody_else_replaces_is_no_observation(
    ticking: Path, rival: Callable[[], None], again: bool
) -> None:
    """A node has read other bytes than those that are there when it ends."""
    path = ticking / "a.csv"
    for _ in range(300):
        path.write_text("1")
        before = take_stamp(str(path))

        def node() -> str:
            text = path.read_text()
            rival()
            return path.read_text() if again else text

        seen = watch(ticking, node)
        if take_stamp(str(path)) == before:
            break
    else:
        pytest.skip("a node takes longer than a tick here")

    assert seen.unstable == ("a.csv",)
    assert not seen.observations


def test_what_is_young_and_stays_is_observed(ticking: Path) -> None:
    """With the digest of its bytes."""
    (ticking / "a.csv").write_text("1")

    seen = watch(ticking, (ticking / "a.csv").read_text)

    assert seen.unstable == ()
    assert digests(seen) == {"a.csv": FileDigests().digest_file(ticking / "a.csv")}


def test_modules_are_loaded_again(ticking: Path) -> None:
    """As they are now, and only then."""
    path = ticking / "ticked.py"

    def load() -> Any:
        return load_modules(["ticked"], ticking)[0]

    try:
        _overtake(path, load, "A = 1\n", "A = 2\n")
        assert load().A == 2
        assert load() is load()
    finally:
        forget_modules(ticking)


def test_the_ground_of_an_import_does_not_hold(ticking: Path) -> None:
    """A file of it was written in the tick in which it was looked at."""
    path, places, files = ticking / "m.py", PathNames(ticking), FileDigests()
    found = []
    _overtake(path, lambda: found.append(find_basis(places, files, [str(path)], [])), "A = 1\n", "A = 2\n")

    assert found[-1].check(places, files) is None


class TestAnswers:
    """What is said without looking into the project again."""

    @pytest.fixture
    def question(self, tmp_path: Path) -> Question:
        (tmp_path / "dagbuild.toml").write_text("")
        (tmp_path / "cache" / "index").mkdir(parents=True)
        (tmp_path / "cache" / "format").write_text("1")
        (tmp_path / "a.csv").write_text("1")
        return Question(["status", "-C", str(tmp_path)])

    @pytest.mark.parametrize("name", ["a.csv", "b.csv", "no/such/file.csv"])
    def test_nothing_young_is_stood_on(self, question: Question, tmp_path: Path, name: str) -> None:
        """Neither a file nor the place where there is none: one may just have gone from there."""
        basis: list[tuple[str, str, str | None]] = [("stat", str(tmp_path / name), None)]

        assert not question.remember("fresh", 0, basis)
        assert question.find_answer() is None

        question.started = time.time_ns() + COARSE_NS  # as if the command had begun so much later
        assert question.remember("fresh", 0, basis)
        assert question.find_answer() == ("fresh", 0)

    def test_a_file_that_went_meanwhile(self, question: Question, tmp_path: Path) -> None:
        """The command has seen it, and it is not there when the answer is kept."""
        question.started = time.time_ns()
        (tmp_path / "a.csv").unlink()

        assert not question.remember("fresh", 0, [("stat", str(tmp_path / "a.csv"), None)])
