"""Hamilton's address of loaders and savers for plain values."""

from dagbuild.formats.plain import (
    EnvVarDataLoader,
    InMemoryResult,
    JSONDataLoader,
    JSONDataSaver,
    LiteralValueDataLoader,
    PickleLoader,
    PickleSaver,
    RawFileDataLoader,
    RawFileDataSaver,
    RawFileDataSaverBytes,
)

__all__ = [
    "EnvVarDataLoader",
    "InMemoryResult",
    "JSONDataLoader",
    "JSONDataSaver",
    "LiteralValueDataLoader",
    "PickleLoader",
    "PickleSaver",
    "RawFileDataLoader",
    "RawFileDataSaver",
    "RawFileDataSaverBytes",
]
