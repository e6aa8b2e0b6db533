"""Steps: functions that a value passes one after the other, each of them a node of its own.

Knows nothing of where a value comes from and where it goes: that is `pipes`. Guards: what a step uses besides what it
is handed stands in its parameters' bindings, so that the fingerprint sees it.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import EllipsisType, FunctionType
from typing import Any, Self, TypeAlias

from dagbuild.ground.errors import GraphError, did_you_mean
from dagbuild.model.elements import Parallelizable, mentions
from dagbuild.model.node import REQUIRED, Binding, Node, Parameter, Source, Value
from dagbuild.modifiers.base import Target, find_remembered
from dagbuild.modifiers.choose import Condition, ReadConfig, among, differ, equal, not_among
from dagbuild.modifiers.signature import find_where, read_signature

Namespace: TypeAlias = "str | EllipsisType | None"
"""What stands before the name of a step's node, with a dot: `...` is the name of the node that it is for."""

_NAME = re.compile(r"[^\W\d]\w*(\.\w+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How a step is used: what its parameters are given, when, and what its node is called."""

    arguments: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    name: str | None = None
    namespace: Namespace = ...
    outputs: Target = None

    def when(self, **key_values: Any) -> Self:
        """Leave the step out unless every config key has the value given; a missing key is None."""
        return replace(self, conditions=(*self.conditions, equal(key_values)))

    def when_not(self, **key_values: Any) -> Self:
        """Leave the step out unless no config key has the value given."""
        return replace(self, conditions=(*self.conditions, differ(key_values)))

    def when_in(self, **key_values: Collection[Any]) -> Self:
        """Leave the step out unless each config key's value is one of those given."""
        return replace(self, conditions=(*self.conditions, among(key_values)))

    def when_not_in(self, **key_values: Collection[Any]) -> Self:
        """Leave the step out unless no config key's value is one of those given."""
        return replace(self, conditions=(*self.conditions, not_among(key_values)))

    def named(self, name: str, namespace: Namespace = ...) -> Self:
        """Name the step's node `namespace.name`; raises GraphError for what can be no name.

        Without a namespace it is that of the other steps; None stands for none at all. Behind an output (`pipe_output`,
        `mutate`) the namespace is always that of the output.
        """
        if name != "":  # as good as not said
            check_name(name, "named")
        return replace(self, name=name or None).namespaced(namespace)

    def namespaced(self, namespace: Namespace) -> Self:
        """Let the name of the step's node begin with this; raises GraphError for what can be no name."""
        check_namespace(namespace, "namespaced")
        return replace(self, namespace=namespace)

    def on_output(self, target: Target) -> Self:
        """Put the step behind these of the function's outputs only; for `pipe_output` and `mutate`."""
        return replace(self, outputs=target)

    def holds(self, config: Mapping[str, Any]) -> bool:
        """Tell whether the config wants the step."""
        held = [
            condition(config) for condition in self.conditions
        ]  # no short cut: all keys must be seen to be read
        return all(held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Use):
    """A function with what its parameters are given, but for the first: that takes what comes from the step before.

    `of_transform`: it is said above that very function, by `mutate`. `at_home`: when it became a step, its module had
    it under its name.
    """

    function: FunctionType
    of_transform: bool = False
    at_home: bool = False

    def get_current(self) -> FunctionType:
        """Return the function, or what another cell of a notebook has defined in its place since then."""
        now = find_at_home(self.function) if self.at_home else None
        # In one file, a later function of its name is another one: there each line has its own time.
        is_later = now is not None and now.__code__.co_filename != self.function.__code__.co_filename
        return now if now is not None and is_later else self.function

    def error(self, message: str, *, hint: str | None = None) -> GraphError:
        """Return an error of this step."""
        name = self.function.__name__
        if not self.of_transform:
            return GraphError(f"step({name}): {message}", hint=hint)
        return GraphError(f"@mutate on '{name}': {message}", where=str(find_where(self.function)), hint=hint)

    def make_node(self, name: str, binding: Binding, default: Any) -> Node:
        """Return the step's node, whose first parameter is bound to `binding`; raises GraphError.

        `default` is what it takes where that is an input that nobody gives, and it has no default of its own.
        """
        function = self.get_current()
        where = find_where(function)
        called = function.__name__
        remedy = "annotate it: a step is a node, and its types are checked"
        parameters, result, problems = read_signature(function, called, where, remedy)
        if problems:
            raise GraphError.of(problems)
        if mentions(result, Parallelizable):
            raise self.error("it gives elements, and a step gives one value")
        if not parameters:
            raise self.error("it has no parameter that could take the value")
        first, *rest = parameters
        given = self._bind(first, rest)
        own = first.default is not REQUIRED
        first = replace(first, binding=binding, default=first.default if own else default)
        return Node(
            name=name,
            type=result,
            function=function,
            parameters=(first, *(replace(p, binding=given.get(p.name, p.binding)) for p in rest)),
            where=where,
            doc=inspect.cleandoc(function.__doc__ or ""),
            function_name=called,
        )

    def _bind(self, first: Parameter, rest: Sequence[Parameter]) -> dict[str, Binding]:
        """Return what is given to parameters behind the first."""
        names = [parameter.name for parameter in rest]
        for name in self.keywords:
            if name == first.name:
                raise self.error(
                    f"'{name}' is its first parameter, which takes the value that it is applied to"
                )
            if name not in names:
                raise self.error(f"it has no parameter '{name}'", hint=did_you_mean(name, names))
        signature = inspect.signature(self.get_current())
        behind = signature.replace(parameters=[signature.parameters[name] for name in names])
        try:
            given = behind.bind_partial(*self.arguments, **self.keywords).arguments
        except TypeError as error:
            raise self.error(
                f"its parameters behind '{first.name}' cannot be given these: {error}"
            ) from error
        return {name: each if isinstance(each, Binding) else Value(each) for name, each in given.items()}


def step(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Step:
    """Return a step of `pipe_input` or `pipe_output`: `step(_clean, source("rules"), upper=True)`.

    The function's first parameter takes the value; `args` and `kwargs` are for the others: `source("node")`,
    `value(x)`, or `x` itself. Raises GraphError for what is no function.
    """
    function = get_function(fn, "step")
    at_home = find_at_home(function) is function
    return Step(function=function, arguments=args, keywords=kwargs, at_home=at_home)


def find_at_home(function: FunctionType) -> FunctionType | None:
    """Return the function of this name that stands in the module where the function was defined, or None."""
    home = sys.modules.get(function.__module__ or "")
    if home is None or vars(home) is not function.__globals__:
        return None
    found = find_remembered(vars(home).get(function.__name__))
    alike = found is not None and (found.__module__, found.__name__) == (
        function.__module__,
        function.__name__,
    )
    return found if alike else None


def get_function(thing: Any, asker: str) -> FunctionType:
    """Return the function that a thing is or remembers values for; raises GraphError for anything else."""
    function = find_remembered(thing)
    if function is None:
        raise GraphError(
            f"{asker}: {thing!r} is no function that is written in Python",
            hint="give it a function that calls it",
        )
    return function


def choose_steps(
    steps: Sequence[Step], config: Mapping[str, Any]
) -> tuple[list[tuple[Step, dict[str, Any]]], dict[str, Any]]:
    """Return the steps that the config wants, each with what was asked for up to it, and all that was asked for."""
    seen = ReadConfig(config)
    chosen = [(each, dict(seen.read)) for each in steps if each.holds(seen)]
    return chosen, seen.read


def make_chain(
    steps: Sequence[tuple[Step, dict[str, Any]]],
    prefixes: Sequence[str],
    binding: Binding,
    default: Any = REQUIRED,
) -> list[Node]:
    """Return the nodes of steps that stand behind each other, the first of them bound to `binding`; raises GraphError.

    With each step comes the config that has led to it. `prefixes` are what their names begin with. A function's second
    use is called `with_function_1`, and so on, whatever the others are called; functions of one name count together.
    """
    uses: Counter[str] = Counter()
    nodes: list[Node] = []
    for (each, read), prefix in zip(steps, prefixes, strict=True):
        called = each.function.__name__
        before = uses[called]
        uses[called] += 1
        name = each.name or f"with_{called.removeprefix('_')}{f'_{before}' if before else ''}"
        node = each.make_node(f"{prefix}.{name}" if prefix else name, binding, default)
        nodes.append(replace(node, config_used=read))
        binding, default = Source(node.name), REQUIRED
    return nodes


def check_name(name: Any, asker: str, what: str = "name") -> None:
    """Raise GraphError unless this can be the name of a node, or begin one."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise GraphError(
            f"{asker}: {name!r} is no {what} of a node", hint="letters, digits, underscores and dots"
        )


def check_namespace(namespace: Any, asker: str) -> None:
    """Raise GraphError unless this can stand before the names of steps."""
    if namespace is not None and not isinstance(namespace, EllipsisType):
        check_name(namespace, asker, "namespace")
