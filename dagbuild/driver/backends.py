"""Types of frames and columns for `isinstance` that import no library: Hamilton's abstract ones, by the same names.

A class is one of them when its library is imported, and it is that library's class of that name, or made from it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any


class _Meta(type):
    """Asks `_backends` of a class."""

    _backends: list[tuple[str, str]]

    def __subclasscheck__(cls, subclass: type) -> bool:
        if super().__subclasscheck__(subclass):
            return True
        found = (getattr(sys.modules.get(module), name, None) for module, name in cls._backends)
        return any(kind in subclass.__mro__ for kind in found if kind is not None)

    def __instancecheck__(cls, instance: Any) -> bool:
        return cls.__subclasscheck__(type(instance))

    def register_backend(cls, mod_name: str, cls_name: str) -> None:
        """Add a class: the module that has it, and its name there."""
        cls._backends.append((mod_name, cls_name))


class AbstractBackend(metaclass=_Meta):
    """Classes of libraries, each named by (module, name): in `_backends`, or when the class is made."""

    def __init_subclass__(cls, of: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._backends = [*vars(cls).get("_backends", ()), *of]


AbstractBackend._backends = []


class AbstractPyArrowDataFrame(AbstractBackend, of=[("pyarrow", "Table"), ("pyarrow", "RecordBatch")]):
    """A frame of pyarrow."""


class AbstractPyarrowColumn(AbstractBackend, of=[("pyarrow", "Array"), ("pyarrow", "ChunkedArray")]):
    """A column of pyarrow."""


class AbstractIbisDataFrame(AbstractBackend, of=[("ibis.expr.types", "Table")]):
    """A frame of ibis."""


class AbstractIbisColumn(AbstractBackend, of=[("ibis.expr.types", "Column")]):
    """A column of ibis."""


class AbstractPandasDataFrame(AbstractBackend, of=[("pandas", "DataFrame")]):
    """A frame of pandas."""


class AbstractPandasColumn(AbstractBackend, of=[("pandas", "Series")]):
    """A column of pandas."""


class AbstractPolarsDataFrame(AbstractBackend, of=[("polars", "DataFrame")]):
    """A frame of polars."""


class AbstractPolarsColumn(AbstractBackend, of=[("polars", "Series")]):
    """A column of polars."""


class AbstractLazyPolarsDataFrame(AbstractBackend, of=[("polars", "LazyFrame")]):
    """A lazy frame of polars."""


class AbstractVaexDataFrame(AbstractBackend, of=[("vaex.dataframe", "DataFrame")]):
    """A frame of vaex."""


class AbstractVaexColumn(AbstractBackend, of=[("vaex.expression", "Expression")]):
    """A column of vaex."""


class AbstractDaskDataFrame(AbstractBackend, of=[("dask.dataframe", "DataFrame")]):
    """A frame of dask."""


class AbstractDaskColumn(AbstractBackend, of=[("dask.dataframe", "Series")]):
    """A column of dask."""


class AbstractSparkSQLDataFrame(AbstractBackend, of=[("pyspark.sql", "DataFrame")]):
    """A frame of Spark SQL."""


class AbstractSparkPandasDataFrame(AbstractBackend, of=[("pyspark.pandas", "DataFrame")]):
    """A frame of pandas on Spark."""


class AbstractSparkPandasColumn(AbstractBackend, of=[("pyspark.pandas", "Series")]):
    """A column of pandas on Spark."""


class AbstractGeoPandasDataFrame(AbstractBackend, of=[("geopandas", "GeoDataFrame")]):
    """A frame of geopandas."""


class AbstractGeoPandasColumn(AbstractBackend, of=[("geopandas", "GeoSeries")]):
    """A column of geopandas."""


class AbstractCuDFDataFrame(AbstractBackend, of=[("cudf", "DataFrame")]):
    """A frame of cudf."""


class AbstractModinDataFrame(AbstractBackend, of=[("modin.pandas", "DataFrame")]):
    """A frame of modin."""


class AbstractNumpyArray(AbstractBackend, of=[("numpy", "ndarray")]):
    """An array of numpy."""


def register_backends() -> tuple[tuple[type, ...], tuple[type, ...]]:
    """Return the types of frames, and those of columns."""
    kinds = [kind for kind in globals().values() if isinstance(kind, _Meta)]
    return (
        tuple(kind for kind in kinds if "DataFrame" in kind.__name__),
        tuple(kind for kind in kinds if "Column" in kind.__name__),
    )


DATAFRAME_TYPES, COLUMN_TYPES = register_backends()
