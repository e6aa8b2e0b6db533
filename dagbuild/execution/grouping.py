"""Hamilton's address of groupings."""

from dagbuild.driver.task_executors import (
    GroupByRepeatableBlocks,
    GroupingStrategy,
    GroupNodesAllAsOne,
    GroupNodesByLevel,
    GroupNodesIndividually,
)

__all__ = [
    "GroupByRepeatableBlocks",
    "GroupNodesAllAsOne",
    "GroupNodesByLevel",
    "GroupNodesIndividually",
    "GroupingStrategy",
]
