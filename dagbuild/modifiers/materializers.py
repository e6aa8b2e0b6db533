"""Load and save without decorators: `from_`, `to`, and what they make of the nodes of a graph.

They are plain objects that somebody hands over together with a graph's nodes. Knows no modules; edges and cycles are
the loader's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from dagbuild.ground.errors import GraphError, Problem, did_you_mean
from dagbuild.model.node import Binding, Group, Node, Parameter, Source, Where
from dagbuild.model.types import accepts
from dagbuild.modifiers.adapter_nodes import Asked, bind_all, make_loading, make_saving
from dagbuild.modifiers.base import list_names


@dataclass(frozen=True, slots=True)
class ExtractorFactory:
    """Loads the node or input `target` in the format `form`."""

    form: str
    target: str
    given: Mapping[str, Binding]
    where: Where


@dataclass(frozen=True, slots=True)
class MaterializerFactory:
    """Saves the values of the nodes `dependencies`, made one by `combine`, as the node `id`."""

    form: str
    id: str
    dependencies: tuple[str, ...]
    combine: Any
    given: Mapping[str, Binding]
    where: Where


class _Formats(type):
    """Makes `to.csv(...)` of a class: whether there is such a format is told when the graph is made."""

    make: Callable[..., Any]

    def __getattr__(cls, form: str) -> Callable[..., Any]:
        if form.startswith("_"):
            raise AttributeError(form)
        return partial(cls.make, form)


class from_(metaclass=_Formats):  # noqa: N801  # as Hamilton calls it
    """Load a node or an input: `from_.csv(target="spend", path="data/spend.csv")`."""

    @staticmethod
    def make(form: str, /, target: str, **given: Any) -> ExtractorFactory:
        """Return what loads `target` in a format; other arguments are the format's."""
        return ExtractorFactory(form, target, bind_all(given), _find_caller())


class to(metaclass=_Formats):  # noqa: N801
    """Save values of nodes: `to.csv(id="saved", dependencies=["spend"], path="out/spend.csv")`."""

    @staticmethod
    def make(
        form: str, /, id: str, dependencies: Sequence[Any], combine: Any = None, **given: Any
    ) -> MaterializerFactory:
        """Return what saves the values as the node `id`; of several, a result builder makes one."""
        names = (dependencies,) if isinstance(dependencies, str) or callable(dependencies) else dependencies
        taken = tuple(each if isinstance(each, str) else str(_name_of(each)) for each in names)
        return MaterializerFactory(form, id, taken, combine, bind_all(given), _find_caller())


def _name_of(thing: Any) -> Any:
    return getattr(thing, "__name__", None) or getattr(thing, "name", thing)


def _find_caller() -> Where:
    frame = sys._getframe(2)
    return Where(frame.f_globals.get("__name__", ""), frame.f_code.co_filename, frame.f_lineno)


@dataclass(frozen=True, slots=True)
class Combine:
    """Makes one value of several."""

    builder: Any

    def __call__(self, **outputs: Any) -> Any:
        """Return what the result builder makes of them."""
        return self.builder.build_result(**outputs)


def modify_nodes(
    nodes: Mapping[str, Node],
    materializers: Iterable[MaterializerFactory | ExtractorFactory],
) -> dict[str, Node]:
    """Return the nodes with those that load and save; a node that is loaded is no longer made by its function.

    What is loaded may be an input. Raises one GraphError with all problems.
    """
    made = dict(nodes)
    problems: list[Problem] = []
    for each in sorted(materializers, key=lambda each: isinstance(each, MaterializerFactory)):
        try:
            added = _extract(each, made) if isinstance(each, ExtractorFactory) else _save(each, made)
            for node in added:
                target = each.target if isinstance(each, ExtractorFactory) else None
                if node.name in made and node.name != target:
                    raise GraphError(
                        f"'{node.name}' is made twice: here and at {made[node.name].where}",
                        hint="give another id",
                    )
            made |= {node.name: node for node in added}
        except GraphError as error:
            problems += [
                replace(problem, where=problem.where or str(each.where)) for problem in error.problems
            ]
    if problems:
        raise GraphError.of(problems)
    return made


def _extract(each: ExtractorFactory, nodes: Mapping[str, Node]) -> list[Node]:
    label = f"from_.{each.form}"
    kind = _find_type(each.target, nodes, f"{label}: target")
    asked = Asked(each.form, each.given, label, each.where)
    return make_loading(asked, "", each.target, kind, each.target)


def _save(each: MaterializerFactory, nodes: Mapping[str, Node]) -> list[Node]:
    label = f"to.{each.form}"
    kinds = {name: _find_type(name, nodes, f"{label} '{each.id}'") for name in each.dependencies}
    asked = Asked(each.form, each.given, label, each.where)
    if each.combine is None:
        if len(kinds) != 1:
            raise GraphError(
                f"{label} '{each.id}' saves one value, and here are {len(kinds)}: {list_names([*kinds])}",
                hint="combine= names a result builder that makes one of several",
            )
        ((name, kind),) = kinds.items()
        return [make_saving(asked, name, kind, each.id)]
    combining = _combine(each, kinds)
    return [combining, make_saving(asked, combining.name, combining.type, each.id)]


def _combine(each: MaterializerFactory, kinds: Mapping[str, Any]) -> Node:
    builder = each.combine
    state = vars(builder) if hasattr(builder, "__dict__") else {}
    name = f"{each.id}_build_result"
    return Node(
        name=name,
        type=builder.output_type() if hasattr(builder, "output_type") else Any,
        function=Combine(builder),
        parameters=tuple(Parameter(name, kind, Source(name)) for name, kind in kinds.items()),
        where=each.where,
        sources=(type(builder), *(part for key in sorted(state) for part in (key, state[key]))),
        operation=f"combine/1:{type(builder).__name__} {','.join(kinds)}",
        doc=f"Builds the result for {each.id} materializer",
        function_name=name,
    )


def _find_type(name: str, nodes: Mapping[str, Node], what: str) -> Any:
    """Return the type of a node, or the tightest that an input is taken as; raises GraphError for neither."""
    if name in nodes:
        return nodes[name].type
    found: list[Any] = []
    known = set(nodes)
    for node in nodes.values():
        for parameter in node.parameters:
            known.update(parameter.upstream)
            if parameter.binding == Source(name):
                found.append(parameter.type)
            elif isinstance(parameter.binding, Group) and name in parameter.upstream:
                found.append(Any)
    if not found:
        raise GraphError(f"{what} '{name}' is no node and no input", hint=did_you_mean(name, known))
    tightest = found[0]
    for kind in found[1:]:
        tightest = kind if accepts(kind, tightest) else tightest
    return tightest
