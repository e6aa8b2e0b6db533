"""Hamilton's address of where loaders and savers are made known.

dagbuild opens a library when it is first used. So there is nothing to load beforehand, or to keep from being loaded.
"""

from dagbuild.formats.registry import LOADERS as LOADER_REGISTRY
from dagbuild.formats.registry import SAVERS as SAVER_REGISTRY
from dagbuild.formats.registry import know_all, register_adapter


def initialize() -> None:
    """Change nothing: each library opens when it is used."""


def load_extension(plugin_module: str) -> None:
    """Change nothing: each library opens when it is used."""


def disable_autoload() -> None:
    """Change nothing: no library opens before it is used."""


def enable_autoload() -> None:
    """Change nothing: each library opens when it is used."""


know_all()  # who looks into them finds ours

__all__ = [
    "LOADER_REGISTRY",
    "SAVER_REGISTRY",
    "disable_autoload",
    "enable_autoload",
    "initialize",
    "load_extension",
    "register_adapter",
]
