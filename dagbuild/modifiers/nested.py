"""Nodes beneath a node: those of functions that a decorator loads, under a name in front of their own.

Knows no decorator. Guards: an inner node is the node that its function would make by itself, but for its name and for
what its parameters are bound to; no name of the graph around it is taken for one within.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from itertools import groupby
from types import FunctionType, ModuleType
from typing import Any

from dagbuild.ground.errors import GraphError, Problem
from dagbuild.model.node import PASS_ON, Binding, CachePolicy, Group, Node, Parameter, Source, Value, Where
from dagbuild.model.types import accepts, check_value, plain_type
from dagbuild.modifiers.base import Context, Modifier, PassOn, find_remembered, list_names
from dagbuild.modifiers.compile import compile_function
from dagbuild.modifiers.functions import OWN_FUNCTIONS, create_module, find_functions


def collect_modules(given: Sequence[Any], modifier: Modifier) -> tuple[ModuleType, ...]:
    """Return the modules that a decorator was given, and modules of the functions; raises GraphError."""
    if not given:
        raise modifier.error("neither a module nor a function is given")
    for each in given:
        if not isinstance(each, ModuleType) and find_remembered(each) is None:
            hint = f"import it: `import {each}`, and give the module" if isinstance(each, str) else None
            raise modifier.error(
                f"{each!r} is neither a module nor a function", hint=hint or "give them one by one"
            )
    found: list[ModuleType] = []
    for is_module, items in groupby(given, key=lambda each: isinstance(each, ModuleType)):
        run = list(items)
        found += run if is_module else [create_module(*run, name="functions")]
    return tuple(found)


def compile_loaded(
    modifier: Modifier, namespace: str, config: Mapping[str, Any], own: Collection[str], context: Context
) -> list[Node]:
    """Return the nodes of what a decorator loads, whose names will be under a namespace, by their plain names.

    `config` is what they see, of which `own` are the decorator's own keys. Raises GraphError with all that is wrong.
    """
    functions = {
        id(function): function for module in modifier.load_from for function in _find_in_order(module)
    }
    if not functions:
        names = list_names([module.__name__ for module in modifier.load_from])
        raise modifier.error(f"no function of {names} makes a node")
    nodes: list[Node] = []
    problems: list[Problem] = []
    for function in functions.values():
        if any(function is each for each in context.within):
            hint = "move what it is made of to a module of its own"
            raise modifier.error(f"'{function.__name__}' is within itself", hint=hint)
        compiled = compile_function(
            function, config, context.behind, context.within, f"{context.namespace}{namespace}."
        )
        read = compiled.config_read or {}
        context.read.update({key: value for key, value in read.items() if key not in own})
        problems += compiled.problems
        nodes += compiled.nodes
    if problems:
        raise GraphError.of(problems)
    return nodes


def _find_in_order(module: ModuleType) -> list[FunctionType]:
    """Return the functions: those of a module by their names, as in Hamilton, and others as they were given."""
    found = list(find_functions(module))
    return found if OWN_FUNCTIONS in vars(module) else sorted(found, key=lambda each: each.__name__)


def pass_on(name: str, binding: Binding, takers: Iterable[Node], where: Where) -> Node:
    """Return a node that gives the nodes `takers`, which take it under this name, what it is bound to."""
    kinds = [kind for node in takers for kind in _find_wanted(node, name)]
    parameter = Parameter("value", _find_type(binding, kinds), binding)
    return Node(
        name=name,
        type=plain_type(parameter.type),
        function=PassOn(),
        parameters=(parameter,),
        where=where,
        operation=PASS_ON,
        cache=CachePolicy(never=True),
    )


def _find_wanted(node: Node, name: str) -> Iterator[Any]:
    for parameter in node.parameters:
        if isinstance(parameter.binding, Group):
            yield from [Any] * parameter.upstream.count(name)
        elif name in parameter.upstream:
            yield parameter.type.__args__[0] if parameter.collects else parameter.type


def _find_type(binding: Binding, kinds: Sequence[Any]) -> Any:
    """Return the type of what is passed on: the tightest one that it is taken as, for a value its own."""
    tightest = kinds[0] if kinds else Any
    for kind in kinds[1:]:
        if accepts(kind, tightest) and not accepts(tightest, kind):
            tightest = kind
    if isinstance(binding, Value):
        own = Any if callable(binding.value) else type(binding.value)
        fits = not accepts(own, tightest) and check_value(binding.value, tightest)
        return tightest if fits else own
    if any(kind != tightest for kind in kinds):
        tightest = plain_type(tightest)
        # Who takes some columns of it is not the only one.
        return Any if Parameter("given", tightest, binding).columns else tightest
    return tightest


def put_under(namespace: str, nodes: Iterable[Node], names: Mapping[str, str]) -> list[Node]:
    """Return the nodes under a namespace, taking what has another name now under that one."""
    return [
        replace(rebind(node, names), name=f"{namespace}.{node.name}", function=_tell_of(node.function, names))
        for node in nodes
    ]


def name_inside(namespace: str, names: Iterable[str]) -> dict[str, str]:
    """Return for names what they are called under a namespace."""
    return {name: f"{namespace}.{name}" for name in names}


def rebind(node: Node, names: Mapping[str, str]) -> Node:
    """Return the node, taking what has another name now under that one."""
    if not names.keys() & set(node.upstream):
        return node
    return replace(
        node, parameters=tuple(replace(p, binding=_move(p.binding, names)) for p in node.parameters)
    )


def _move(binding: Binding, names: Mapping[str, str]) -> Binding:
    match binding:
        case Source(name):
            return Source(names.get(name, name))
        case Group(items, keys):
            moved = (Source(names.get(i.name, i.name)) if isinstance(i, Source) else i for i in items)
            return Group(tuple(moved), keys)
    return binding


def _tell_of(function: Callable[..., Any], names: Mapping[str, str]) -> Callable[..., Any]:
    """Return an operation of ours that tells of a node by the name that this has now; all else as it is."""
    if isinstance(function, type) or not is_dataclass(function):
        return function
    operation: Any = function
    told = operation.node if any(each.name == "node" for each in fields(operation)) else ""
    changed: Callable[..., Any] = replace(operation, node=names[told]) if told in names else function
    return changed


def check_namespace(namespace: str, modifier: Modifier) -> None:
    """Raise GraphError where a text cannot stand in front of nodes' names."""
    if not isinstance(namespace, str) or not all(part.isidentifier() for part in namespace.split(".")):
        raise modifier.error(
            f"{namespace!r} cannot stand in front of names", hint="a name, or names with dots between"
        )
