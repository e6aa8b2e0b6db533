"""Result builders: what `execute` makes of the values of its targets.

Knows nothing of graphs and builds. Libraries open late, so that a dict costs nothing.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Mapping, Sized
from typing import TYPE_CHECKING, Any

from dagbuild.ground.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa


class ResultBuilder(abc.ABC):
    """Makes one result of the values of the targets; subclass it for one's own."""

    @abc.abstractmethod
    def build_result(self, **outputs: Any) -> Any:
        """Return the result; `outputs` are the targets' values by name, in the order they were asked for."""

    def input_types(self) -> list[Any]:
        """Return the types of values that it takes."""
        return [Any]

    def output_type(self) -> Any:
        """Return the type of what it makes."""
        return Any


class DictResult(ResultBuilder):
    """The values by name."""

    @staticmethod
    def build_result(**outputs: Any) -> dict[str, Any]:
        """Return the values as they are."""
        return outputs

    def output_type(self) -> Any:
        """Return dict."""
        return dict


class PandasDataFrameResult(ResultBuilder):
    """A frame with a column for each value, aligned by index.

    The index is that of the Series and frames, or the sorted union of them where they differ; a dict is a Series. A
    scalar fills its column; a list or array must be as long as the index. The columns of a frame are called
    `name.column`; a frame that is the only value is the result itself.
    """

    @staticmethod
    def build_result(**outputs: Any) -> pd.DataFrame:
        """Return the frame; raises InputError when a value does not fit in."""
        import pandas as pd

        if len(outputs) == 1:
            (only,) = outputs.values()
            if isinstance(only, pd.DataFrame):
                return only
        columns: dict[str, Any] = {}
        for name, value in outputs.items():
            for column, part in _spread(name, value):
                if column in columns:
                    raise InputError(f"the result has two columns '{column}'")
                columns[column] = part
        return _join(columns)

    def output_type(self) -> Any:
        """Return pandas' DataFrame."""
        import pandas as pd

        return pd.DataFrame


class StrictIndexTypePandasDataFrameResult(PandasDataFrameResult):
    """A frame of values whose indexes have one type; what has none goes along with one that has."""

    @staticmethod
    def build_result(**outputs: Any) -> pd.DataFrame:
        """Return the frame; raises InputError where indexes are of several types, or no value has one."""
        import pandas as pd

        found: dict[str, list[str]] = {}
        for name, value in outputs.items():
            if isinstance(value, pd.Series | pd.DataFrame):
                found.setdefault(f"{type(value.index).__name__} of {value.index.dtype}", []).append(name)
        if not found:
            raise InputError(f"none of the values has an index: {', '.join(outputs)}")
        if len(found) > 1:
            told = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in found.items())
            raise InputError(f"the values have indexes of several types: {told}")
        return PandasDataFrameResult.build_result(**outputs)


class RayGraphAdapter(ResultBuilder):
    """Has nodes run on Ray, and leaves the result to another builder: a dict unless one is given.

    The cluster is the one that this process is connected to, else what `ray_init_config` says, which is what `ray.init`
    takes, else one on this machine. It is opened when the first node is to run, and let go of when the build ends.
    """

    def __init__(
        self,
        result_builder: ResultBuilder | None = None,
        ray_init_config: Mapping[str, Any] | None = None,
        shutdown_ray_on_completion: bool = False,  # noqa: ARG002 - what a build has opened, it lets go of
    ) -> None:
        self.result_builder = result_builder or DictResult()
        self.ray_init_config = dict(ray_init_config or {})

    def build_result(self, **outputs: Any) -> Any:
        """Return what the other builder makes of the values."""
        return self.result_builder.build_result(**outputs)

    def output_type(self) -> Any:
        """Return the type of what the other builder makes."""
        return self.result_builder.output_type()


