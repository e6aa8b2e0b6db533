"""A graph within a node: `subdag`, and within several of one function `parameterized_subdag`.

The functions that they are given make nodes of their own, under the name of the function that is decorated; that one
takes the values of these by their plain names. What is given as inputs and config stands there as small nodes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dagbuild.ground.errors import did_you_mean
from dagbuild.model.node import REQUIRED, Binding, Group, Node, Source, Value
from dagbuild.modifiers.base import Context, NodeModifier, Stage, list_names, single_node
from dagbuild.modifiers.bindings import Configuration
from dagbuild.modifiers.expand import check_bindings
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
class Part:
    """One use of the functions: what it is given, what stands in front of its names, how the node around it is called.

    `external` are parameters of that node that come from outside. Both names are the function's where they are None.
    """

    inputs: Mapping[str, Binding]
    config: Mapping[str, Any]
    external: frozenset[str]
    namespace: str | None = None
    name: str | None = None


class _Subdag(NodeModifier):
    """Makes nodes of the functions that it is given, once for each part."""

    stage = Stage.CREATE

    def __init__(self, load_from: tuple[Any, ...], parts: Collection[Part]) -> None:
        self.load_from = collect_modules(load_from, self)
        self._parts = parts

    def _read_part(self, inputs: Any, config: Any, external: Any) -> Part:
        """Return what is given to one use; raises GraphError where it is of the wrong form."""
        inputs, config, external = dict(inputs or {}), dict(config or {}), external or ()
        for name, binding in inputs.items():
            if isinstance(binding, Configuration):
                raise self.error(f"input '{name}' is {binding!r}", hint="give it in config=, not in inputs=")
        check_bindings(inputs, self, None)
        if both := sorted(inputs.keys() & config.keys()):
            raise self.error(
                f"{list_names(both)}: given in inputs= and in config=",
                hint="in config= alone: it can be taken as an input, too",
            )
        for key, value in config.items():
            if isinstance(value, Source | Group):
                raise self.error(
                    f"config '{key}' is {value!r}; config is known before any node runs",
                    hint="configuration(...) for a value of the config around it, or the value itself",
                )
        if isinstance(external, str) or not all(isinstance(name, str) for name in external):
            raise self.error(f"external_inputs={external!r}", hint="a list of names")
        return Part(inputs, config, frozenset(external))

    def apply(self, nodes: list[Node], context: Context, /) -> list[Node]:
        """Put the graph beside the function's node, which takes what is in there."""
        node = single_node(nodes, self)
        return [self._make(node, part, context) for part in self._parts]

    def _make(self, node: Node, part: Part, context: Context) -> Node:
        namespace = part.namespace or node.name
        own = {key: self._read(key, given, context) for key, given in part.config.items()}
        inner = compile_loaded(self, namespace, {**context.config, **own}, own, context)
        made = {each.name for each in inner}
        outer = {name for name in node.upstream if name not in part.external}
        taken = {name for each in inner for name in each.upstream} | outer
        given: dict[str, Binding] = {key: _as_binding(each) for key, each in part.config.items()}
        for key, binding in part.inputs.items():
            if key not in taken and (
                hint := did_you_mean(key, taken - made - part.inputs.keys() - given.keys())
            ):
                raise self.error(f"no function takes the input '{key}'", hint=hint)
            if key in taken or isinstance(binding, Value):  # a value is there for who asks, as in Hamilton
                given[key] = binding
        if clash := sorted(made & given.keys()):
            raise self.error(
                f"{list_names(clash)}: given from outside, and made by a function within",
                hint="leave one of the two away",
            )
        self._check_taken(node, outer, made | given.keys())
        passed = [pass_on(key, binding, [*inner, node], context.where) for key, binding in given.items()]
        context.beside.extend(put_under(namespace, inner, name_inside(namespace, made | given.keys())))
        context.beside.extend(put_under(namespace, passed, {}))  # what they give comes from outside
        return replace(rebind(node, name_inside(namespace, outer)), name=part.name or node.name)

    def _read(self, key: str, given: Any, context: Context) -> Any:
        """Return a config value of the graph within."""
        if isinstance(given, Value):
            return given.value
        if not isinstance(given, Configuration):
            return given
        if given.key not in context.config:
            raise self.error(
                f"config '{key}' is the config value '{given.key}', which is not there",
                hint=did_you_mean(given.key, context.config)
                or f"add '{given.key}' under [config] in dagbuild.toml",
            )
        context.read[given.key] = context.config[given.key]
        return context.config[given.key]

    def _check_taken(self, node: Node, outer: Collection[str], inside: Collection[str]) -> None:
        optional = {name for p in node.parameters if p.default is not REQUIRED for name in p.upstream}
        for name in outer:
            if name not in inside and name not in optional:
                raise self.error(
                    f"'{node.name}' takes '{name}', which is nothing within",
                    hint=did_you_mean(name, inside) or f'from outside: external_inputs=["{name}"]',
                )


