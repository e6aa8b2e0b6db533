"""What a forked process can be asked to do with a project: each action is the product itself, and gives plain data."""

from __future__ import annotations

import contextlib
import inspect
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from dagbuild.ground.errors import UserError
from dagbuild.model import record
from dagbuild.plan.events import Event, Notice
from dagbuild.project.maintenance import Maintenance
from dagbuild.project.project import Project
from dagbuild.settings import load_settings
from dagbuild.store import checked_blobs, compaction, history, lines, record_log
from dagbuild.store import folder as cache_folder
from dagbuild.store.gc import collect_garbage
from dagbuild.store.lines import parse_lines
from dagbuild.store.local import LocalStore
from tests.integration.chaos.project import NODES, ChaosProject, tell
from tests.support import computed

FUTURE = 1000 * 86_400.0
NOBODY = 65534


def load_project(folder: Path, **options: Any) -> Project:
    """Load the project as a new process would."""
    sys.modules.pop("chaos_nodes", None)
    return Project.load(folder, **options)


def build(
    folder: Path,
    *,
    fold: bool = False,
    days: int = 0,
    version: int = 1,
    folder_version: int = 1,
    executor: str = "inline",
) -> dict[str, Any]:
    """Build every node and load its value: in this process, where each write can be made to fail, unless told otherwise.

    With `fold`, all records go into the index at once; `days` are what the clock is ahead; see `_be_of`.
    """
    if fold:
        record_log.FOLD_SEGMENTS = 0
    if days:
        real = time.time
        time.time = lambda: real() + days * 86_400
    _be_of(version, folder_version)
    said: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, Notice) and event.kind != "ended":  # after a kill that is so
            said.append(event.text)

    project = load_project(folder, listener=hear)
    try:
        result = project.build(NODES, values=True, on_event=hear, executor=executor)
    finally:
        project.close()
    values = {name: tell(value) for name, value in result.values.items()}
    failures = [repr(step.failure) for step in result.steps.values() if step.failure]
    return {"values": values, "computed": sorted(computed(result)), "said": said, "failures": failures}


def _be_of(version: int, folder_version: int = 1) -> None:
    """Let this process be another version of dagbuild, which writes other records and knows another index."""
    for module in (record, lines, history, compaction):
        module.FORMAT = version  # type: ignore[attr-defined]
    cache_folder.INDEX_FORMAT = version
    cache_folder.FORMAT = folder_version


def make_clean(folder: Path) -> dict[str, str]:
    """Return the values as the functions give them, without dagbuild."""
    project = load_project(folder)
    (module,) = project.modules
    values: dict[str, Any] = {}
    with contextlib.redirect_stdout(None):
        for name in NODES:
            function = getattr(module, name)
            values[name] = function(**{up: values[up] for up in inspect.signature(function).parameters})
    return {name: tell(value) for name, value in values.items()}


def verify(folder: Path, *, repair: bool = False, version: int = 1) -> dict[str, Any]:
    """Read everything again; gives what is named as wrong, in sentences."""
    _be_of(version)
    said: list[str] = []
    maintenance = Maintenance(load_settings(folder), said.append)
    try:
        report = maintenance.verify(repair=repair)
    finally:
        maintenance.close()
    named = [f"damaged {ref.digest}" for ref in report.damaged]
    named += [f"missing {ref.digest}" for ref, _ in report.missing]
    return {
        "clean": report.clean,
        "named": [*named, *report.lines],
        "said": said,
        "blobs": report.blobs,
        "records": report.records,
    }


def collect(folder: Path, *, size: int | None = None, version: int = 1) -> dict[str, Any]:
    """Remove what no root protects, as if much time had gone by; gives what is left that nobody needs."""
    _be_of(version)
    store = LocalStore(folder / "cache")
    try:
        report = collect_garbage(store, size=size, now=time.time() + FUTURE, keep_runs=1)
    finally:
        store.close()
    return {"removed": report.records, "left": find_left(folder / "cache")}


