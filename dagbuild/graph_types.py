"""Hamilton's address of what a driver tells of nodes."""

from dagbuild.driver.nodes import (
    HamiltonGraph,
    HamiltonNode,
)

__all__ = [
    "HamiltonGraph",
    "HamiltonNode",
]
