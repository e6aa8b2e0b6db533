"""Turn functions and what their decorators noted into nodes.

Fixed stages, in the order of `Stage`, after what config chooses. Knows no other decorators than those, no modules
and no graph: names that clash, edges and cycles are the loader's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_origin

from dagbuild.ground.errors import GraphError, Problem
from dagbuild.model.elements import Parallelizable, find_element
from dagbuild.model.node import MODEST, READ_ONCE, Node, Where
from dagbuild.model.types import plain_type
from dagbuild.modifiers.base import Context, NodeModifier, modifiers_of
from dagbuild.modifiers.choose import Default, Exclude, ReadConfig, config, resolve
from dagbuild.modifiers.hamiltons import find_hamiltons
from dagbuild.modifiers.pipes import add_steps
from dagbuild.modifiers.signature import find_where, read_signature
from dagbuild.modifiers.steps import Step

NOTHING_BEHIND: Mapping[int, Sequence[Step]] = {}
"""Where no function stands behind another one by `mutate`."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """What became of one function.

    `nodes` is empty when config left the function out. `config_read` are the config values that the
    decorators asked for, also those of a function that was left out.
    """

    where: Where
    nodes: tuple[Node, ...] = ()
    problems: tuple[Problem, ...] = ()
    config_read: Mapping[str, Any] | None = None


def compile_functions(functions: Iterable[Callable[..., Any]], given: Mapping[str, Any]) -> list[Node]:
    """Return the nodes of all functions under the config `given`; raises one GraphError with all problems."""
    compiled = [compile_function(function, given) for function in functions]
    problems = [problem for one in compiled for problem in one.problems]
    if problems:
        raise GraphError.of(problems)
    return [node for one in compiled for node in one.nodes]


def compile_function(
    function: Callable[..., Any],
    given: Mapping[str, Any],
    behind: Mapping[int, Sequence[Step]] = NOTHING_BEHIND,
    within: tuple[Callable[..., Any], ...] = (),
    namespace: str = "",
) -> Compiled:
    """Return the nodes of one function under the config `given`, or what is wrong with it.

    `behind` are the steps that `mutate` puts behind functions' outputs, by these functions' ids. `within` are the
    functions whose decorators make nodes of this one, the outermost first, `namespace` what these put in front of
    the names.
    """
    where = find_where(function)
    if strange := tuple(find_hamiltons(function, where)):
        return Compiled(where, (), strange)
    seen = ReadConfig(given)
    nodes: list[Node] = []
    try:
        name, modifiers = _resolve(function, seen)
        if name is None:
            return Compiled(where, config_read=seen.read)
        first, problems = _create_node(function, name, where)
        if problems:
            return Compiled(where, (first,), tuple(problems), seen.read)
        context = Context(function, name, where, given, behind, (*within, function), namespace)
        nodes = [first]
        steps = add_steps(modifiers, behind.get(id(function), ()))
        for modifier in sorted(steps, key=lambda modifier: modifier.stage):  # stable: nearest first
            nodes = _apply(modifier, nodes, context)
        if first.expands and any(
            node.operation and first.name in (node.name, *node.upstream) for node in nodes
        ):
            message = f"'{name}' gives elements, which its decorators would take for one value"
            hint = "let a node that takes it have them: it is called for each element"
            return Compiled(where, tuple(nodes), (Problem(message, str(where), hint),), seen.read)
    except GraphError as error:
        problems = [replace(problem, where=problem.where or str(where)) for problem in error.problems]
        return Compiled(where, tuple(nodes), tuple(problems), seen.read)
    nodes = list(map(_as_view, nodes))
    if problem := next(filter(None, map(_find_unlimited, nodes)), None):
        return Compiled(where, tuple(nodes), (problem,), seen.read)
    if seen.read:
        nodes = [replace(node, config_used={**node.config_used, **seen.read}) for node in nodes]
    read = {key: value for node in nodes for key, value in node.config_used.items()}
    return Compiled(where, (*nodes, *context.beside), (), {**read, **seen.read, **context.read})


def _apply(modifier: NodeModifier, nodes: list[Node], context: Context) -> list[Node]:
    """Return what a modifier makes of the function's own nodes, and of inner ones where it is said to be for these."""
    own, inner = {node.name for node in nodes}, tuple(node.name for node in context.beside)
    target = modifier.target
    named = {target} if isinstance(target, str) else () if target is None or target is ... else target
    if not inner or (target is not ... and own.issuperset(named)):
        return modifier.apply(nodes, context)
    made = modifier.apply([*context.beside, *nodes], context)
    context.beside[:] = [node for node in made if node.name not in own and node.name.startswith(inner)]
    inside = set(map(id, context.beside))
    return [node for node in made if id(node) not in inside]


