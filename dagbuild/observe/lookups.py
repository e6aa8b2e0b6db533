"""See which modules of the project are looked up by names that are made at run time: `importlib.import_module`.

Which one it will be the code does not say, and one that is imported already leaves no other trace. What was looked up
counts as a whole, since what is asked of it afterwards is not seen. Knows nothing of how a call is looked at.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from importlib.util import resolve_name
from typing import Any

from dagbuild.observe import active
from dagbuild.observe.ahead import look_ahead


def watch_lookups() -> None:
    """Report modules that are asked for by name from here on."""
    look_ahead(importlib, "import_module", _look_up)


def _look_up(args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    if read_logs := active.find_read_logs():
        given = {**dict(zip(("name", "package"), args, strict=False)), **kwargs}
        full = resolve_name(given["name"], given.get("package"))
        for read_log in read_logs:
            read_log.look_up_module(full)
