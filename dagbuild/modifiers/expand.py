"""One function to several nodes, or to one with bound parameters: `parameterize` and its kin, `inject`,
`does`.

Every literal becomes a `Value` binding of its parameter, so that the fingerprint sees it.
"""

from __future__ import annotations

import dis
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from dagbuild.ground.errors import did_you_mean
from dagbuild.model.node import REQUIRED, Binding, Group, Node, Source, Value
from dagbuild.modifiers.base import Context, Modifier, NodeModifier, Stage, find_first, single_node
from dagbuild.modifiers.columns import extract_from

Bindings: TypeAlias = Mapping[str, Binding]


class parameterize(NodeModifier):  # noqa: N801  # decorators are written small
    """Make one node for each keyword: `out={"parameter": source("node") | value(3) | group(...)}`.

    With documentation: `out=({...}, "what it is")`; else that of the function, where `{parameter}` and
    `{output_name}` are filled in.
    """

    stage = Stage.EXPAND

    def __init__(self, **parametrization: Bindings | tuple[Bindings, str]) -> None:
        if not parametrization:
            raise self.error("no nodes are given")
        self._outputs: dict[str, tuple[Bindings, str | None]] = {}
        for name, given in parametrization.items():
            bindings, doc = given if isinstance(given, tuple) else (given, None)
            check_bindings(bindings, self, name)
            self._outputs[name] = (bindings, doc)

    def apply(self, nodes: list[Node], _: Context, /) -> list[Node]:
        """Replace the function's node by one for each keyword."""
        node = single_node(nodes, self)
        return [
            rename(bind(node, bindings, self), name, doc) for name, (bindings, doc) in self._outputs.items()
        ]


class parameterize_values(parameterize):  # noqa: N801
    """Make one node for each value of one parameter: `{"out": value}` or `{("out", "documentation"):
    value}`."""

    def __init__(self, parameter: str, assigned_output: Mapping[str | tuple[str, str], Any]) -> None:
        outputs: dict[str, Bindings | tuple[Bindings, str]] = {}
        for name, literal in assigned_output.items():
            bindings = {parameter: Value(literal)}
            if isinstance(name, tuple):
                outputs[name[0]] = (bindings, name[1])
            else:
                outputs[name] = bindings
        super().__init__(**outputs)


class parameterize_sources(parameterize):  # noqa: N801
    """Make one node for each keyword: `out={"parameter": "node"}`."""

    def __init__(self, **parameterization: Mapping[str, str]) -> None:
        super().__init__(
            **{
                name: {parameter: Source(node) for parameter, node in mapping.items()}
                for name, mapping in parameterization.items()
            }
        )


class inject(NodeModifier):  # noqa: N801
    """Bind parameters of the function: `@inject(parameter=value(3))`."""

    stage = Stage.EXPAND

    def __init__(self, **bindings: Binding) -> None:
        check_bindings(bindings, self, None)
        self._bindings = bindings

    def apply(self, nodes: list[Node], _: Context, /) -> list[Node]:
        """Bind the parameters of every node that the function makes."""
        first = {node.name for node in find_first(nodes)}
        shown = {name: _describe(binding) for name, binding in self._bindings.items()}
        return [
            replace(bind(node, self._bindings, self), doc=_fill_in(node.doc, shown))
            if node.name in first
            else node
            for node in nodes
        ]


@dataclass(frozen=True, slots=True)
class ParameterizedExtract:
    """The columns that one use of the function gives, and what its parameters are bound to."""

    outputs: tuple[str | tuple[str, str], ...]
    input_mapping: Bindings


@dataclass(frozen=True, slots=True)
class RenameColumns:
    """Calls the user's function and gives the columns of its frame these names, in order."""

    function: Callable[..., Any]
    names: tuple[str, ...]

    def __call__(self, **arguments: Any) -> Any:
        """Return the renamed frame; raises ValueError when the number of columns is another."""
        frame = self.function(**arguments)
        if len(frame.columns) != len(self.names):
            raise ValueError(
                f"{self.function.__name__} returned {len(frame.columns)} columns, "
                f"but {len(self.names)} are named: {', '.join(self.names)}"
            )
        if hasattr(frame, "set_axis"):
            return frame.set_axis(list(self.names), axis=1)
        return frame.rename(dict(zip(frame.columns, self.names, strict=True)))


