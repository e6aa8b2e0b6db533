"""Hamilton's groupings by name, and what a group of nodes is for. `tasks` makes ours, in one way."""

from __future__ import annotations

import enum


class NodeGroupPurpose(enum.Enum):
    """What a task is for: giving elements, taking them together, what is done with each of them, or one node."""

    EXPAND_UNORDERED = "expand_unordered"
    GATHER = "gather"
    EXECUTE_BLOCK = "execute_block"
    EXECUTE_SINGLE = "execute_single"

    def is_expander(self) -> bool:
        """Tell whether it gives elements."""
        return self is NodeGroupPurpose.EXPAND_UNORDERED

    def is_gatherer(self) -> bool:
        """Tell whether it takes elements together."""
        return self is NodeGroupPurpose.GATHER


class GroupingStrategy:
    """How nodes are put together to tasks: by blocks, whichever strategy is given."""


class GroupByRepeatableBlocks(GroupingStrategy):
    """By blocks."""


class GroupNodesIndividually(GroupingStrategy):
    """Each node by itself."""


class GroupNodesAllAsOne(GroupingStrategy):
    """All nodes as one."""


class GroupNodesByLevel(GroupingStrategy):
    """By how far nodes are from the inputs."""
