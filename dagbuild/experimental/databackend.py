"""Hamilton's address of what types that import no library are made of."""

from dagbuild.driver.backends import AbstractBackend

__all__ = ["AbstractBackend"]
