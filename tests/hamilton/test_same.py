"""What a driver tells and gives is what Hamilton's does: of modules of each kind, and of some that chance has made."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from tests.hamilton.programs import PROGRAMS, Program, make_program

pytest.importorskip("hamilton")

RANDOM = [make_program(seed) for seed in range(60)]


@pytest.fixture(autouse=True)
def no_temporary_modules_left() -> Iterator[None]:
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("program_"):
            del sys.modules[name]


def load(library: str, name: str) -> Any:
    return importlib.import_module(f"{library}.{name}")


def open_driver(library: str, program: Program) -> Any:
    """Return the library's driver of the program, made by its Builder."""
    source = program.source(library)
    module = load(library, "ad_hoc_utils").module_from_source(source, f"program_{library}")
    builder = load(library, "driver").Builder().with_modules(module).with_config(dict(program.config))
    return builder.build()


def name_type(kind: Any) -> str:
    """Return a type's name, of the libraries' own without where it is."""
    return getattr(kind, "__name__", str(kind)) if isinstance(kind, type) else str(kind)


def tell(driver: Any) -> dict[str, tuple[Any, ...]]:
    """Return what is told of each node, but for what is worded by each of the two."""
    told = {}
    for node in driver.list_available_variables():
        tags = {key: value for key, value in node.tags.items() if key != "module"}
        if "hamilton.config" in tags:  # the order of keys is nobody's promise
            tags["hamilton.config"] = sorted(str(tags["hamilton.config"]).split(","))
        doc = (
            "" if "hamilton.data_quality.contains_dq_results" in tags else (node.documentation or "").strip()
        )
        edges = (sorted(node.required_dependencies), sorted(node.optional_dependencies))
        told[node.name] = (name_type(node.type), tags, node.is_external_input, doc, *edges)
    return told


def compute(driver: Any, program: Program) -> dict[str, Any]:
    names = program.targets or [n.name for n in driver.list_available_variables() if not n.is_external_input]
    values = driver.execute(list(names), inputs=dict(program.inputs), overrides=dict(program.overrides))
    return {name: simplify(value) for name, value in values.items()}


def simplify(value: Any) -> Any:
    if isinstance(value, pd.DataFrame | pd.Series):
        return type(value).__name__, value.to_dict()
    return ("a check", value.passes) if hasattr(value, "passes") else value


@pytest.mark.parametrize("program", [*PROGRAMS, *RANDOM], ids=lambda program: program.name)
def test_tells_and_gives_the_same(program: Program) -> None:
    """Names, types, tags, documentation and edges of each node, and the values of all of them."""
    theirs, ours = open_driver("hamilton", program), open_driver("dagbuild", program)

    assert tell(ours) == tell(theirs)
    assert compute(ours, program) == compute(theirs, program)
