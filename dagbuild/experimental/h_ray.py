"""Hamilton's older address of what runs nodes on Ray."""

from dagbuild.driver.results import (
    RayGraphAdapter,
)

__all__ = [
    "RayGraphAdapter",
]
