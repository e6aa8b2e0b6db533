"""Hamilton's address of what runs nodes in threads."""

from dagbuild.driver.threads import (
    FutureAdapter,
)

__all__ = [
    "FutureAdapter",
]
