"""How a store tells what the user should know but need not act on.

A notice is one line of text. Stores take a callable; without one, notices go to the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

Notice = Callable[[str], None]
"""Takes one line; may be called from any thread."""


def log_notice(text: str) -> None:
    """Write a notice to Python's logging, which prints warnings on stderr unless told otherwise."""
    logging.getLogger("dagbuild.store").warning(text)