def _spread(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the columns that a value makes, with numpy in place of polars."""
    import pandas as pd

    if isinstance(value, Mapping):
        yield name, pd.Series(dict(value))
    elif isinstance(value, pd.DataFrame):
        yield from ((f"{name}.{column}", series) for column, series in value.items())
    elif type(value).__module__.startswith("polars") and hasattr(value, "columns"):
        yield from ((f"{name}.{column}", value[column].to_numpy()) for column in value.columns)
    elif type(value).__module__.startswith("polars") and hasattr(value, "to_numpy"):
        yield name, value.to_numpy()
    else:
        yield name, value


def _join(columns: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    rows = [0] if all(pd.api.types.is_scalar(value) for value in columns.values()) else None
    try:
        return pd.DataFrame(dict(columns), index=rows)
    except (TypeError, ValueError) as error:
        raise InputError(_find_misfit(columns) or f"no frame can be made of the values: {error}") from error


def _find_misfit(columns: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the first value that fits in no frame with the others."""
    import pandas as pd

    indexed = {name: value for name, value in columns.items() if isinstance(value, pd.Series)}
    for name, series in indexed.items():
        alike = all(other.index.equals(series.index) for other in indexed.values())
        if not alike and not series.index.is_unique:
            return (
                f"'{name}' has an index with repeated labels, so the other columns cannot be aligned with it"
            )
    vectors = {
        name: len(value)
        for name, value in columns.items()
        if name not in indexed and pd.api.types.is_list_like(value) and isinstance(value, Sized)
    }
    rows = max([len(series) for series in indexed.values()] or vectors.values(), default=1)
    wrong = next((name for name, length in vectors.items() if length != rows), None)
    return wrong and f"'{wrong}' has {vectors[wrong]} elements, but the result has {rows} rows"


class NumpyMatrixResult(ResultBuilder):
    """A matrix with a column for each value; scalars are repeated."""

    @staticmethod
    def build_result(**outputs: Any) -> np.ndarray[Any, Any]:
        """Return the matrix; raises InputError when lengths differ."""
        import numpy as np

        if not outputs:
            raise InputError("a matrix needs at least one value")
        vectors = {name: np.asarray(value) for name, value in outputs.items()}
        lengths = {name: vector.shape[0] for name, vector in vectors.items() if vector.ndim == 1}
        rows = max(lengths.values(), default=1)
        for name, vector in vectors.items():
            if vector.ndim > 1:
                raise InputError(f"'{name}' has {vector.ndim} dimensions; a column of a matrix has one")
            if lengths.get(name, rows) != rows:
                raise InputError(f"'{name}' has {lengths[name]} elements, but the matrix has {rows} rows")
        return np.column_stack([np.broadcast_to(vector, (rows,)) for vector in vectors.values()])

    def output_type(self) -> Any:
        """Return numpy's array, which a matrix is as well."""
        import numpy as np

        return np.ndarray


class NumpyMatrix(NumpyMatrixResult):
    """The same as Hamilton has it: of numpy's older class for matrices."""

    @staticmethod
    def build_result(**outputs: Any) -> np.matrix[Any, Any]:
        """Return the matrix; raises InputError when lengths differ."""
        import numpy as np

        return np.asmatrix(NumpyMatrixResult.build_result(**outputs))


class ArrowTableResult(ResultBuilder):
    """An Arrow table: the only value, when that is a frame or table, else the frame of all values."""

    @staticmethod
    def build_result(**outputs: Any) -> pa.Table:
        """Return the table; an index that only numbers the rows is left out."""
        import pyarrow as pa

        if len(outputs) == 1:
            (only,) = outputs.values()
            if isinstance(only, pa.Table):
                return only
            if hasattr(only, "to_arrow"):
                return only.to_arrow()
        return pa.Table.from_pandas(PandasDataFrameResult().build_result(**outputs))

    def output_type(self) -> Any:
        """Return Arrow's Table."""
        import pyarrow as pa

        return pa.Table
