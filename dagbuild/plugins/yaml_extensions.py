"""Hamilton's address of YAML."""

from dagbuild.formats.plain import (
    YAMLDataLoader,
    YAMLDataSaver,
)

__all__ = [
    "YAMLDataLoader",
    "YAMLDataSaver",
]
