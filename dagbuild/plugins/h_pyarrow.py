"""Hamilton's address of results for Arrow."""

from dagbuild.driver.results import (
    ArrowTableResult as PyarrowTableResult,
)

__all__ = [
    "PyarrowTableResult",
]
