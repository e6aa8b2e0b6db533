"""Hamilton's address of results for polars, and of columns that are put to its frames."""

from dagbuild.driver.polars_results import PolarsDataFrameResult
from dagbuild.modifiers import with_columns

__all__ = ["PolarsDataFrameResult", "with_columns"]
