"""Result builders: what `execute` makes of the values of its targets.

Knows nothing of graphs and builds. Libraries open late, so that a dict costs nothing.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Mapping, Sequence, Sized
from typing import TYPE_CHECKING, Any

from dagbuild.ground.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa


class ResultBuilder(abc.ABC):
    """Makes one result of the values of the targets; subclass it for one's own."""

    @abc.abstractmethod
    def build_result(self, **outputs: Any) -> Any:
        """Return the result; `outputs` are the targets' values by name, in the order they were asked for."""


class DictResult(ResultBuilder):
    """The values by name."""

    def build_result(self, **outputs: Any) -> dict[str, Any]:
        """Return the values as they are."""
        return outputs


class PandasDataFrameResult(ResultBuilder):
    """A frame with a column for each value, aligned by index.

    The index is the union of the indexes of all Series and frames. A scalar fills its column; a list or array
    must be as long as the index. The columns of a frame are called `name.column`; a frame that is the only value
    is the result itself.
    """

    def build_result(self, **outputs: Any) -> pd.DataFrame:
        """Return the frame; raises UserError when a value does not fit in."""
        import pandas as pd

        if len(outputs) == 1:
            (only,) = outputs.values()
            if isinstance(only, pd.DataFrame):
                return only
        columns: dict[str, Any] = {}
        for name, value in outputs.items():
            for column, part in _spread(name, value):
                if column in columns:
                    raise UserError(f"the result has two columns '{column}'")
                columns[column] = part
        return _join(columns)


class RayGraphAdapter(ResultBuilder):
    """Has nodes run on Ray, and leaves the result to another builder: a dict unless one is given.

    The cluster is the one that this process is connected to, else what `ray_init_config` says, which is what `ray.init`
    takes, else one on this machine. It is opened when the first node is to run, and let go of when the build ends.
    """

    def __init__(
        self, result_builder: ResultBuilder | None = None, ray_init_config: Mapping[str, Any] | None = None
    ) -> None:
        self.result_builder = result_builder or DictResult()
        self.ray_init_config = dict(ray_init_config or {})

    def build_result(self, **outputs: Any) -> Any:
        """Return what the other builder makes of the values."""
        return self.result_builder.build_result(**outputs)


def _spread(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the columns that a value makes, with numpy in place of polars."""
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        yield from ((f"{name}.{column}", series) for column, series in value.items())
    elif type(value).__module__.startswith("polars") and hasattr(value, "columns"):
        yield from ((f"{name}.{column}", value[column].to_numpy()) for column in value.columns)
    elif type(value).__module__.startswith("polars") and hasattr(value, "to_numpy"):
        yield name, value.to_numpy()
    else:
        yield name, value


def _join(columns: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    indexed = {name: value for name, value in columns.items() if isinstance(value, pd.Series)}
    plain = {name: value for name, value in columns.items() if name not in indexed}
    for name, series in indexed.items():
        others = [other.index for other in indexed.values() if not other.index.equals(series.index)]
        if others and not series.index.is_unique:
            raise UserError(
                f"'{name}' has an index with repeated labels, so the other columns cannot be aligned with it",
                hint="make the labels unique, or ask for a dict of values",
            )
    if indexed:
        frame = pd.concat([series.rename(name) for name, series in indexed.items()], axis=1)
        rows = len(frame)
    else:
        frame = pd.DataFrame()
        rows = max((len(value) for value in plain.values() if _is_vector(value)), default=1)
        frame.index = pd.RangeIndex(rows)
    for name, value in plain.items():
        if _is_vector(value) and len(value) != rows:
            raise UserError(f"'{name}' has {len(value)} elements, but the result has {rows} rows")
        frame[name] = pd.Series(list(value) if _is_vector(value) else [value] * rows, index=frame.index)
    return frame[list(columns)]


def _is_vector(value: Any) -> bool:
    if isinstance(value, (str, bytes, Mapping)):
        return False
    return isinstance(value, Sequence) or (isinstance(value, Sized) and getattr(value, "ndim", 0) >= 1)


class NumpyMatrixResult(ResultBuilder):
    """A matrix with a column for each value; scalars are repeated."""

    def build_result(self, **outputs: Any) -> np.ndarray[Any, Any]:
        """Return the matrix; raises UserError when lengths differ."""
        import numpy as np

        if not outputs:
            raise UserError("a matrix needs at least one value")
        vectors = {name: np.asarray(value) for name, value in outputs.items()}
        lengths = {name: vector.shape[0] for name, vector in vectors.items() if vector.ndim == 1}
        rows = max(lengths.values(), default=1)
        for name, vector in vectors.items():
            if vector.ndim > 1:
                raise UserError(f"'{name}' has {vector.ndim} dimensions; a column of a matrix has one")
            if lengths.get(name, rows) != rows:
                raise UserError(f"'{name}' has {lengths[name]} elements, but the matrix has {rows} rows")
        return np.column_stack([np.broadcast_to(vector, (rows,)) for vector in vectors.values()])


class ArrowTableResult(ResultBuilder):
    """An Arrow table: the only value, when that is a frame or table, else the frame of all values."""

    def build_result(self, **outputs: Any) -> pa.Table:
        """Return the table; an index that only numbers the rows is left out."""
        import pyarrow as pa

        if len(outputs) == 1:
            (only,) = outputs.values()
            if isinstance(only, pa.Table):
                return only
            if hasattr(only, "to_arrow"):
                return only.to_arrow()
        return pa.Table.from_pandas(PandasDataFrameResult().build_result(**outputs))
