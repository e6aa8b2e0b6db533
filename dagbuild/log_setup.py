"""Hamilton's address of what sets up logging."""

from __future__ import annotations

import logging

LOG_LEVELS = {
    name: getattr(logging, name) for name in ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "NOTSET")
}


def setup_logging(log_level: int | str = logging.INFO) -> None:
    """Have lines of this level and above written to standard error, with their time; a level may be named."""
    level = LOG_LEVELS[log_level] if isinstance(log_level, str) else log_level
    logging.basicConfig(format="[%(levelname)s] %(asctime)s %(name)s(%(lineno)s): %(message)s")
    logging.getLogger().setLevel(level)


__all__ = [
    "LOG_LEVELS",
    "setup_logging",
]
