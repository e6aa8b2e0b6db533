"""Hamilton's address of what a loader or saver of one's own is made of."""

from dagbuild.formats import (
    AdapterCommon,
    DataLoader,
    DataSaver,
)

__all__ = [
    "AdapterCommon",
    "DataLoader",
    "DataSaver",
]
