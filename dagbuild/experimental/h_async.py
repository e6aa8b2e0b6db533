"""Hamilton's older address of the driver for `async def`."""

from dagbuild.driver.asynchronous import (
    AsyncDriver,
    AsyncGraphAdapter,
)

__all__ = [
    "AsyncDriver",
    "AsyncGraphAdapter",
]
