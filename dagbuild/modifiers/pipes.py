"""Put steps before a parameter of the function or behind its outputs: `pipe_input`, `pipe_output`.

Knows what a chain of steps is tied to at both ends, nothing of single steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import replace
from types import EllipsisType, FunctionType

from dagbuild.ground.errors import did_you_mean
from dagbuild.model.node import Node, Parameter, Source
from dagbuild.modifiers.base import (
    Context,
    NodeModifier,
    PassOn,
    Stage,
    derive,
    find_makers,
    find_values,
    list_names,
    select_nodes,
)
from dagbuild.modifiers.steps import Namespace, Step, check_namespace, choose_steps, make_chain

RAW = ".raw"
"""Ends the name of what a function gives before the steps behind it."""


class _Pipe(NodeModifier):
    """Steps, with the namespace of their nodes."""

    def __init__(self, steps: Sequence[Step], namespace: Namespace, collapse: bool) -> None:
        if collapse:
            raise self.error("collapse=True: steps are nodes, and cannot become one", hint="leave it away")
        for each in steps:
            if not isinstance(each, Step):
                raise self.error(f"{each!r} is no step", hint="step(function, ...)")
            if namespace is not ... and each.namespace is not ...:
                raise self.error(
                    f"step({each.function.__name__}) has a namespace, and all of them are given one",
                    hint="say it in one of the two places",
                )
        check_namespace(namespace, f"@{self.label}")
        self.steps = tuple(steps)
        self._namespace = namespace

    @property
    def functions(self) -> tuple[FunctionType, ...]:
        """The steps' functions."""
        return tuple(each.get_current() for each in self.steps)

    def _prefix(self, owner: str, own: Namespace = ...) -> str:
        """Return what stands before the name of a step for the node `owner`, where the step itself says `own`."""
        said = own if self._namespace is ... else self._namespace
        return owner if isinstance(said, EllipsisType) else said or ""

    def _check_names(self, nodes: Sequence[Node]) -> list[Node]:
        names = Counter(node.name for node in nodes)
        for name, count in names.items():
            if count > 1:
                hint = "name a step otherwise: step(...).named('other')"
                if name.endswith(RAW):
                    hint = f"put all steps into one @{self.label}"
                raise self.error(f"'{name}' would be the name of {count} nodes", hint=hint)
        return list(nodes)


class pipe_input(_Pipe):  # noqa: N801  # decorators are written small
    """Let a parameter's value pass steps before the function gets it: `@pipe_input(step(_clean), on_input="text")`.

    Each step is a node: `function.with_clean`, or as `.named` says. `on_input` is the parameter, the first one if
    nothing is said; `namespace` stands before the steps' names, the function's node if nothing is said, None for none.
    """

    stage = Stage.INJECT

    def __init__(
        self,
        *transforms: Step,
        namespace: Namespace = ...,
        on_input: str | None = None,
        collapse: bool = False,
    ) -> None:
        super().__init__(transforms, namespace, collapse)
        for each in transforms:
            if each.outputs is not None:
                raise self.error(
                    f"step({each.function.__name__}) is put on an output",
                    hint="on_input= names the parameter; .on_output(...) is for @pipe_output",
                )
        if on_input is not None and not isinstance(on_input, str):
            raise self.error(
                f"on_input is {on_input!r}, and one parameter is named at a time",
                hint="one @pipe_input for each, with a namespace of its own",
            )
        self._on_input = on_input

    def apply(self, nodes: list[Node], context: Context, /) -> list[Node]:
        """Add the steps' nodes, and bind the parameter to the last of them."""
        for maker in find_makers(nodes, context.function):
            nodes = self._lead(nodes, maker, self._find_parameter(maker), context)
        return self._check_names(nodes)

    def _find_parameter(self, node: Node) -> Parameter:
        names = [parameter.name for parameter in node.parameters]
        if not names:
            raise self.error(f"'{node.function_name}' has no parameter")
        if self._on_input is None:
            return node.parameters[0]
        if self._on_input not in names:
            raise self.error(
                f"'{node.function_name}' has no parameter '{self._on_input}'",
                hint=did_you_mean(self._on_input, names),
            )
        return node.parameters[names.index(self._on_input)]

    def _lead(self, nodes: Sequence[Node], maker: Node, parameter: Parameter, context: Context) -> list[Node]:
        """Return the nodes with the steps between what the parameter took and the parameter."""
        steps, read = choose_steps(self.steps, context.config)
        own = _find_steps(maker, nodes, context)
        owner, head = _find_head(maker, parameter, own)
        prefixes = [self._prefix(maker.name, each.namespace) for each, _ in steps]
        chain = make_chain(steps, prefixes, head.binding, head.default)
        end = Source(chain[-1].name) if chain else head.binding

        def lead(node: Node) -> Node:
            # What steps below take by the same name is what comes of it up here, too, as in Hamilton.
            alike = node.name in own and isinstance(head.binding, Source)
            led = {
                each.name
                for each in node.parameters
                if (node is owner and each.name == head.name) or (alike and each.binding == head.binding)
            }
            if not led:
                return node
            parameters = [
                replace(each, binding=end) if each.name in led else each for each in node.parameters
            ]
            return replace(node, parameters=tuple(parameters), config_used={**node.config_used, **read})

        at = next(at for at, node in enumerate(nodes) if node is maker)
        changed = [lead(node) if node is maker or node.name in own else node for node in nodes]
        return [*changed[:at], *chain, *changed[at:]]


