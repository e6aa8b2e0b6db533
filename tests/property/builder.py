"""Build a sketch with dagbuild, and work out its values without it."""

from __future__ import annotations

import importlib
import inspect
import linecache
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from dagbuild import Driver
from dagbuild.plan.events import BuildResult
from tests.property.sketch import Sketch


@contextmanager
def loaded(sketch: Sketch, folder: Path) -> Iterator[list[ModuleType]]:
    """Write the sketch out and import it, as a process that has just started would."""
    folder.mkdir(exist_ok=True)
    sketch.write(folder)
    with importing(sketch.modules, folder) as modules:
        yield modules[: len(sketch.files)]


@contextmanager
def importing(names: Sequence[str], folder: Path) -> Iterator[list[ModuleType]]:
    """Import modules of a folder, which are forgotten afterwards."""
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    linecache.clearcache()
    try:
        yield [importlib.import_module(name) for name in names]
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = writes


def build(sketch: Sketch, modules: list[ModuleType], folder: Path, cache: Path) -> BuildResult:
    """Build all targets with a new Driver."""
    driver = Driver(sketch.used_config, *modules, cache=cache, root=folder)
    try:
        return driver.build(sketch.targets, inputs=sketch.used_inputs, overrides=sketch.given_overrides)
    finally:
        driver.project.close()


def evaluate(sketch: Sketch, modules: list[ModuleType]) -> dict[str, Any]:
    """Return the targets' values by calling the functions one by one: what dagbuild must give, told without it."""
    functions = {node.name: getattr(modules[node.file], node.name) for node in sketch.nodes}
    known: dict[str, Any] = {**sketch.config, **sketch.inputs, **sketch.given_overrides}
    for node in sketch.nodes:  # each stands after what it takes
        if node.name not in known:
            arguments = _arguments(functions[node.name], known)
            for name in sketch.tables.intersection(node.takes) if node.columns else ():
                arguments[name] = arguments[name][list(node.columns)]
            known[node.name] = functions[node.name](**arguments)
    return {name: known[name] for name in sketch.targets}


def _arguments(function: Any, known: Mapping[str, Any]) -> dict[str, Any]:
    return {name: known[name] for name in inspect.signature(function).parameters if name in known}


def tell(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values that can be compared by `==`: all that can be seen of a table."""
    return {
        name: (value.to_dict("tight"), value.attrs) if isinstance(value, pd.DataFrame) else value
        for name, value in values.items()
    }
