"""Hamilton's address of lazy results for polars, and of columns that are put to its frames."""

from dagbuild.driver.polars_results import PolarsLazyFrameResult
from dagbuild.modifiers import with_columns

__all__ = ["PolarsLazyFrameResult", "with_columns"]