def find_left(cache: Path) -> list[str]:
    """Return the files that a killed process leaves behind: half-written ones, locks, graves."""
    left = [
        path for path in cache.rglob("*") if path.suffix in {".part", ".old"} or path.name.startswith(".")
    ]
    locks = (cache / "locks").glob("*")
    return sorted(str(path.relative_to(cache)) for path in [*left, *locks] if path.name != ".gitignore")


def find_recorded(folder: Path) -> list[str]:
    """Return the nodes whose records are completely written, read without the store."""
    nodes = []
    for path in sorted((folder / "cache" / "segments").glob("*.jsonl")):
        lines, _ = parse_lines(
            path.read_bytes(), path.name, 0, whole=True, on_notice=lambda _: None, take=lambda line: line
        )
        nodes += [str(line.data["node"]) for line in lines]
    return nodes


def check(folder: Path, *, sweep: bool = False, clean: dict[str, str] | None = None) -> dict[str, Any]:
    """Do what comes after a kill: verify, build, verify; with `sweep`, gc and a build that must run nothing.

    `clean` are the right values, where they are known.
    """
    outcome = {
        "recorded": find_recorded(folder),
        "before": verify(folder),
        "built": build(folder),
        "clean": clean or make_clean(folder),
        "after": verify(folder),
    }
    if sweep:
        outcome |= {"swept": collect(folder, size=0), "again": build(folder), "last": verify(folder)}
    return outcome | {"recorded_now": find_recorded(folder)}


def try_build(folder: Path, **options: Any) -> dict[str, Any]:
    """Build; an error that the user can act on is an outcome."""
    try:
        return build(folder, **options)
    except UserError as error:
        return {"refused": str(error)}


def suffer(
    folder: Path, *, whole: str, cases: list[dict[str, Any]], demote: bool = False
) -> list[dict[str, Any]]:
    """Damage the cache folder `whole` in each way, verify it, repair it if the case says so, and build.

    With `demote`, a process of the superuser becomes one of nobody first, who cannot read what is forbidden.
    """
    if demote and os.getuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    return [_suffer_one(folder, Path(whole), case) for case in cases]


def _suffer_one(folder: Path, whole: Path, case: dict[str, Any]) -> dict[str, Any]:
    cache = folder / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    shutil.copytree(whole, cache)
    damage(cache, **case["damage"])
    outcome: dict[str, Any] = {"before": verify(folder)}
    if case["repair"]:
        outcome |= {"repaired": verify(folder, repair=True), "after": verify(folder)}
    built = build(folder)
    again = build(folder) if built["computed"] or built["said"] else built
    return outcome | {"built": built, "again": again}


def damage(
    cache: Path, path: str, how: str, *, at: int = 0, bit: int = 0, other: str = "", text: str = ""
) -> None:
    """Do to a file what disks and people do; a path of the cache folder."""
    file = cache / path
    if how == "directory":
        file.unlink()
        file.mkdir()
        return
    if how == "unreadable":
        file.chmod(0)
        return
    file.chmod(0o600)
    data = bytearray(file.read_bytes())
    match how:
        case "flip":
            data[at] ^= 1 << bit
        case "cut":
            del data[at:]
        case "replace":
            data[:] = text.encode()
        case "swap":
            data[:] = (cache / other).read_bytes()
            (cache / other).chmod(0o600)
            (cache / other).write_bytes(file.read_bytes())
    file.write_bytes(data)


def warm_up() -> None:
    """Import all that a build imports, by building once; from then on, blobs of any size are remembered."""
    checked_blobs.FROM = checked_blobs.WORTH = 1
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(open(os.devnull, "w")):
        project = ChaosProject(Path(folder))
        build(project.folder, fold=True)
        check(project.folder, sweep=True)
        record_log.FOLD_SEGMENTS = 64


ACTIONS = {
    action.__name__: action for action in (build, make_clean, verify, collect, check, suffer, try_build)
}
