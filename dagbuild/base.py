"""Hamilton's address of result builders and of adapters that run nodes."""

from dagbuild.driver.adapters import (
    DefaultAdapter,
    SimplePythonDataFrameGraphAdapter,
    SimplePythonGraphAdapter,
)
from dagbuild.driver.hooks import (
    GraphAdapter as HamiltonGraphAdapter,
)
from dagbuild.driver.results import (
    DictResult,
    PandasDataFrameResult,
    StrictIndexTypePandasDataFrameResult,
)
from dagbuild.driver.results import (
    NumpyMatrix as NumpyMatrixResult,
)
from dagbuild.driver.results import (
    ResultBuilder as ResultMixin,
)

__all__ = [
    "DefaultAdapter",
    "DictResult",
    "HamiltonGraphAdapter",
    "NumpyMatrixResult",
    "PandasDataFrameResult",
    "ResultMixin",
    "SimplePythonDataFrameGraphAdapter",
    "SimplePythonGraphAdapter",
    "StrictIndexTypePandasDataFrameResult",
]
