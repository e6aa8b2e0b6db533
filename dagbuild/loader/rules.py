"""What must hold between the nodes of a graph, and what the graph needs from outside.

Each check is a loop over nodes that returns problems; none of them raises, so that all problems are told
together.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dagbuild.ground.errors import Problem, did_you_mean
from dagbuild.model.conversion import Texts, Unfit, convert_value, show_value
from dagbuild.model.graph import Graph
from dagbuild.model.node import REQUIRED, Group, Input, Node, Parameter, Source
from dagbuild.model.types import accepts, describe_type, plain_type


@dataclass(frozen=True, slots=True)
class FoundInputs:
    """What nodes need and no node makes, and where they do not agree on it."""

    inputs: Mapping[str, Input]
    problems: tuple[Problem, ...]


def collect_inputs(
    nodes: Mapping[str, Node], config: Mapping[str, Any], texts: Mapping[str, Texts], *, lenient: bool = False
) -> FoundInputs:
    """Return the graph's inputs: of two types that fit, the tighter one counts. If strict, config values must fit."""
    uses: dict[str, list[tuple[Node, Parameter, Any]]] = {}
    for node in nodes.values():
        for parameter, name, wanted in _wants(node):
            if name not in nodes:
                uses.setdefault(name, []).append((node, parameter, wanted))
    inputs: dict[str, Input] = {}
    problems: list[Problem] = []
    for name, used in uses.items():
        kind, owner = used[0][2], used[0][0]
        for node, _, wanted in used[1:]:
            if accepts(wanted, kind):
                if not accepts(kind, wanted) or plain_type(kind) is Any:
                    kind, owner = wanted, node
            elif not accepts(kind, wanted):
                problems.append(
                    Problem(
                        f"'{node.name}' takes the input '{name}' as {describe_type(wanted)}, but "
                        f"'{owner.name}' at {owner.where} takes it as {describe_type(kind)}",
                        str(node.where),
                    )
                )
        inputs[name] = Input(
            name=name,
            type=kind,
            required=any(parameter.default is REQUIRED for _, parameter, _ in used),
            used_by=tuple(dict.fromkeys(node.name for node, _, _ in used)),
        )
        if lenient or name not in config:
            continue
        spelled = texts.get(name, {})
        try:
            convert_value(config[name], kind, spelled)
        except Unfit as unfit:
            shown = show_value(config[name], spelled)
            told = unfit.tell(f"config value '{name}'", shown, owner.name, kind)
            problems.append(Problem(told, str(owner.where)))
    return FoundInputs(inputs, tuple(problems))


def check_config(
    nodes: Mapping[str, Node],
    inputs: Collection[str],
    config: Mapping[str, Any],
    read: Collection[str],
) -> list[Problem]:
    """Refuse config values that are named like a node, or nearly like something that is not given.

    Any other value that nothing reads is no mistake: several graphs may share a config.
    """
    problems = []
    wanting = {*inputs, *read} - set(config)
    for key in config:
        if key in nodes:
            problems.append(
                Problem(
                    f"config has a value '{key}', but that is a node",
                    str(nodes[key].where),
                    _tell_inner(key, config[key], inputs)
                    or f"remove '{key}' from the config; to give the node's value yourself, override or pin it",
                )
            )
        elif key not in inputs and key not in read and (hint := did_you_mean(key, wanting)):
            problems.append(Problem(f"config value '{key}' is read by no node", None, hint))
    return problems


def _tell_inner(key: str, value: Any, inputs: Collection[str]) -> str | None:
    """Return how to spell an input within a node, where a config value looks like one."""
    inner = (
        [f"{key}.{name}" for name in value if f"{key}.{name}" in inputs] if isinstance(value, Mapping) else []
    )
    return f'put it in quotes, for its name has a dot in it: "{inner[0]}"' if inner else None


def check_waiting(nodes: Mapping[str, Node]) -> list[Problem]:
    """Refuse functions that are to be awaited."""
    return [
        Problem(
            f"'{node.name}' is an async function, which a build cannot wait for",
            str(node.where),
            "write def instead of async def",
        )
        for node in nodes.values()
        if inspect.isfunction(node.function)
        and node.function.__code__.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR)
    ]


def check_edges(nodes: Mapping[str, Node], fits: Callable[[Any, Any], bool]) -> list[Problem]:
    """Refuse edges between types that do not fit, but for those of which `fits` says that they do."""
    problems = []
    for node in nodes.values():
        for parameter, name, wanted in _wants(node):
            maker = nodes.get(name)
            if maker is not None and not (accepts(maker.type, wanted) or fits(maker.type, wanted)):
                what = f"parameter '{parameter.name}' of '{node.name}'"
                taken, made = describe_type(wanted), describe_type(maker.type)
                taken = f"Collect[{taken}]" if parameter.collects else taken
                each = f" for each {maker.axes[-1]}" if maker.axes else ""
                problems.append(
                    Problem(
                        f"{what} is {taken}, but node '{name}' at {maker.where} makes {made}{each}",
                        str(node.where),
                        _tell_collect(parameter, maker, wanted),
                    )
                )
    return problems


