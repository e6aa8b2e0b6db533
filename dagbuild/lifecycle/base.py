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

__all__ = [
    "BaseDoBuildResult",
    "BaseDoCheckEdgeTypesMatch",
    "BaseDoNodeExecute",
    "BaseDoValidateInput",
    "BasePostGraphConstruct",
    "BasePostGraphExecute",
    "BasePostNodeExecute",
    "BasePreDoAnythingHook",
    "BasePreGraphExecute",
    "BasePreNodeExecute",
    "BaseValidateGraph",
    "BaseValidateNode",
]
