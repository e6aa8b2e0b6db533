"""One node to several: the columns of a frame.

The frame's node keeps the function's name; each column is a node whose function is a small operation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from dagbuild.ground.errors import UserError, did_you_mean
from dagbuild.model.node import Columns, Node, Parameter, Source
from dagbuild.model.types import describe_type
from dagbuild.modifiers.base import Context, Modifier, NodeModifier, Stage, list_names, single_last
from dagbuild.modifiers.frame_types import column_type, find_frame_library


@dataclass(frozen=True, slots=True)
class ExtractColumn:
    """Takes one column of a frame."""

    column: str
    node: str
    fill_with: Any = None

    def __call__(self, frame: Any) -> Any:
        """Return the column; raises UserError when there is none and nothing to fill it with."""
        lazy = hasattr(frame, "collect_schema") and not hasattr(frame, "iloc") and hasattr(frame, "collect")
        columns = list(frame.collect_schema()) if lazy else list(frame.columns)
        if self.column in columns:
            if columns.count(self.column) > 1:
                raise UserError(
                    f"node '{self.node}' has {columns.count(self.column)} columns '{self.column}'"
                )
            return frame.select(self.column).collect()[self.column] if lazy else frame[self.column]
        if self.fill_with is None:
            raise UserError(
                f"node '{self.node}' has no column '{self.column}'; its columns are {list_names(columns)}",
                hint=did_you_mean(self.column, [name for name in columns if isinstance(name, str)]),
            )
        if hasattr(frame, "iloc"):
            return frame.assign(**{self.column: self.fill_with})[self.column]
        from polars import Series

        height = frame.collect().height if lazy else frame.height
        return Series(self.column, [self.fill_with] * height)


class extract_columns(NodeModifier):  # noqa: N801  # decorators are written small
    """Make a node of each of these columns of the frame that the function returns.

    A column is a name or (name, documentation). `fill_with` stands in for a column that is missing; without
    it that is an error.
    """

    stage = Stage.TRANSFORM

    def __init__(self, *columns: str | tuple[str, str], fill_with: Any = None) -> None:
        if not columns:
            raise self.error("no columns are given")
        for column in columns:
            name = column[0] if isinstance(column, tuple) else column
            if not isinstance(name, str):
                raise self.error(
                    f"{column!r} is no column name",
                    hint="extract_columns(*columns) for a list" if isinstance(column, list) else None,
                )
        self._columns = tuple(column if isinstance(column, tuple) else (column, "") for column in columns)
        self._fill_with = fill_with

    def apply(self, nodes: list[Node], _: Context, /) -> list[Node]:
        """Add the columns' nodes behind the frame's."""
        frame = single_last(nodes, self)
        return [*nodes, *extract_from(frame, self._columns, self._fill_with, self)]


def extract_from(
    frame: Node, columns: Sequence[tuple[str, str]], fill_with: Any, modifier: Modifier
) -> list[Node]:
    """Return a node for each (column, documentation) of the node `frame`."""
    library = find_frame_library(frame.type)
    if library is None:
        raise modifier.error(
            f"'{frame.name}' returns {describe_type(frame.type)}, which is no DataFrame of pandas or polars",
            hint="annotate the return with pd.DataFrame or pl.DataFrame",
        )

    def take(column: str) -> Parameter:
        # Its column is all that the node reads and depends on, unless the frame says what stands in for it.
        if fill_with is None:
            return Parameter("frame", Annotated[frame.type, Columns(column)], Source(frame.name))
        return Parameter("frame", frame.type, Source(frame.name), item=column)

    return [
        replace(
            frame,
            name=name,
            type=column_type(library),
            function=ExtractColumn(name, frame.name, fill_with),
            parameters=(take(name),),
            sources=() if fill_with is None else (fill_with,),
            operation=f"extract_columns/1:{name}",
            doc=doc or frame.doc,
        )
        for name, doc in columns
    ]
