"""Make the manifest of every node: the named parts that decide its value, upstreams aside.

One walk makes both the parts that count and those that explain, so that they cannot drift apart. Knows nothing of
stores or plans. File paths, module names, lines, users, machines and times are in no part that counts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType
from typing import Any

from dagbuild.code.closure import Leaf, SourceReader
from dagbuild.code.distributions import package_version
from dagbuild.code.requirements import find_required
from dagbuild.ground.digest import digest_json, digest_text
from dagbuild.model.node import Binding, Group, Node, Parameter, Source, Value
from dagbuild.model.record import Manifest, Part

# A release that changes what one of these says raises its number, and re-keys only what that concerns.
SOURCE_SCHEME = 2
BINDING_SCHEME = 1
RECIPE_SCHEME = 1
ELEMENTS_SCHEME = 1

DEFAULT_POLICY = {"*": "exact", "python": "minor"}
"""How much of a version counts, by distribution; "python" is the interpreter's own."""

_KEPT = {"exact": None, "minor": 2, "major": 1, "ignore": 0}


def make_manifests(
    nodes: Iterable[Node], reader: SourceReader, *, packages: Mapping[str, str]
) -> dict[str, Manifest]:
    """Return the manifest of each node by its name.

    Take all of them before the first node runs: running nodes may change what modules hold. `packages` says for
    distributions how much of their version counts: exact, minor, major or ignore; "*" is the default.
    """
    maker = _PartMaker(reader, {**DEFAULT_POLICY, **packages})
    return {node.name: Manifest(tuple(maker.parts(node))) for node in nodes}


class _PartMaker:
    """Makes the parts of nodes; those that many nodes share are made once."""

    def __init__(self, reader: SourceReader, policy: Mapping[str, str]) -> None:
        self._reader = reader
        self._policy = policy
        self._leaves: dict[Leaf, Part] = {}
        self._packages: dict[tuple[str, str], Part] = {}
        self._sets: dict[frozenset[str], list[Part]] = {}
        self._recipes: dict[tuple[str | None, ...], Part] = {}
        self._python = _python_part(policy["python"])

    def parts(self, node: Node) -> Iterator[Part]:
        """Yield the parts of a node, those that count and those that explain."""
        yield Part("node", node.name, digest_text(node.name))
        things = [node.function, *node.sources, *_bound_values(node)]
        count = 1 + len(node.sources) if node.operation else 1
        called = next((place for place in range(count) if _takes_all(things[place], node)), None)
        if called is not None:
            things.insert(0, things.pop(called))
        closure = self._reader.closure(things, node.cache.ignore, called_by_name=called is not None)
        names = [p.keyword if closure.named else "" for p in node.parameters]
        structure = [
            [name, _spell(p.binding), _columns(p)] for name, p in zip(names, node.parameters, strict=True)
        ]
        # What a decorator does to a function may depend on names; what dagbuild does around one does not.
        named = node.name if any(map(self._may_be_named, _list_called(node))) else ""
        digest = digest_json([SOURCE_SCHEME, closure.digest, BINDING_SCHEME, named, structure])
        yield Part("source", node.function_name or node.name, digest, where=str(node.where))
        if any(p.binding != Source(p.name) for p in node.parameters):
            values = [self._reader.value(value) for value in _bound_values(node)]
            told = self._tell_bindings(node)
            yield Part("binding", node.name, digest_json([structure, values]), told, counts=False)
        for parameter in node.parameters:
            if parameter.columns:
                digest, text = digest_json(_columns(parameter)), str(parameter.columns)
                yield Part("columns", parameter.name, digest, text, counts=False)
        yield from map(self._leaf, closure.leaves)
        # A body may do all its work with methods of what it receives, and import nothing.
        received = [self._reader.find_packages(parameter.type) for parameter in node.parameters]
        yield from self._used(frozenset(closure.packages).union(*received))
        yield self._python
        for key, value in sorted(node.config_used.items()):
            yield Part("config", key, *self._reader.tell_setting(key, value), counts=False)
        if node.axes or any(parameter.collects for parameter in node.parameters):
            yield _elements_part(node)
        for path in node.writes:
            yield Part("output", path, digest_text(path))
        yield self._recipe(node.operation, node.cache.format, node.cache.version)
        for note in closure.notes:
            yield Part(note.kind, note.text, "", note.remedy, note.where, counts=False)

    def _may_be_named(self, thing: Any) -> bool:
        """Tell whether a thing is called that may have been told what the node's function is called."""
        return callable(thing) and not isinstance(thing, type) and not self._reader.is_plain(thing)

    def _tell_bindings(self, node: Node) -> str:
        """Return the outline of what the parameters are given by decorators."""
        bound = [p for p in node.parameters if p.binding != Source(p.name)]
        return f"given({', '.join(f'{p.name}={self._tell_binding(p.binding)}' for p in bound)})"

    def _tell_binding(self, binding: Binding) -> str:
        match binding:
            case Source(name):
                return f"upstream({name!r})"
            case Value(value):
                return self._reader.outline(value)
            case Group(items, keys):
                texts = [self._tell_binding(item) for item in items]
                if keys:
                    return (
                        f"{{{', '.join(f'{key!r}: {text}' for key, text in zip(keys, texts, strict=True))}}}"
                    )
                return f"[{', '.join(texts)}]"

    def _leaf(self, leaf: Leaf) -> Part:
        part = self._leaves.get(leaf)
        if part is None:
            part = Part(leaf.kind, leaf.name, leaf.digest, leaf.text, leaf.where, counts=False)
            self._leaves[leaf] = part
        return part

    def _recipe(self, operation: str | None, form: str | None, version: str | None) -> Part:
        choices = (operation, form, version)
        part = self._recipes.get(choices)
        if part is None:
            digest = digest_json([RECIPE_SCHEME, *choices])
            told = [f"{name}={value!r}" for name, value in (("format", form), ("version", version)) if value]
            text = f"given({', '.join(told)})" if told else ""
            part = self._recipes[choices] = Part("recipe", operation or "call", digest, text)
        return part

    def _used(self, names: frozenset[str]) -> list[Part]:
        """Return a part for each distribution that is used, and for each that one of them requires."""
        parts = self._sets.get(names)
        if parts is None:
            askers = find_required(names)
            used = {
                **{name: f"required by {asker}" for name, asker in askers.items()},
                **dict.fromkeys(names, ""),
            }
            parts = self._sets[names] = [self._package(name, used[name]) for name in sorted(used)]
        return parts

    def _package(self, name: str, why: str) -> Part:
        part = self._packages.get((name, why))
        if part is None:
            policy = self._policy.get(name, self._policy["*"])
            part = _version_part("package", name, package_version(name), policy)._replace(where=why)
            self._packages[name, why] = part
        return part


