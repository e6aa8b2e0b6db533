"""Hamilton's address of what is told of nodes that run, and of its stock adapters."""

from dagbuild.driver.adapters import (
    FunctionInputOutputTypeChecker,
    GracefulErrorAdapter,
    NoEdgeAndInputTypeChecking,
    PDBDebugger,
    PrintLn,
    SlowDownYouMoveTooFast,
    accept_error_sentinels,
)
from dagbuild.driver.adapters import (
    PrintLn as PrintLnHook,
)
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
from dagbuild.lifecycle import api, base, default

__all__ = [
    "EdgeConnectionHook",
    "FunctionInputOutputTypeChecker",
    "GracefulErrorAdapter",
    "GraphAdapter",
    "GraphConstructionHook",
    "GraphExecutionHook",
    "LegacyResultMixin",
    "NoEdgeAndInputTypeChecking",
    "NodeExecutionHook",
    "NodeExecutionMethod",
    "PDBDebugger",
    "PrintLn",
    "PrintLnHook",
    "ResultBuilder",
    "SlowDownYouMoveTooFast",
    "StaticValidator",
    "TaskExecutionHook",
    "TaskGroupingHook",
    "TaskReturnHook",
    "TaskSubmissionHook",
    "accept_error_sentinels",
    "api",
    "base",
    "default",
]
