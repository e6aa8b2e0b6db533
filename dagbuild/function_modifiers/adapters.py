"""Hamilton's address of decorators that load and save."""

from dagbuild.modifiers import (
    dataloader,
    datasaver,
    load_from,
    save_to,
)

__all__ = [
    "dataloader",
    "datasaver",
    "load_from",
    "save_to",
]
