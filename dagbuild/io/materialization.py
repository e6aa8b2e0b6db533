"""Hamilton's address of what loads and saves besides functions."""

from dagbuild.modifiers.materializers import (
    ExtractorFactory,
    MaterializerFactory,
    from_,
    to,
)

__all__ = [
    "ExtractorFactory",
    "MaterializerFactory",
    "from_",
    "to",
]
