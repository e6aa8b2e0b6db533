"""Hamilton's address of what runs nodes on Dask."""

from dagbuild.driver.on_dask import DaskDataFrameResult, DaskExecutor, DaskGraphAdapter

__all__ = ["DaskDataFrameResult", "DaskExecutor", "DaskGraphAdapter"]
