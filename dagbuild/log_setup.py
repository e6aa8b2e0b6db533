"""Hamilton's address of what sets up logging."""

from __future__ import annotations

import logging
import sys

LOG_LEVELS = {name: getattr(logging, name) for name in ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")}


def setup_logging(log_level: int | str = logging.INFO) -> None:
    """Have lines of this level and above written to standard output, with their time; a level may be named.

    Changes nothing where logging is set up already.
    """
    logging.basicConfig(
        stream=sys.stdout,
        level=LOG_LEVELS[log_level] if isinstance(log_level, str) else log_level,
        format="[%(levelname)s] %(asctime)s %(name)s(%(lineno)s): %(message)s",
    )


__all__ = [
    "LOG_LEVELS",
    "setup_logging",
]
