"""Make nodes of loaders and savers: what decorators and materializers have in common.

A loader is two nodes: one gives the value and what is known of it, the other the value alone, so that times in what is
known make nothing run again. A saver is one. Knows no functions of users. Guards: whatever the class will use stands in
a parameter's binding or in the node's sources.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dagbuild.formats import DataLoader, DataSaver, check_arguments, find_loader, find_saver
from dagbuild.formats.library import LibraryAdapter
from dagbuild.model.node import REQUIRED, Binding, CachePolicy, Node, Parameter, Source, Tag, Value, Where
from dagbuild.model.output_paths import clean_path
from dagbuild.modifiers.base import SAVES, derive
from dagbuild.modifiers.fields import ExtractElement

LOADED = types.GenericAlias(dict, (str, Any))
"""The type of what is known of a value that was loaded or saved."""

DATA = "data"
"""The parameter of a saver's node that takes what is saved; no argument of a saver has the name."""

_A_PLAN = "gives a plan, which loads when it is asked"
_PATTERN = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Load:
    """Loads a value."""

    loader: type[DataLoader]
    kind: Any

    def __call__(self, **given: Any) -> tuple[Any, dict[str, Any]]:
        """Return the value, and what is known of where it came from."""
        return self.loader(**given).load_data(self.kind)


@dataclass(frozen=True, slots=True)
class Save:
    """Saves a value."""

    saver: type[DataSaver]
    taken: str

    def __call__(self, **given: Any) -> Any:
        """Return what is known of where the value is now; the folder of its file is made."""
        data = given.pop(self.taken)
        place = given.get(self.saver.place or "")
        path = Path(place) if isinstance(place, str | Path) and "://" not in str(place) else None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        told = self.saver(**given).save_data(data)
        if path is not None and path.is_file():
            path.open("ab").close()  # so that it is seen to be written: C++ opens files out of Python's sight
        return told


@dataclass(frozen=True, slots=True)
class Asked:
    """A format, and what its class is given; `label` is how the user wrote it."""

    form: str
    given: Mapping[str, Binding]
    label: str
    where: Where


def bind_all(given: Mapping[str, Any]) -> dict[str, Binding]:
    """Return a binding for each argument: what is none is taken for the value itself."""
    return {
        name: binding if isinstance(binding, Binding) else Value(binding) for name, binding in given.items()
    }


def make_loading(asked: Asked, prefix: str, parameter: str, kind: Any, name: str) -> list[Node]:
    """Return the node that loads what `parameter` takes, and the one called `name` that gives it.

    Raises GraphError where nothing loads that, or not so.
    """
    loader = find_loader(asked.form, kind, f"'{parameter}'")
    known = check_arguments(loader, asked.given, asked.label)
    required = loader.get_required_arguments()
    tags: dict[str, Tag] = {
        "hamilton.data_loader": True,
        "hamilton.data_loader.has_metadata": True,
        "hamilton.data_loader.source": loader.name(),
        "hamilton.data_loader.classname": loader.__qualname__,
        "hamilton.data_loader.node": parameter,
    }
    pair = types.GenericAlias(tuple, (kind, LOADED))
    path = _find_read(loader, asked.given)
    loading = Node(
        name=f"{prefix}load_data.{parameter}",
        type=pair,
        function=Load(loader, kind),
        parameters=_make_parameters(asked, known, required),
        where=asked.where,
        sources=_find_sources(loader),
        operation=f"load_from/1:{loader.name()}",
        tags=tags,
        reads=(path,) if path else (),
        function_name=f"{prefix}load_data.{parameter}",
        at_home=True,
        cache=CachePolicy(never=loader.plans, because=_A_PLAN if loader.plans else ""),
    )
    return [
        loading,
        make_selecting(loading, name, kind, {**tags, "hamilton.data_loader.has_metadata": False}),
    ]


def make_selecting(loading: Node, name: str, kind: Any, tags: Mapping[str, Tag]) -> Node:
    """Return the node that gives the value alone of what another one has loaded."""
    return derive(
        loading,
        name=name,
        type=kind,
        function=ExtractElement(0),
        parameters=(Parameter("elements", loading.type, Source(loading.name), item=0),),
        sources=(),
        operation="load_from/1",
        tags=tags,
        doc="",
        function_name=name,
    )


