"""Hamilton's address of the moments at which adapters are asked."""

from dagbuild.driver.moments import (
    BaseDoBuildResult,
    BaseDoCheckEdgeTypesMatch,
    BaseDoNodeExecute,
    BaseDoValidateInput,
    BasePostGraphConstruct,
    BasePostGraphExecute,
    BasePostNodeExecute,
    BasePreDoAnythingHook,
    BasePreGraphExecute,
    BasePreNodeExecute,
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

__all__ = [
    "BaseDoBuildResult",
    "BaseDoCheckEdgeTypesMatch",
    "BaseDoNodeExecute",
    "BaseDoNodeExecuteAsync",
    "BaseDoValidateInput",
    "BasePostGraphConstruct",
    "BasePostGraphConstructAsync",
    "BasePostGraphExecute",
    "BasePostGraphExecuteAsync",
    "BasePostNodeExecute",
    "BasePostNodeExecuteAsync",
    "BasePreDoAnythingHook",
    "BasePreGraphExecute",
    "BasePreGraphExecuteAsync",
    "BasePreNodeExecute",
    "BasePreNodeExecuteAsync",
    "BaseValidateGraph",
    "BaseValidateNode",
]
