"""Who is at work here, as records and leases say it."""

from __future__ import annotations

import getpass
import os
from functools import cache


@cache
def author() -> str:
    """Return the user's name, or the number where the system has no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no such user in this container
        return str(os.getuid()) if hasattr(os, "getuid") else ""