def _tell_collect(parameter: Parameter, maker: Node, wanted: Any) -> str | None:
    """Return how to take all that a node makes, where a list of it is wanted."""
    if not maker.axes or not accepts(types.GenericAlias(list, (maker.type,)), wanted):
        return None
    return f"to take all of them: {parameter.name}: Collect[{describe_type(maker.type)}]"


def check_spelling(
    nodes: Mapping[str, Node], inputs: Mapping[str, Input], known: Collection[str]
) -> list[Problem]:
    """Refuse an input that is one slip of the pen away from a node whose type fits.

    Short names, digits and a plural "s" are left alone: `price_1` and `price_2` may well be two things.
    """
    doubtful = [i for i in inputs.values() if i.required and len(i.name) >= 5 and i.name not in known]
    longer: dict[str, list[str]] = {}
    for name in nodes if doubtful else ():
        if len(name) >= 5:
            for shorter in _one_shorter(name):
                longer.setdefault(shorter, []).append(name)
    problems = []
    for item in doubtful:
        # Two names one edit apart become equal when a letter is left out of one of them, or of both.
        near = {
            other for shorter in (item.name, *_one_shorter(item.name)) for other in longer.get(shorter, ())
        }
        near |= {shorter for shorter in _one_shorter(item.name) if shorter in nodes}
        for other in sorted(near):
            if _is_slip(item.name, other) and accepts(nodes[other].type, item.type):
                user = nodes[item.used_by[0]]
                problems.append(
                    Problem(
                        f"'{user.name}' needs '{item.name}', but no node or config value has that name",
                        str(user.where),
                        f"did you mean '{other}'? An input needs a name less like a node's",
                    )
                )
                break
    return problems


def check_cycles(graph: Graph, most: int = 10) -> list[Problem]:
    """Refuse cycles, each printed whole."""
    problems: list[Problem] = []
    while len(problems) < most:
        cycle = graph.find_cycle()
        if cycle is None:
            break
        first = next(name for name in graph.nodes if name in cycle)
        at = cycle.index(first)
        shown = " -> ".join((*cycle[at:-1], *cycle[:at], first))
        problems.append(Problem(f"nodes need each other: {shown}", str(graph.nodes[first].where)))
        # Who takes something of the cycle is in none for that: to the rest it is as if it came from outside.
        taken = {name: Input(name, Any, True, ()) for name in cycle}
        left = {name: node for name, node in graph.nodes.items() if name not in cycle}
        graph = Graph(left, {**graph.inputs, **taken})
    return problems


def _wants(node: Node) -> Iterator[tuple[Parameter, str, Any]]:
    """Yield (parameter, name of what it needs, type it takes that as)."""
    for parameter in node.parameters:
        match parameter.binding:
            case Source(name):
                element = typing.get_args(parameter.type)[0] if parameter.collects else parameter.type
                yield parameter, name, element
            case Group(items, keys):
                form = plain_type(parameter.type)
                arguments = typing.get_args(form)
                position = 0 if keys is None else 1
                wanted = arguments[position] if len(arguments) > position else Any
                for item in items:
                    if isinstance(item, Source):
                        yield parameter, item.name, wanted


def _one_shorter(name: str) -> set[str]:
    return {name[:i] + name[i + 1 :] for i in range(len(name))}


def _is_slip(name: str, other: str) -> bool:
    """Tell whether one letter was added, left out, changed, or swapped with its neighbour."""
    if abs(len(name) - len(other)) == 1:
        long, short = sorted((name, other), key=len, reverse=True)
        at = next((i for i, letter in enumerate(short) if letter != long[i]), len(short))
        plural = at == len(short) and long[at] == "s"
        return long[:at] + long[at + 1 :] == short and long[at].isalpha() and not plural
    if len(name) != len(other):
        return False
    places = [i for i, (a, b) in enumerate(zip(name, other, strict=True)) if a != b]
    changed = "".join(name[i] + other[i] for i in places)
    if not changed.isalpha():
        return False
    if len(places) == 1:
        word = next(part for part in _words(name) if places[0] in part)
        return len(word) > 1  # path_a and path_b are two things
    return len(places) == 2 and places[1] == places[0] + 1 and changed == changed[::-1]


def _words(name: str) -> Iterator[range]:
    start = 0
    for word in name.split("_"):
        yield range(start, start + len(word))
        start += len(word) + 1