class parameterize_extract_columns(NodeModifier):  # noqa: N801
    """Make a frame for each `ParameterizedExtract`, and a node of each of its columns.

    The frames are called `function__0`, `function__1` and so on. With `reassign_columns` the frame's columns
    are given the names of the outputs; else they must have them.
    """

    stage = Stage.EXPAND

    def __init__(self, *extract_config: ParameterizedExtract, reassign_columns: bool = True) -> None:
        if not extract_config:
            raise self.error("nothing to extract is given")
        for extract in extract_config:
            check_bindings(extract.input_mapping, self, None)
        self._extracts = extract_config
        self._reassign = reassign_columns

    def apply(self, nodes: list[Node], _: Context, /) -> list[Node]:
        """Replace the function's node by frames and their columns."""
        node = single_node(nodes, self)
        made: list[Node] = []
        for number, extract in enumerate(self._extracts):
            columns = [name if isinstance(name, tuple) else (name, "") for name in extract.outputs]
            frame = rename(bind(node, extract.input_mapping, self), f"{node.name}__{number}", None)
            if self._reassign:
                names = tuple(name for name, _ in columns)
                frame = replace(
                    frame,
                    function=RenameColumns(frame.function, names),
                    sources=(frame.function, *frame.sources),
                    operation=f"rename_columns/1:{','.join(names)} {frame.operation}".strip(),
                )
            made += [frame, *extract_from(frame, columns, self)]
        return made


@dataclass(frozen=True, slots=True)
class CallWithDefaults:
    """Calls a function with the defaults of another one that it stands in for."""

    function: Callable[..., Any]
    defaults: tuple[tuple[str, Any], ...]

    def __call__(self, **arguments: Any) -> Any:
        """Call the function; arguments that are given come before defaults."""
        return self.function(**{**dict(self.defaults), **arguments})


class does(NodeModifier):  # noqa: N801
    """Let another function do the work of this one, whose body is empty.

    It is called with this function's parameters as keywords; `argument_mapping` renames them:
    `@does(_load, path="spend_path")` hands `spend_path` over as `path`.
    """

    stage = Stage.CREATE

    def __init__(self, replacing_function: Callable[..., Any], **argument_mapping: str) -> None:
        self._function = replacing_function
        self._names = {own: other for other, own in argument_mapping.items()}

    def apply(self, nodes: list[Node], context: Context, /) -> list[Node]:
        """Put the other function in the place of the node's."""
        (node,) = nodes
        if not _is_empty(context.function):
            raise self.error(f"'{node.name}' has a body", hint="leave it as 'pass'")
        own = {parameter.name for parameter in node.parameters}
        for name in self._names:
            if name not in own:
                raise self.error(f"'{node.name}' has no parameter '{name}'", hint=did_you_mean(name, own))
        parameters = tuple(replace(p, called=self._names.get(p.name, "")) for p in node.parameters)
        try:
            inspect.signature(self._function).bind(**{parameter.keyword: None for parameter in parameters})
        except TypeError as error:
            raise self.error(
                f"'{self._function.__name__}' cannot take the parameters of '{node.name}': {error}"
            ) from error
        defaults = tuple((p.keyword, p.default) for p in parameters if p.default is not REQUIRED)
        if not defaults:
            return [replace(node, function=self._function, parameters=parameters)]
        return [
            replace(
                node,
                function=CallWithDefaults(self._function, defaults),
                parameters=parameters,
                sources=(self._function, *(part for default in defaults for part in default)),
                operation="does/1",
            )
        ]


def bind(node: Node, bindings: Bindings, modifier: Modifier) -> Node:
    """Return the node with parameters bound; raises GraphError for an unknown parameter."""
    own = [parameter.name for parameter in node.parameters]
    for name in bindings:
        if name not in own:
            raise modifier.error(
                f"'{node.function_name}' has no parameter '{name}'", hint=did_you_mean(name, own)
            )
    return replace(
        node, parameters=tuple(replace(p, binding=bindings.get(p.name, p.binding)) for p in node.parameters)
    )


def rename(node: Node, name: str, doc: str | None) -> Node:
    """Return the node under another name; without `doc` its own is filled in."""
    if doc is None:
        shown = {parameter.name: _describe(parameter.binding) for parameter in node.parameters}
        doc = _fill_in(node.doc, {**shown, "output_name": name})
    return replace(node, name=name, doc=doc)


def check_bindings(bindings: Any, modifier: Modifier, output: str | None) -> None:
    """Raise GraphError unless every parameter is bound to a source, value or group."""
    place = f"of '{output}' " if output else ""
    if not isinstance(bindings, Mapping):
        raise modifier.error(f"'{output}' is {bindings!r}; a dict of parameters is needed")
    for parameter, binding in bindings.items():
        if not isinstance(binding, Binding):
            raise modifier.error(
                f"parameter '{parameter}' {place}is {binding!r}",
                hint=f"source({binding!r}) for a node, value({binding!r}) for the value itself",
            )


def _describe(binding: Binding) -> Any:
    match binding:
        case Source(name):
            return name
        case Value(literal):
            return literal
        case Group(items):
            return ", ".join(str(_describe(item)) for item in items)


def _fill_in(doc: str, names: Mapping[str, Any]) -> str:
    # Not str.format: braces of another meaning stay, and so do parameters that a decorator further out binds.
    return re.sub(r"\{(\w+)\}", lambda found: str(names.get(found[1], found[0])), doc)


_EMPTY = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "CACHE"}


def _is_empty(function: Callable[..., Any]) -> bool:
    steps = list(dis.get_instructions(function))
    return all(step.opname in _EMPTY for step in steps) and all(
        step.argval is None for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST")
    )
