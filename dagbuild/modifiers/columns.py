"""One node to several: the columns of a frame.

The frame's node keeps the function's name; each column is a node whose function is a small operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from dagbuild.ground.errors import UserError, did_you_mean
from dagbuild.model.node import Columns, Node, Parameter, Source
from dagbuild.model.types import describe_type
from dagbuild.modifiers.base import Context, Modifier, NodeModifier, Stage, derive, list_names, single_last
from dagbuild.modifiers.frame_types import column_type, find_frame_library


@dataclass(frozen=True, slots=True)
class ExtractColumn:
    """Takes one column of a frame."""

    column: str
    node: str

    def __call__(self, frame: Any) -> Any:
        """Return the column; raises UserError when there is none."""
        columns = _list_columns(frame)
        if self.column not in columns:
            raise UserError(
                f"node '{self.node}' has no column '{self.column}'; its columns are {list_names(columns)}",
                hint=did_you_mean(self.column, [name for name in columns if isinstance(name, str)]),
            )
        if columns.count(self.column) > 1:
            raise UserError(f"node '{self.node}' has {columns.count(self.column)} columns '{self.column}'")
        return frame.select(self.column).collect()[self.column] if _is_lazy(frame) else frame[self.column]


@dataclass(frozen=True, slots=True)
class FillColumns:
    """Calls the user's function, and gives its frame with the columns that it lacks."""

    function: Callable[..., Any]
    columns: tuple[str, ...]
    fill_with: Any

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the frame, another one where something was missing."""
        frame = self.function(*args, **kwargs)
        there = _list_columns(frame)
        missing = [column for column in self.columns if column not in there]
        if not missing:
            return frame
        if hasattr(frame, "iloc"):
            return frame.assign(**dict.fromkeys(missing, self.fill_with))
        from polars import lit

        return frame.with_columns(**{column: lit(self.fill_with) for column in missing})


def _is_lazy(frame: Any) -> bool:
    return hasattr(frame, "collect_schema") and not hasattr(frame, "iloc") and hasattr(frame, "collect")


def _list_columns(frame: Any) -> list[Any]:
    return list(frame.collect_schema()) if _is_lazy(frame) else list(frame.columns)


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
        """Add the columns' nodes behind the frame's, which is filled."""
        frame = single_last(nodes, self)
        columns = extract_from(frame, self._columns, self)
        if self._fill_with is not None:
            filled = FillColumns(frame.function, tuple(name for name, _ in self._columns), self._fill_with)
            whole = fill_node(frame, filled, self._fill_with, "extract_columns")
            nodes = [whole if node is frame else node for node in nodes]
        return [*nodes, *columns]


def fill_node(whole: Node, filled: Callable[..., Any], fill_with: Any, name: str) -> Node:
    """Return a node whose function fills what the user's gives; the fingerprint sees both."""
    return replace(
        whole,
        function=filled,
        sources=(*whole.sources, whole.function, fill_with),
        operation=f"{whole.operation};{name}/2:fill".lstrip(";"),
    )


def extract_from(frame: Node, columns: Sequence[tuple[str, str]], modifier: Modifier) -> list[Node]:
    """Return a node for each (column, documentation) of the node `frame`."""
    library = find_frame_library(frame.type)
    if library is None:
        raise modifier.error(
            f"'{frame.name}' returns {describe_type(frame.type)}, which is no DataFrame of pandas, polars or Dask",
            hint="annotate the return with pd.DataFrame or pl.DataFrame",
        )

    return [
        derive(
            frame,
            name=name,
            type=column_type(library),
            function=ExtractColumn(name, frame.name),
            # Its column is all that the node reads and depends on.
            parameters=(Parameter("frame", Annotated[frame.type, Columns(name)], Source(frame.name)),),
            sources=(),
            operation=f"extract_columns/1:{name}",
            doc=doc or frame.doc,
        )
        for name, doc in columns
    ]
