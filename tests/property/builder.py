"""Build a sketch with dagbuild in this process, and work out its values without it."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import linecache
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from dagbuild import Driver
from dagbuild.plan.events import How
from tests.property.history import Built
from tests.property.sketch import Sketch
from tests.property.telling import tell


@contextmanager
def loaded(sketch: Sketch, folder: Path) -> Iterator[list[ModuleType]]:
    """Import what stands in the folder, as a process that has just started would."""
    with contextlib.chdir(folder), importing(sketch.modules, folder, sketch.files) as modules:
        yield modules


@contextmanager
def importing(
    names: Sequence[str], folder: Path, wanted: Sequence[str] | None = None
) -> Iterator[list[ModuleType]]:
    """Import modules of a folder, or only some of them, which are all forgotten afterwards."""
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    linecache.clearcache()
    try:
        yield [importlib.import_module(name) for name in (names if wanted is None else wanted)]
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = writes


class Here:
    """Builds in this process, which shows nothing of what nodes share or leave in one."""

    def build(self, sketch: Sketch, folder: Path, cache: Path) -> Built:
        """Build all targets with a new Driver."""
        with loaded(sketch, folder) as modules:
            driver = Driver(sketch.used_config, *modules, cache=cache, root=folder, executor="inline")
            try:
                result = driver.build(
                    sketch.targets, inputs=sketch.used_inputs, overrides=sketch.given_overrides
                )
            finally:
                driver.project.close()
        return Built(tell(result.values, sketch.targets), result.names(How.COMPUTED), [])

    def expect(self, sketch: Sketch, folder: Path, cache: Path) -> str:
        """Return the targets' values by calling the functions one by one."""
        with loaded(sketch, folder) as modules:
            return tell(evaluate(sketch, modules), sketch.targets)


def evaluate(sketch: Sketch, modules: list[ModuleType]) -> dict[str, Any]:
    """Return the targets' values by calling the functions one by one: what dagbuild must give, told without it."""
    known: dict[str, Any] = {**sketch.config, **sketch.inputs, **sketch.given_overrides}
    titles = {node.name: node.title or node.name for node in sketch.nodes}
    for node in sketch.nodes:  # each stands after what it takes
        title = titles[node.name]
        if title not in known:
            function = getattr(modules[node.file], title)
            arguments = {
                name: known[name] for name in inspect.signature(function).parameters if name in known
            }
            for name in sketch.tables.intersection(node.takes) if node.columns else ():
                arguments[titles[name]] = arguments[titles[name]][list(node.columns)]
            known[title] = function(**arguments)
    return known