def _as_binding(config: Any) -> Binding:
    """Return what a config value is bound to, where something within takes it."""
    # Of a value of the config around: what it is taken as, and whether it may be shown, is said of inputs.
    if isinstance(config, Configuration):
        return Source(config.key)
    return config if isinstance(config, Value) else Value(config)


class subdag(_Subdag):  # noqa: N801  # decorators are written small
    """Make nodes of a module's functions within this node, which takes them by their plain names.

    `@subdag(features, inputs={"spend": source("uk_spend")}, config={"region": "UK"})` above `uk(...)` makes the nodes
    `uk.NAME`. Modules and single functions may be given. `inputs` say for names that these take where the values
    come from, `config` what their `config.when` sees and they may take besides; it wins over the config around it, and
    `configuration("key")` takes a value of that. What nobody gives comes from outside under its own name. `namespace`
    stands in front of the inner names, `final_node_name` names the node itself; `external_inputs` are parameters of
    the function that are nodes or inputs outside.
    """

    def __init__(
        self,
        *load_from: Any,
        inputs: Mapping[str, Binding] | None = None,
        config: Mapping[str, Any] | None = None,
        namespace: str | None = None,
        final_node_name: str | None = None,
        external_inputs: Sequence[str] | None = None,
    ) -> None:
        if namespace is not None:
            check_namespace(namespace, self)
        if final_node_name is not None:
            check_namespace(final_node_name, self)
        made = self._read_part(inputs, config, external_inputs)
        super().__init__(load_from, [replace(made, namespace=namespace, name=final_node_name)])


class parameterized_subdag(_Subdag):  # noqa: N801
    """Make one node for each keyword, each with a graph of its own as by `subdag`.

    `@parameterized_subdag(features, inputs={...}, uk={"inputs": {...}, "config": {...}}, de={})` makes `uk` and `de`.
    What a keyword says comes before `inputs` and `config`, which are for all of them; `external_inputs` add up.
    """

    def __init__(
        self,
        *load_from: Any,
        inputs: Mapping[str, Binding] | None = None,
        config: Mapping[str, Any] | None = None,
        external_inputs: Sequence[str] | None = None,
        **parameterization: Mapping[str, Any],
    ) -> None:
        shared = self._read_part(inputs, config, external_inputs)
        if not parameterization:
            raise self.error("no node is named", hint='uk={"inputs": {...}, "config": {...}}')
        parts: list[Part] = []
        for name, said in parameterization.items():
            if not isinstance(said, Mapping):
                raise self.error(
                    f"'{name}' is {said!r}", hint=f'{name}={{"inputs": {{...}}, "config": {{...}}}}'
                )
            for key in said:
                if key not in _SAID:
                    raise self.error(
                        f"'{name}' says '{key}'", hint=did_you_mean(key, _SAID) or list_names(_SAID)
                    )
            own = self._read_part(*map(said.get, _SAID))
            both = self._read_part({**shared.inputs, **own.inputs}, {**shared.config, **own.config}, ())
            parts.append(replace(both, external=shared.external | own.external, name=name, namespace=name))
        super().__init__(load_from, parts)


_SAID = ("inputs", "config", "external_inputs")
"""What can be said of one node."""
