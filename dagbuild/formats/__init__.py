"""Formats that nodes load from and save in: what there is, and how one's own are made known."""

from dagbuild.formats.adapters import AdapterCommon, DataLoader, DataSaver
from dagbuild.formats.registry import (
    check_arguments,
    find_loader,
    find_saver,
    register_adapter,
)

__all__ = [
    "AdapterCommon",
    "DataLoader",
    "DataSaver",
    "check_arguments",
    "find_loader",
    "find_saver",
    "register_adapter",
]
