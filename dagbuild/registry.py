"""Hamilton's address of where loaders and savers are made known."""

from dagbuild.formats.registry import LOADERS as LOADER_REGISTRY
from dagbuild.formats.registry import SAVERS as SAVER_REGISTRY
from dagbuild.formats.registry import know_all, register_adapter

know_all()  # who looks into them finds ours

__all__ = ["LOADER_REGISTRY", "SAVER_REGISTRY", "register_adapter"]
