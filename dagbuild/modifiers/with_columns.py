"""Columns to a frame before a function takes it: `with_columns`, for pandas and for polars, eager and lazy.

Each column is a node of its own, as in a subdag, and the frame with all of them another. Which library it is, the
annotation of the function's parameter says.
"""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dagbuild.ground.errors import UserError, did_you_mean
from dagbuild.model.node import CachePolicy, Group, Node, Parameter, Source
from dagbuild.model.types import describe_type, plain_type
from dagbuild.modifiers.base import Context, NodeModifier, Stage, find_makers, list_names
from dagbuild.modifiers.columns import extract_from
from dagbuild.modifiers.nested import (
    check_namespace,
    collect_modules,
    compile_loaded,
    name_inside,
    pass_on,
    put_under,
    rebind,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of frame: its library, its class and that of its columns; a lazy one is a plan, and never stored."""

    library: str
    frame: str
    column: str
    lazy: bool = False

    def column_type(self) -> Any:
        """Return the type of a column; the library is imported, since an annotation names its frames."""
        return getattr(sys.modules[self.library], self.column)


KINDS = (
    Kind("pandas", "DataFrame", "Series"),
    Kind("polars", "DataFrame", "Series"),
    Kind("polars", "LazyFrame", "Expr", lazy=True),
)


def _is(form: Any, library: str, name: str) -> bool:
    form = plain_type(form)
    bases = getattr(typing.get_origin(form) or form, "__mro__", ())
    return any((base.__module__.partition(".")[0], base.__name__) == (library, name) for base in bases)


@dataclass(frozen=True, slots=True)
class AppendColumns:
    """Gives a frame with columns put behind its own, or in their places."""

    def __call__(self, frame: Any, columns: dict[str, Any]) -> Any:
        """Return the frame with the columns under their names."""
        if hasattr(frame, "assign"):
            return frame.assign(**columns)
        return frame.with_columns([column.alias(name) for name, column in columns.items()])


@dataclass(frozen=True, slots=True)
class NameColumn:
    """Gives the expression of a lazy frame's column."""

    column: str
    node: str

    def __call__(self, frame: Any) -> Any:
        """Return the expression; raises UserError when there is no such column."""
        from polars import col

        columns = list(frame.collect_schema())
        if self.column not in columns:
            raise UserError(
                f"node '{self.node}' has no column '{self.column}'; its columns are {list_names(columns)}",
                hint=did_you_mean(self.column, columns),
            )
        return col(self.column)


class with_columns(NodeModifier):  # noqa: N801  # decorators are written small
    """Put columns that functions make to the frame that this function takes.

    `@with_columns(cost, share, columns_to_pass=["spend"], select=["share"])` above `f(weeks: pd.DataFrame)` makes the
    nodes `f.spend`, `f.cost`, `f.share` and `f._append`, which is what `f` takes for `weeks`. Modules and single
    functions may be given. Say one of these: `columns_to_pass`, columns of the first parameter's frame that they take
    by name; `on_input`, the parameter whose frame they take under its own name; `pass_dataframe_as`, the name under
    which they take the first parameter's. `select` are the columns that are put to the frame, without it all that are
    made.
    `config_required` are keys of the config that must be there, `namespace` stands in front of the inner names.
    """

    stage = Stage.INJECT

    def __init__(
        self,
        *load_from: Any,
        columns_to_pass: Sequence[str] | None = None,
        pass_dataframe_as: str | None = None,
        on_input: str | None = None,
        select: Sequence[str] | None = None,
        namespace: str | None = None,
        config_required: Sequence[str] | None = None,
    ) -> None:
        self.load_from = collect_modules(load_from, self)
        ways = {
            "columns_to_pass": columns_to_pass,
            "on_input": on_input,
            "pass_dataframe_as": pass_dataframe_as,
        }
        if len(given := [way for way, said in ways.items() if said is not None]) != 1:
            message = (
                f"it is to be said once how functions come to the frame, and here by {list_names(given)}"
            )
            raise self.error(message, hint=f"one of {', '.join(ways)}")

        for way, names in {**ways, "select": select, "config_required": config_required}.items():
            single = way in ("on_input", "pass_dataframe_as")
            if names is not None and (not names or isinstance(names, str) is not single):
                raise self.error(f"{way} is {names!r}", hint="a name" if single else "a list of names")
        if namespace is not None:
            check_namespace(namespace, self)
        self._columns = tuple(columns_to_pass or ())
        self._frame_as = pass_dataframe_as
        self._on_input = on_input
        self._select = tuple(select) if select is not None else None
        self._namespace = namespace
        self._required = tuple(config_required or ())

    def apply(self, nodes: list[Node], context: Context, /) -> list[Node]:
        """Put the columns' nodes beside those that run the function, and give these the frame that has them."""
        for key in self._required:
            if key not in context.config:
                hint = did_you_mean(key, context.config) or f"add '{key}' under [config] in dagbuild.toml"
                raise self.error(f"it needs the config value '{key}', which is not there", hint=hint)
            context.read[key] = context.config[key]
        takers = {node.name for node in find_makers(nodes, context.function)}
        return [self._append(node, context) if node.name in takers else node for node in nodes]

    def _append(self, node: Node, context: Context) -> Node:
        namespace = self._namespace or node.name
        parameter = self._find_parameter(node)
        kind = self._find_kind(node, parameter)
        # One that stands below has put itself between already: its columns are put to what this one gives.
        frame, below = _find_frame(parameter, context.beside)
        if frame is None:
            raise self.error(f"'{node.name}' takes its '{parameter.name}' of no single node")
        if namespace in below:
            hint = 'name what stands in front of the nodes of one: namespace="more"'
            raise self.error(f"two of them make nodes under '{namespace}'", hint=hint)
        inner = compile_loaded(self, namespace, context.config, (), context)
        passed = self._pass(parameter, frame, kind, inner, context)
        if clash := sorted({each.name for each in passed} & {each.name for each in inner}):
            raise self.error(
                f"{list_names(clash)}: passed from the frame, and made by a function",
                hint="name the function otherwise, or take the column by on_input= or pass_dataframe_as=",
            )
        chosen = self._choose([*passed, *inner], kind)
        kept = _find_above(chosen, [*passed, *inner]) if self._select is not None else None
        names = name_inside(namespace, (each.name for each in (*passed, *inner)))
        final = _make_append(parameter, frame, kind, [names[each.name] for each in chosen], context)
        made = [
            *put_under(namespace, (each for each in passed if kept is None or each.name in kept), {}),
            *put_under(
                namespace,
                (each for each in inner if kept is None or each.name in kept),
                {parameter.name: frame.name, **names},
            ),
            *put_under(namespace, [final], {}),
        ]
        append = made[-1].name
        starts = tuple(f"{each}." for each in below)
        beside = context.beside
        beside[:] = [
            rebind(each, {frame.name: append}) if each.name.startswith(starts) else each for each in beside
        ]
        beside += made
        if below:
            return node
        taken = replace(parameter, binding=Source(append))
        return replace(node, parameters=tuple(taken if p is parameter else p for p in node.parameters))

    def _find_parameter(self, node: Node) -> Parameter:
        if not node.parameters:
            raise self.error(f"'{node.name}' takes no frame")
        names = [each.name for each in node.parameters]
        wanted = self._on_input or names[0]
        if wanted not in names:
            raise self.error(f"'{node.name}' has no parameter '{wanted}'", hint=did_you_mean(wanted, names))
        return node.parameters[names.index(wanted)]

    def _find_kind(self, node: Node, parameter: Parameter) -> Kind:
        kind = next((each for each in KINDS if _is(parameter.type, each.library, each.frame)), None)
        if kind is None:
            raise self.error(
                f"'{node.name}' takes '{parameter.name}' as {describe_type(parameter.type)}, which is no frame",
                hint="annotate it with pd.DataFrame, pl.DataFrame or pl.LazyFrame; on_input= names another one",
            )
        return kind

    def _pass(
        self, parameter: Parameter, frame: Source, kind: Kind, inner: Sequence[Node], context: Context
    ) -> list[Node]:
        """Return the nodes that give functions what they take of the frame."""
        if self._frame_as:
            return [pass_on(self._frame_as, frame, inner, context.where)]
        whole = Node(frame.name, plain_type(parameter.type), context.function, (), context.where)
        if not kind.lazy:
            return extract_from(whole, [(name, "") for name in self._columns], self) if self._columns else []
        return [
            replace(
                whole,
                name=name,
                type=kind.column_type(),
                function=NameColumn(name, frame.name),
                parameters=(Parameter("frame", whole.type, frame),),
                operation=f"name_column/1:{name}",
                cache=CachePolicy(never=True),
            )
            for name in self._columns
        ]

    def _choose(self, made: Sequence[Node], kind: Kind) -> list[Node]:
        """Return the nodes that are columns to put to the frame."""
        if self._select is None:
            return [each for each in made if _is(each.type, kind.library, kind.column)]
        known = {each.name: each for each in made}
        for name in self._select:
            if name not in known:
                raise self.error(f"there is no '{name}' to select", hint=did_you_mean(name, known))
            if (
                not _is(known[name].type, kind.library, kind.column)
                and plain_type(known[name].type) is not Any
            ):
                raise self.error(f"'{name}' is {describe_type(known[name].type)}, which is no column")
        return [known[name] for name in self._select]


def _find_frame(parameter: Parameter, beside: Iterable[Node]) -> tuple[Source | None, list[str]]:
    """Return what the parameter's frame is before columns are put to it, and under which names they are."""
    appends = {each.name: each for each in beside if isinstance(each.function, AppendColumns)}
    below: list[str] = []
    binding = parameter.binding
    while isinstance(binding, Source) and binding.name in appends:
        below.append(binding.name.rpartition(".")[0])
        binding = appends[binding.name].parameters[0].binding
    return binding if isinstance(binding, Source) else None, below


def _find_above(chosen: Sequence[Node], made: Sequence[Node]) -> set[str]:
    """Return the names of the nodes that some of them are made of, these included."""
    known = {each.name: each for each in made}
    found: set[str] = set()
    todo = [each.name for each in chosen]
    while todo:
        if (name := todo.pop()) not in found and name in known:
            found.add(name)
            todo += known[name].upstream
    return found


def _make_append(
    parameter: Parameter, frame: Source, kind: Kind, columns: Sequence[str], context: Context
) -> Node:
    """Return the node that gives the frame with the columns, which are nodes of these names."""
    whole = plain_type(parameter.type)
    sources = tuple(map(Source, columns))
    labels = tuple(name.rpartition(".")[2] for name in columns)
    return Node(
        name="_append",
        type=whole,
        function=AppendColumns(),
        parameters=(
            Parameter("frame", whole, frame),
            Parameter("columns", types.GenericAlias(dict, (str, kind.column_type())), Group(sources, labels)),
        ),
        where=context.where,
        operation="with_columns/1",
        cache=CachePolicy(never=kind.lazy),
    )