def make_saving(asked: Asked, saved: str, kind: Any, name: str) -> Node:
    """Return the node called `name` that saves what the node `saved` gives; raises GraphError where nothing can."""
    saver = find_saver(asked.form, kind, f"'{saved}'")
    known = check_arguments(saver, asked.given, asked.label)
    required = saver.get_required_arguments()
    taken = DATA
    while taken in known:
        taken += "_"
    path = _find_output(saver, asked.given)
    return Node(
        name=name,
        type=kind if saver.leaves == "nothing" else LOADED,
        function=Save(saver, taken),
        parameters=(Parameter(taken, kind, Source(saved)), *_make_parameters(asked, known, required)),
        where=asked.where,
        sources=_find_sources(saver),
        operation=f"{SAVES}:{saver.name()}",
        tags={
            "hamilton.data_saver": True,
            "hamilton.data_saver.sink": saver.name(),
            "hamilton.data_saver.classname": saver.__qualname__,
        },
        function_name=name,
        writes=(path,) if path else (),
        at_home=True,
        saves="" if path or saver.leaves == "nothing" else saver.leaves,
    )


def _make_parameters(
    asked: Asked, known: Mapping[str, Any], required: Mapping[str, Any]
) -> tuple[Parameter, ...]:
    """Return a parameter for each argument that is given; what has a default may be left out."""
    return tuple(
        Parameter(name, known[name], binding, REQUIRED if name in required else None)
        for name, binding in asked.given.items()
    )


def _find_sources(adapter: type) -> tuple[Any, ...]:
    """Return what the fingerprint is to see of a class: itself, or the library's function that it stands for."""
    return (adapter.call.open(),) if issubclass(adapter, LibraryAdapter) else (adapter,)


def settle_places(nodes: Mapping[str, Node], config: Mapping[str, Any]) -> dict[str, Node]:
    """Return the nodes of a graph; of those that load and save, files are known whose paths are config values."""
    return {name: _settle(node, nodes, config) for name, node in nodes.items()}


def _settle(node: Node, nodes: Mapping[str, Node], config: Mapping[str, Any]) -> Node:
    match node.function:
        case Load(loader):
            adapter: Any = loader
        case Save(saver):
            adapter = saver
        case _:
            return node
    given = {parameter.name: parameter.binding for parameter in node.parameters}
    match given.get(adapter.place or ""):
        case Source(key) if key not in nodes and isinstance(config.get(key), str | Path):
            known = {**given, adapter.place: Value(config[key])}
        case _:
            return node
    if isinstance(node.function, Load):
        path = _find_read(adapter, known)
        return (
            replace(node, reads=(path,), config_used={**node.config_used, key: config[key]}) if path else node
        )
    path = _find_output(adapter, known)
    if not path:
        return node
    return replace(node, writes=(path,), saves="", config_used={**node.config_used, key: config[key]})


def _find_path(place: str | None, given: Mapping[str, Binding]) -> str:
    """Return the path of a local file, where it is known before anything runs; else nothing."""
    match given.get(place or ""):
        case Value(str() | Path() as path) if "://" not in str(path):
            return str(path)
        case _:
            return ""


def _find_read(loader: type[DataLoader], given: Mapping[str, Binding]) -> str:
    """Return the path of the file that a loader reads, and no pattern; else nothing."""
    path = _find_path(loader.place, given)
    return "" if path.startswith("~") or not _PATTERN.isdisjoint(path) else path


def _find_output(saver: type[DataSaver], given: Mapping[str, Binding]) -> str:
    """Return the path that a saver writes whole, and that lies in the project; else nothing."""
    mode = given.get("mode", Value("w"))
    if saver.leaves != "files" or mode != Value("w") or "partition_cols" in given:
        return ""
    path = _find_path(saver.place, given)
    if saver.completes and not Path(path).suffix:
        return ""
    try:
        return clean_path(path)
    except ValueError:
        return ""