def _as_view(node: Node) -> Node:
    """Return a node that gives an iterator as one that is never cached: what is used up cannot be served again."""
    form = plain_type(node.type)
    kind: Any = get_origin(form) or form
    if node.cache.never or kind not in (Iterator, Generator):
        return node
    return replace(node, cache=replace(node.cache, never=True, because=READ_ONCE))


def _find_unlimited(node: Node) -> Problem | None:
    """Return what is wrong where a node has no call of its own that a decorator of it could be for."""
    if not node.cache.never:
        return None
    said = {
        "@retry": node.retry is not None,
        "@timeout": node.timeout is not None,
        "@resources": node.resources is not MODEST,
    }
    label = next((label for label, given in said.items() if given), None)
    if label is None:
        return None
    return Problem(
        f"{label}: '{node.name}' is never cached, and has no call of its own: it runs inside the steps that need it",
        str(node.where),
        f"put {label} on the nodes that take it",
    )


def _resolve(function: Callable[..., Any], seen: ReadConfig) -> tuple[str | None, list[NodeModifier]]:
    rest: list[NodeModifier | resolve] = []
    for modifier in modifiers_of(function):
        match modifier:
            case Exclude():
                return None, []
            case NodeModifier() | resolve():
                rest.append(modifier)
    chosen = _choose(function, seen)
    if chosen is None:
        return None, []
    return chosen, [modifier.make(seen) if isinstance(modifier, resolve) else modifier for modifier in rest]


def _choose(function: Callable[..., Any], seen: ReadConfig) -> str | None:
    """Return the name of the function's node, or None where the config leaves it out."""
    name = function.__name__
    chosen: str | None = name
    for modifier in modifiers_of(function):
        if isinstance(modifier, config):
            left_out = chosen is None or (
                isinstance(modifier, Default) and _is_made(modifier, function, seen)
            )
            choice = modifier.choose(name, seen)
            chosen = None if left_out else choice
    return chosen


def _is_made(default: Default, function: Callable[..., Any], seen: ReadConfig) -> bool:
    """Tell whether another variant makes the function's node: one of its module's that the config keeps."""
    name = default.name_node(function.__name__)
    for other in list(getattr(function, "__globals__", {}).values()):
        if not inspect.isfunction(other) or other.__module__ != function.__module__ or other is function:
            continue
        told = modifiers_of(other)
        said = [modifier for modifier in told if isinstance(modifier, config)]
        if not said or isinstance(said[-1], Default) or any(isinstance(each, Exclude) for each in told):
            continue
        if said[-1].name_node(other.__name__) == name and _choose(other, seen) == name:
            return True
    return False


def _create_node(function: Callable[..., Any], name: str, where: Where) -> tuple[Node, list[Problem]]:
    parameters, result, problems = read_signature(function, name, where)
    expands, element = find_element(result, Parallelizable)
    node = Node(
        name=name,
        type=element,
        function=function,
        parameters=parameters,
        where=where,
        doc=inspect.cleandoc(function.__doc__ or ""),
        function_name=function.__name__,
        expands=expands,
    )
    return node, problems
