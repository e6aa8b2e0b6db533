"""Hamilton's address of lazy results for polars."""

from dagbuild.driver.polars_results import PolarsLazyFrameResult

__all__ = ["PolarsLazyFrameResult"]