pipe = pipe_input
"""The old name of `pipe_input`."""


class pipe_output(_Pipe):  # noqa: N801
    """Let what the function gives pass steps: `@pipe_output(step(_clean), step(_scale, by=2))`.

    What the function itself gives is then `function.raw`, each step a node, `function.with_clean`, or as `.named` says,
    and `function` what the last of them gives. `on_output` names outputs of the function, all of them if nothing is
    said; `namespace` stands before the steps' names, the output if nothing is said, None for none.
    """

    stage = Stage.TRANSFORM

    def __init__(
        self,
        *transforms: Step,
        namespace: Namespace = ...,
        on_output: str | Collection[str] | None = None,
        collapse: bool = False,
    ) -> None:
        super().__init__(transforms, namespace, collapse)
        if isinstance(on_output, EllipsisType):
            raise self.error("on_output is ...", hint="names of outputs, or nothing for all of them")
        self._on_output = on_output
        for each in transforms:
            if each.outputs is not None and on_output is not None:
                raise each.error(
                    "it is put on an output, and @pipe_output is, too", hint="say it in one of the two places"
                )

    def extended(self, steps: Sequence[Step]) -> pipe_output:
        """Return this with more steps behind."""
        more = copy(self)
        more.steps = (*self.steps, *steps)
        return more

    def apply(self, nodes: list[Node], context: Context, /) -> list[Node]:
        """Put the steps' nodes behind the outputs, and what comes of them in the outputs' places."""
        candidates = find_values(nodes) if self._on_output is None else nodes
        outputs = [node.name for node in select_nodes(candidates, self._on_output, self)]
        for each in self.steps:
            _check_step(each, outputs)
        made: list[Node] = []
        for node in nodes:
            made += self._follow(node, context) if node.name in outputs else [node]
        return self._check_names(made)

    def _follow(self, node: Node, context: Context) -> list[Node]:
        """Return an output with the steps behind it, and what hands on what comes of them under its name."""
        own = [each for each in self.steps if _goes_to(each, node.name)]
        steps, read = choose_steps(own, context.config)
        if not steps:
            return [replace(node, config_used={**node.config_used, **read})]
        raw = replace(node, name=f"{node.name}{RAW}")
        chain = make_chain(steps, [self._prefix(node.name)] * len(steps), Source(raw.name))
        last = chain[-1]
        whole = derive(
            node,
            type=last.type,
            function=PassOn(),
            parameters=(Parameter("value", last.type, Source(last.name)),),
            sources=(),
            operation="pipe_output/1",
            config_used=read,
        )
        return [raw, *chain, whole]


def add_steps(modifiers: Sequence[NodeModifier], steps: Sequence[Step]) -> list[NodeModifier]:
    """Return the decorators of a function with steps behind its outputs: behind those of its `pipe_output`, if any."""
    if not steps:
        return list(modifiers)
    for at, modifier in reversed([*enumerate(modifiers)]):
        if isinstance(modifier, pipe_output):
            return [*modifiers[:at], modifier.extended(steps), *modifiers[at + 1 :]]
    return [*modifiers, pipe_output(*steps)]


def _find_steps(maker: Node, nodes: Sequence[Node], context: Context) -> dict[str, Node]:
    """Return the steps that the node's parameters have passed so far; they stand elsewhere than its function."""
    steps = {node.name: node for node in nodes if node.where != context.where}
    found: dict[str, Node] = {}
    todo = [maker]
    while todo:
        for name in todo.pop().upstream:
            if name in steps and name not in found:
                found[name] = steps[name]
                todo.append(steps[name])
    return found


def _find_head(maker: Node, parameter: Parameter, steps: Mapping[str, Node]) -> tuple[Node, Parameter]:
    """Return what takes the value that comes from outside: the parameter, or the first of the steps before it."""
    owner = maker
    while isinstance(parameter.binding, Source) and parameter.binding.name in steps:
        owner = steps[parameter.binding.name]
        parameter = owner.parameters[0]
    return owner, parameter


def _goes_to(step: Step, output: str) -> bool:
    if step.outputs is None or isinstance(step.outputs, EllipsisType):
        return True
    return output in ([step.outputs] if isinstance(step.outputs, str) else step.outputs)


def _check_step(step: Step, outputs: Sequence[str]) -> None:
    if step.outputs is None or isinstance(step.outputs, EllipsisType):
        return
    for name in [step.outputs] if isinstance(step.outputs, str) else step.outputs:
        if name not in outputs:
            raise step.error(
                f"'{name}' is none of the outputs that it could be put on: {list_names(outputs)}",
                hint=did_you_mean(name, outputs),
            )
