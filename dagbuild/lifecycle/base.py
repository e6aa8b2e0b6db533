"""Hamilton's address of the moments at which adapters are asked."""

from dagbuild.driver.moments import (
    BaseDoBuildResult,
    BaseDoCheckEdgeTypesMatch,
    BaseDoNodeExecute,
    BaseDoRemoteExecute,
    BaseDoValidateInput,
    BasePostGraphConstruct,
    BasePostGraphExecute,
    BasePostNodeExecute,
    BasePostTaskExecute,
    BasePostTaskExpand,
    BasePostTaskGroup,
    BasePostTaskReturn,
    BasePreDoAnythingHook,
    BasePreGraphExecute,
    BasePreNodeExecute,
    BasePreTaskExecute,
    BasePreTaskSubmission,
    BaseValidateGraph,
    BaseValidateNode,
)

# An AsyncDriver awaits what they return; so one class does for both.
BasePostGraphConstructAsync = BasePostGraphConstruct
BasePreGraphExecuteAsync = BasePreGraphExecute
BasePreNodeExecuteAsync = BasePreNodeExecute
BaseDoNodeExecuteAsync = BaseDoNodeExecute
BasePostNodeExecuteAsync = BasePostNodeExecute
BasePostGraphExecuteAsync = BasePostGraphExecute
BasePreTaskExecuteAsync = BasePreTaskExecute
BasePostTaskExecuteAsync = BasePostTaskExecute

__all__ = [
    "BaseDoBuildResult",
    "BaseDoCheckEdgeTypesMatch",
    "BaseDoNodeExecute",
    "BaseDoNodeExecuteAsync",
    "BaseDoRemoteExecute",
    "BaseDoValidateInput",
    "BasePostGraphConstruct",
    "BasePostGraphConstructAsync",
    "BasePostGraphExecute",
    "BasePostGraphExecuteAsync",
    "BasePostNodeExecute",
    "BasePostNodeExecuteAsync",
    "BasePostTaskExecute",
    "BasePostTaskExecuteAsync",
    "BasePostTaskExpand",
    "BasePostTaskGroup",
    "BasePostTaskReturn",
    "BasePreDoAnythingHook",
    "BasePreGraphExecute",
    "BasePreGraphExecuteAsync",
    "BasePreNodeExecute",
    "BasePreNodeExecuteAsync",
    "BasePreTaskExecute",
    "BasePreTaskExecuteAsync",
    "BasePreTaskSubmission",
    "BaseValidateGraph",
    "BaseValidateNode",
]
