"""Hamilton's address of what people subclass to be told of nodes that run."""

from dagbuild.driver.hooks import (
    EdgeConnectionHook,
    GraphAdapter,
    GraphConstructionHook,
    GraphExecutionHook,
    NodeExecutionHook,
    NodeExecutionMethod,
    StaticValidator,
)
from dagbuild.driver.results import (
    ResultBuilder,
)
from dagbuild.driver.results import (
    ResultBuilder as LegacyResultMixin,
)
from dagbuild.driver.task_hooks import (
    TaskExecutionHook,
    TaskGroupingHook,
    TaskReturnHook,
    TaskSubmissionHook,
)

__all__ = [
    "EdgeConnectionHook",
    "GraphAdapter",
    "GraphConstructionHook",
    "GraphExecutionHook",
    "LegacyResultMixin",
    "NodeExecutionHook",
    "NodeExecutionMethod",
    "ResultBuilder",
    "StaticValidator",
    "TaskExecutionHook",
    "TaskGroupingHook",
    "TaskReturnHook",
    "TaskSubmissionHook",
]