def _list_called(node: Node) -> tuple[Any, ...]:
    """Return what is called of the project's code, among other things."""
    return node.sources if node.operation else (node.function,)


def _takes_all(thing: Any, node: Node) -> bool:
    """Tell whether a thing is a function whose parameters are the node's, in their order."""
    if not isinstance(thing, FunctionType):
        return False
    code = thing.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return names == tuple(parameter.keyword for parameter in node.parameters)


def _bound_values(node: Node) -> Iterator[Any]:
    """Yield the values that the project's code binds to parameters, in the order that `_spell` leaves places for."""
    for parameter in node.parameters:
        binding = parameter.binding
        items = binding.items if isinstance(binding, Group) else (binding,)
        yield from (item.value for item in items if isinstance(item, Value))


def _spell(binding: Binding) -> Any:
    """Return the structure of a binding: where the names and values go, not which ones."""
    match binding:
        case Source():
            return "source"
        case Value():
            return "value"
        case Group(items, keys):
            return ["group", [_spell(item) for item in items], keys]


def _columns(parameter: Parameter) -> list[Any] | None:
    """Return the columns that a parameter is given, which is a part of what the function sees."""
    return list(parameter.columns.names) if parameter.columns else None


def _elements_part(node: Node) -> Part:
    """Return the part that says how often a node is called, and whether what it takes and gives are elements."""
    collects = [parameter.collects for parameter in node.parameters]
    digest = digest_json([ELEMENTS_SCHEME, len(node.block), node.expands, collects])
    return Part(
        "elements", "", digest, f"once for each of {' in '.join(node.block[::-1])}" if node.block else ""
    )


def _version_part(kind: str, name: str, version: str, policy: str) -> Part:
    kept = _KEPT[policy]
    counted = version if kept is None else ".".join(version.split(".")[:kept])
    return Part(kind, name, counted, version, counts=policy != "ignore")


def _python_part(policy: str) -> Part:
    """Return the part of the interpreter; told to optimize, it leaves out what asserts and what asks `__debug__`."""
    part = _version_part("python", "python", ".".join(str(number) for number in sys.version_info[:3]), policy)
    if not sys.flags.optimize:
        return part
    told = f" -{'O' * sys.flags.optimize}"
    return part._replace(digest=part.digest + told, text=part.text + told, counts=True)
