"""Hamilton's address of a progress bar of rich's."""

from dagbuild.driver.progress import RichProgressBar

__all__ = ["RichProgressBar"]
