"""Hamilton's address of what makes modules of a notebook's cells: `%load_ext dagbuild.plugins.jupyter_magic`."""

from typing import Any

from dagbuild.driver.magics import HamiltonMagics

__all__ = ["HamiltonMagics", "load_ipython_extension"]


def load_ipython_extension(ipython: Any) -> None:
    """Let the notebook know them."""
    ipython.register_magics(HamiltonMagics)
