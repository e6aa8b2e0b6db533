"""Hamilton's address of what loads and saves values."""

from dagbuild.io import data_adapters, default_data_loaders, materialization, utils

__all__ = ["data_adapters", "default_data_loaders", "materialization", "utils"]
