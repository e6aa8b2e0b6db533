"""Result builders for polars, as Hamilton has them. Polars opens when a result is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagbuild.driver.results import ResultBuilder
from dagbuild.ground.errors import InputError

if TYPE_CHECKING:
    import polars as pl


class PolarsDataFrameResult(ResultBuilder):
    """A polars frame with a column for each value; a scalar fills its column, a frame of one column is that column.

    A frame that is the only value is the result itself, a lazy one computed.
    """

    def build_result(self, **outputs: Any) -> pl.DataFrame:
        """Return the frame; raises InputError where the values do not fit in one."""
        import polars as pl

        if len(outputs) == 1:
            (only,) = outputs.values()
            if isinstance(only, pl.LazyFrame):
                return only.collect()
            if isinstance(only, pl.DataFrame):
                return only
        try:
            return _join(outputs)
        except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
            raise InputError(f"no polars frame can be made of {', '.join(outputs)}: {error}") from error

    def output_type(self) -> Any:
        """Return polars' DataFrame."""
        import polars as pl

        return pl.DataFrame


class PolarsLazyFrameResult(PolarsDataFrameResult):
    """The same, as a lazy frame."""

    def build_result(self, **outputs: Any) -> pl.LazyFrame:
        """Return the lazy frame; raises InputError where the values do not fit in one."""
        import polars as pl

        if len(outputs) == 1:
            (only,) = outputs.values()
            if isinstance(only, pl.LazyFrame):
                return only
        return super().build_result(**outputs).lazy()

    def output_type(self) -> Any:
        """Return polars' LazyFrame."""
        import polars as pl

        return pl.LazyFrame


def _join(outputs: dict[str, Any]) -> pl.DataFrame:
    import polars as pl

    columns = {name: _as_column(name, value) for name, value in outputs.items()}
    vectors = {name: value for name, value in columns.items() if isinstance(value, pl.Series)}
    if not vectors:
        return pl.DataFrame({name: [value] for name, value in columns.items()})
    chosen = [
        pl.col(name) if name in vectors else pl.lit(value).alias(name) for name, value in columns.items()
    ]
    return pl.DataFrame(vectors).select(chosen)


def _as_column(name: str, value: Any) -> Any:
    """Return a column, or the value itself where it is a scalar."""
    import polars as pl

    if isinstance(value, pl.LazyFrame):
        value = value.collect()
    if isinstance(value, pl.DataFrame):
        if value.width != 1:
            raise ValueError(f"'{name}' is a frame of {value.width} columns, beside others")
        return value.to_series()
    if isinstance(value, pl.Series):
        return value
    if isinstance(value, list | tuple) or (hasattr(value, "ndim") and getattr(value, "ndim", 0) == 1):
        return pl.Series(name, value)
    return value
