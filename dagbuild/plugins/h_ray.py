"""Hamilton's address of what runs nodes on Ray."""

from dagbuild.driver.results import (
    RayGraphAdapter,
)
from dagbuild.driver.task_executors import (
    RayTaskExecutor,
)

__all__ = [
    "RayGraphAdapter",
    "RayTaskExecutor",
]
