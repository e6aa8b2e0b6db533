"""Hamilton's address of a progress bar."""

from dagbuild.driver.progress import (
    ProgressBar,
)

__all__ = [
    "ProgressBar",
]
