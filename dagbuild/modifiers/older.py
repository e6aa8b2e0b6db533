"""Hamilton's older decorators, and one of its experiments: other words for what `expand` does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagbuild.model.node import Binding, Source, Value
from dagbuild.modifiers.expand import (
    ParameterizedExtract,
    parameterize,
    parameterize_extract_columns,
    parameterize_sources,
    parameterize_values,
)


class parametrized(parameterize_values):  # noqa: N801  # decorators are written small
    """What `parameterize_values` does."""


class parameterized_inputs(parameterize_sources):  # noqa: N801
    """What `parameterize_sources` does."""


class parametrized_input(parameterize):  # noqa: N801
    """Make one node for each node that one parameter may be: `{"node": ("out", "documentation")}`."""

    def __init__(self, parameter: str, variable_inputs: Mapping[str, tuple[str, str]]) -> None:
        outputs: dict[str, tuple[Mapping[str, Binding], str]] = {}
        for node, told in variable_inputs.items():
            if not isinstance(told, tuple):
                raise self.error(f"'{node}' is {told!r}", hint="(name, documentation)")
            outputs[told[0]] = ({parameter: Source(node)}, told[1])
        super().__init__(**outputs)


class parameterize_frame(parameterize_extract_columns):  # noqa: N801
    """Make frames and nodes of their columns as the rows of a pandas frame say: one use of the function for each.

    The frame's columns have two levels. The first is a name, the second what is in its column: "source" and "value" of
    the parameter of that name, "out" the name of a column that the function gives.
    """

    def __init__(self, parameterization: Any) -> None:
        labels = list(parameterization.columns)
        if not all(isinstance(label, tuple) and len(label) == 2 for label in labels):
            raise self.error(
                "the frame's columns have not two levels", hint="parameters, and out, source or value"
            )
        kinds = [kind for _, kind in labels]
        if unknown := sorted({str(kind) for kind in kinds} - {"out", "source", "value"}):
            raise self.error(f"a column is '{unknown[0]}'", hint="one of out, source, value")
        if "out" not in kinds:
            raise self.error("no column is 'out'", hint="it names what the function gives")
        super().__init__(*(_read(labels, row) for row in parameterization.itertuples(index=False, name=None)))


def _read(labels: list[tuple[str, str]], row: tuple[Any, ...]) -> ParameterizedExtract:
    outputs, bindings = [], {}
    for (name, kind), given in zip(labels, row, strict=True):
        if kind == "out":
            outputs.append(given)
        else:
            bindings[name] = Source(given) if kind == "source" else Value(given)
    return ParameterizedExtract(tuple(outputs), bindings)
