"""Small projects for tests: files in a folder, loaded afresh each time as a new process would."""

from __future__ import annotations

import importlib
import os
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from dagbuild.ground.digest import Both
from dagbuild.model.record import BlobRef
from dagbuild.plan.events import BuildResult, How
from dagbuild.project.project import Project
from dagbuild.store.local import LocalStore

Noted = TypeVar("Noted")
Result = TypeVar("Result")


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write texts, dedented, below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))


def forget_modules(folder: Path) -> None:
    """Make the next import read the folder's modules anew."""
    top = os.path.join(folder, "")
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.startswith(top):
            del sys.modules[name]
    sys.path[:] = [entry for entry in sys.path if not os.path.join(entry, "").startswith(top)]
    importlib.invalidate_caches()


def load_project(folder: Path, **options: Any) -> Project:
    """Load the project of a folder as a new process would."""
    forget_modules(folder)
    return Project.load(folder, **options)


def build(folder: Path, *targets: str, load: Mapping[str, Any] | None = None, **options: Any) -> BuildResult:
    """Load the project, build the targets with their values, and let go of it."""
    project = load_project(folder, **(load or {}))
    try:
        return project.build(targets, values=True, **options)
    finally:
        project.close()


def computed(result: BuildResult) -> set[str]:
    """Return the nodes whose functions ran, and print why others failed: for who looks at a test that does."""
    for name, step in result.steps.items():
        if step.failure is not None:
            print(f"'{name}' failed: {step.failure.message}")
    return set(result.names(How.COMPUTED))


def noting(
    notes: list[Noted], what: Callable[..., Noted], call: Callable[..., Result]
) -> Callable[..., Result]:
    """Return a call that first notes something of its arguments."""

    def noted(*arguments: Any) -> Result:
        notes.append(what(*arguments))
        return call(*arguments)

    return noted


def take_in(store: LocalStore, data: bytes) -> BlobRef:
    """Let bytes lie in a store as if they had been fetched."""
    both = Both.of(data)
    ref = BlobRef(both.digest, len(data), both.strong)
    part = store.blobs.new_part(ref.foreign)
    part.write_bytes(data)
    store.blobs.adopt(part, ref.foreign)
    return ref


def count_lines(call: Callable[[], object]) -> int:
    """Return how many lines of Python a call executes: the work that it does, whatever else the machine does."""
    counted = 0

    def count(_frame: object, event: str, _argument: object) -> Callable[..., Any]:
        nonlocal counted
        counted += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        call()
    finally:
        sys.settrace(before)
    return counted
