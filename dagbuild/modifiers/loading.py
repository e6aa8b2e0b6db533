"""Load what a function takes, and save what it returns, by the name of a format: `load_from`, `save_to`.

The nodes are those of `adapter_nodes.py`; here is which parameter or node is meant.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from dagbuild.ground.errors import did_you_mean
from dagbuild.model.node import Node, Parameter, Source
from dagbuild.modifiers.adapter_nodes import Asked, bind_all, make_loading, make_saving
from dagbuild.modifiers.base import (
    Context,
    NodeModifier,
    Stage,
    Target,
    find_values,
    list_names,
    runs,
    select_nodes,
)


class _Formats(type(NodeModifier)):  # type: ignore[misc]  # abc's
    """Makes `load_from.csv(...)` of a class: whether there is such a format is told when the graph is made."""

    def __getattr__(cls, form: str) -> Callable[..., NodeModifier]:
        if form.startswith("_"):
            raise AttributeError(form)
        make: Callable[..., NodeModifier] = cls  # its own call
        return partial(make, form)


class load_from(NodeModifier, metaclass=_Formats):  # noqa: N801  # decorators are written small
    """Load a parameter's value: `@load_from.csv(path="data/spend.csv")`.

    `inject_` names the parameter, where the function has several. Other arguments are the format's, as values or as
    `source("name")`. The nodes are called `<function>.load_data.<parameter>` and `<function>.select_data.<parameter>`.
    """

    stage = Stage.INJECT

    def __init__(self, form: str, /, *, inject_: str | None = None, **given: Any) -> None:
        self._form = form
        self._parameter = inject_
        self._given = bind_all(given)

    @property
    def label(self) -> str:
        """The decorator's name as the user writes it."""
        return f"load_from.{self._form}"

    def apply(self, nodes: list[Node], context: Context, /) -> list[Node]:
        """Add the nodes that load, and let the function's take what they give."""
        takers = _find_takers(nodes, context)
        name = self._find_parameter(takers, context)
        selected = f"{context.name}.select_data.{name}"
        asked = Asked(self._form, self._given, f"@{self.label}", context.where)
        added = make_loading(asked, f"{context.name}.", name, takers[name], selected)
        own = {node.name for node in nodes if runs(node, context.function)}
        return [*(_rebind(node, name, selected, own=node.name in own) for node in nodes), *added]

    def _find_parameter(self, takers: Mapping[str, Any], context: Context) -> str:
        """Return the parameter that is meant, of those that nothing else is bound to."""
        if self._parameter is None:
            if len(takers) != 1:
                raise self.error(
                    f"'{context.name}' takes {list_names([*takers])}, and it is not said what is loaded",
                    hint=f'inject_="{next(iter(takers), "parameter")}"',
                )
            return next(iter(takers))
        if self._parameter not in takers:
            taken = self._parameter in inspect.signature(context.function).parameters
            why = "is given by another decorator" if taken else "is no parameter"
            raise self.error(
                f"inject_: '{self._parameter}' {why} of '{context.name}'",
                hint=did_you_mean(self._parameter, takers),
            )
        return self._parameter


def _find_takers(nodes: list[Node], context: Context) -> dict[str, Any]:
    """Return the function's parameters whose values come from outside of its nodes, with their types.

    What stands between may be a step of a pipe, which takes them then.
    """
    own = [node for node in nodes if runs(node, context.function)] or nodes
    kinds = {p.name: p.type for node in own for p in node.parameters}
    taken = {
        p.binding.name: p.type for node in nodes for p in node.parameters if isinstance(p.binding, Source)
    }
    names = inspect.signature(context.function).parameters
    return {name: kinds.get(name, taken[name]) for name in names if name in taken}


def _rebind(node: Node, taken: str, name: str, *, own: bool) -> Node:
    """Return a node that takes a name in the place of another; the function's own parameter, where there is one."""

    def means(parameter: Parameter) -> bool:
        others = own and any(p.name == taken for p in node.parameters)
        return parameter.binding == Source(taken) and (parameter.name == taken or not others)

    bound = tuple(replace(p, binding=Source(name)) if means(p) else p for p in node.parameters)
    return replace(node, parameters=bound)


class save_to(NodeModifier, metaclass=_Formats):  # noqa: N801
    """Save what the function returns: `@save_to.csv(path="out/spend.csv")`.

    The node is called `output_name_`, else `save.<node>`, and gives what is known of where the value is. `target_` says
    which of the function's nodes is saved. Other arguments are the format's, as values or as `source("name")`.
    """

    stage = Stage.TRANSFORM

    def __init__(
        self, form: str, /, *, output_name_: str | None = None, target_: Target = None, **given: Any
    ) -> None:
        self._form = form
        self._name = output_name_
        self.target = target_
        self._given = bind_all(given)

    @property
    def label(self) -> str:
        """The decorator's name as the user writes it."""
        return f"save_to.{self._form}"

    def apply(self, nodes: list[Node], context: Context, /) -> list[Node]:
        """Add the node that saves behind the others."""
        # What is saved is a value, and not what an inner saver knows of it.
        values = nodes if self.target is not None else find_values(nodes)
        chosen = select_nodes(values, self.target, self)
        if len(chosen) != 1:
            raise self.error(
                f"it saves one node, and here are {len(chosen)}: {list_names([node.name for node in chosen])}",
                hint=f'target_="{chosen[0].name}" says which' if chosen else None,
            )
        saved = chosen[0]
        asked = Asked(self._form, self._given, f"@{self.label}", context.where)
        name = self._name or f"save.{saved.name}"
        if any(node.name == name for node in nodes):
            raise self.error(f"there is a node '{name}' already", hint=f'output_name_="{name}_{self._form}"')
        return [*nodes, make_saving(asked, saved.name, saved.type, name)]
