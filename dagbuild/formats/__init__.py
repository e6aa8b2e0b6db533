"""Formats that nodes load from and save in: what there is, and how one's own are made known."""

from dagbuild.formats import frames, plain
from dagbuild.formats.adapters import AdapterCommon, DataLoader, DataSaver
from dagbuild.formats.registry import (
    LOADERS,
    SAVERS,
    check_arguments,
    find_loader,
    find_saver,
    register_adapter,
)

__all__ = [
    "LOADERS",
    "SAVERS",
    "AdapterCommon",
    "DataLoader",
    "DataSaver",
    "check_arguments",
    "find_loader",
    "find_saver",
    "register_adapter",
]

# The later ones count: what may be anything is plain JSON, and the pickle of a frame is pandas' affair.
_pickles = [adapter for adapter in frames.ADAPTERS if adapter.name() == "pickle"]
for _adapter in (*frames.ADAPTERS, *plain.ADAPTERS, *_pickles):
    register_adapter(_adapter)
