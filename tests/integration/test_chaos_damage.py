"""Every kind of file in a cache folder, damaged in every way: it is named or does not matter, and the build is right."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from dagbuild.store.failed_runs import FailedRun, FailedRuns
from dagbuild.store.folder import CacheFolder
from dagbuild.store.lines import decode_line
from tests.integration.chaos.kinds import KINDS, Kind, ends_and_middle, find_kinds
from tests.integration.chaos.nursery import Nursery, nursery  # noqa: F401 - a fixture
from tests.integration.chaos.project import NODES, ChaosProject

COPIES = ("copy of a shared segment", "index of copies")
"""What is looked at only where there is a shared store."""
BATCH = 40
"""Damages that one process suffers: so many take seconds, far from what a process is taken to hang after."""
SOME = 4
"""Files of a kind that are damaged as a whole, where there is no time for all."""
ANSWERS = ("snapshot", "answer")
"""What only commands leave that run in a process of their own: damaged in `test_chaos_answers`."""


class Built:
    """A project with a cache folder in which every kind of file is, and what is known of it."""

    def __init__(self, nursery: Nursery, root: Path) -> None:  # noqa: F811
        self.nursery = nursery
        self.project = ChaosProject(root)
        self.whole = root / "whole"
        self.set_remote(on=True)
        for _ in range(2):
            nursery.run(self.project, "build", fold=True)
        self._leave_copies()
        self.set_remote(on=False)
        self._leave_log()
        self._leave_lock()
        run = FailedRun(
            "node", "key", "", "KeyError", "'x'", "told", "trace", "log", 1.0, 0.5, "ada", "host", "run"
        )
        FailedRuns(CacheFolder(self.project.cache)).put(run)
        (self.project.cache / "aside").mkdir()
        (self.project.cache / "aside" / "blob.0").write_bytes(b"damaged once")
        self.clean = nursery.run(self.project, "make_clean")
        self.project.cache.rename(self.whole)
        self.kinds = find_kinds(self.whole)

    def set_remote(self, *, on: bool) -> None:
        """Let builds use the shared store, or not."""
        (self.project.root / "shared").mkdir(exist_ok=True)
        self.project.configure(f'[remote]\nurl = "file://{self.project.root}/shared"\n' if on else "")

    def _leave_copies(self) -> None:
        """Leave what a look-up in the shared store leaves: it is asked where nothing is known here."""
        cache, kept = self.project.cache, self.project.root / "kept"
        shutil.copytree(cache, kept)
        for known in ("segments", "index"):
            shutil.rmtree(cache / known)
        self.nursery.run(self.project, "build", fold=True)
        shutil.rmtree(kept / "remote", ignore_errors=True)
        (cache / "remote").rename(kept / "remote")
        shutil.rmtree(cache)
        kept.rename(cache)

    def _leave_log(self) -> None:
        """Build until a kill leaves the index with a log that has not been taken over."""
        before = self.project.root / "before"
        self.project.cache.rename(before)
        self.project.edit("report")
        shutil.copytree(before, self.project.cache)
        whole = self.nursery.start(self.project, "build", moment=0, fold=True)
        assert whole.wait() is not None
        for moment in range(whole.calls, 0, -1):
            shutil.rmtree(self.project.cache)
            shutil.copytree(before, self.project.cache)
            assert self.nursery.start(self.project, "build", moment=moment, fold=True).wait() is None
            logs = [*self.project.cache.glob("index/*/records/cache.db-wal")]
            if logs and logs[0].stat().st_size and len(self.recorded()) == len(NODES) + 1:
                return
        raise AssertionError("no moment leaves a log")

    def _leave_lock(self) -> None:
        locks = self.project.cache / "locks"
        locks.mkdir(exist_ok=True)
        (locks / "left").write_text('{"pid": 1, "host": "gone", "user": "nobody"}')

    def recorded(self) -> list[dict[str, Any]]:
        """Return the plain records of the cache folder as it is now, or of the whole one."""
        folder = self.whole if self.whole.exists() else self.project.cache
        lines = [
            line for path in sorted(folder.glob("segments/*")) for line in path.read_bytes().splitlines()
        ]
        return [decode_line(line) for line in lines]

    def makers(self, blob: Path) -> set[str]:
        """Return the nodes whose values a blob is part of."""
        name = f"xxh3-{''.join(blob.parts[-2:])}"
        return {r["node"] for r in self.recorded() for ref in r["artifact"]["blobs"] if ref[0] == name}

    def suffer(
        self, damages: list[dict[str, Any]], **options: Any
    ) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Return each damage with what came of it, every third one repaired before the build."""
        cases = [{"damage": damage, "repair": number % 3 == 0} for number, damage in enumerate(damages)]
        found: list[dict[str, Any]] = []
        for start in range(0, len(cases), BATCH):
            some = cases[start : start + BATCH]
            ended = self.nursery.start(self.project, "suffer", whole=str(self.whole), cases=some, **options)
            outcomes = ended.wait()
            assert outcomes is not None
            found += outcomes
        return list(zip(damages, found, strict=True))


