"""Hamilton's address of results for polars."""

from dagbuild.driver.polars_results import PolarsDataFrameResult

__all__ = ["PolarsDataFrameResult"]