@pytest.fixture(scope="module")
def built(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Built:  # noqa: F811
    """One cache folder for all tests: each damages copies of it."""
    return Built(nursery, tmp_path_factory.mktemp("built"))


def assert_right(built: Built, kind: Kind, damage: dict[str, Any], outcome: dict[str, Any]) -> None:
    """What must hold after any damage to a file of a kind."""
    assert outcome["built"]["failures"] == [], damage
    assert outcome["built"]["values"] == built.clean, damage
    assert outcome["again"]["values"] == built.clean, damage
    assert outcome["again"]["computed"] == [], damage
    if "repaired" in outcome:
        assert outcome["after"]["clean"], damage
    if kind.holds in {"nothing", "memory"}:
        assert outcome["before"]["named"] == [], damage
    if kind.holds == "nothing":
        assert outcome["built"]["computed"] == [], damage


def test_every_kind_is_there(built: Built) -> None:
    """Else a kind would be damaged in no test."""
    assert set(built.kinds) >= {kind.name for kind in KINDS} - {"half-written", *ANSWERS}


def choose_bits(kind: Kind, file: int, place: int) -> list[int]:
    """Return the bits to flip of a byte: all of a kind's, spread over its fields or files where there are many."""
    if kind.places is not ends_and_middle:
        return [(place + file) % 8]
    return [bit for bit in range(8) if kind.name == "format" or (bit + file) % 2]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_flipped_bits(built: Built, kind: Kind, thorough: bool) -> None:
    """Each field of each file of each kind, every bit of a byte among them; without time, each field of one of them."""
    files = built.kinds.get(kind.name, [])
    damages = []
    for first, path in enumerate(files):
        for number, place in enumerate(kind.places((built.whole / path).read_bytes())):
            if thorough or first == number % len(files):
                damages += [
                    {"path": str(path), "how": "flip", "at": place, "bit": bit}
                    for bit in choose_bits(kind, first, number)
                ]
    built.set_remote(on=kind.name in COPIES)
    for damage, outcome in built.suffer(damages):
        assert_right(built, kind, damage, outcome)
        if kind.holds == "values":
            assert outcome["before"]["named"], damage
            assert set(outcome["built"]["computed"]) <= built.makers(Path(damage["path"])), damage
        if kind.holds == "records":
            torn = outcome["before"]["records"] < len(built.recorded())
            assert outcome["before"]["named"] or torn, damage
            assert len(outcome["built"]["computed"]) <= 2, damage  # an end of a line spoils two records


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_whole_files(built: Built, kind: Kind, thorough: bool) -> None:
    """Emptied, cut, with the content of another file of the kind, with words, a folder in its place."""
    damages: list[dict[str, Any]] = []
    files = built.kinds.get(kind.name, [])
    others = [*files[1:], *files[:1]]
    for path, other in list(zip(files, others, strict=True))[: None if thorough else SOME]:
        size = (built.whole / path).stat().st_size
        damages += [{"path": str(path), "how": "cut", "at": at} for at in {0, 1, size // 2, size - 1}]
        damages.append({"path": str(path), "how": "replace", "text": "words " * 20})
        damages.append({"path": str(path), "how": "directory"})
        if path != other:
            damages.append({"path": str(path), "how": "swap", "other": str(other)})
    built.set_remote(on=kind.name in COPIES)
    for damage, outcome in built.suffer(damages):
        assert_right(built, kind, damage, outcome)
        if kind.holds == "values":
            assert outcome["before"]["named"], damage
