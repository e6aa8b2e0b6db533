"""What tools leave in folders of data beside the data: no part of what such a folder is.

A file manager that looked into it, an editor that is open, a notebook: none of them changes an input. The rule is the
shell's, whose `*` does not mean hidden names either; a few tools leave visible ones. Who names such a file means it.
"""

from __future__ import annotations

from collections.abc import Iterable

_VISIBLE = frozenset({"__pycache__", "Thumbs.db", "desktop.ini"})


def is_litter(name: str) -> bool:
    """Tell whether the name of a file or folder is hidden, or one that tools leave."""
    hidden = name.startswith(".") and name not in (".", "..")
    return hidden or name.endswith("~") or name in _VISIBLE


def has_litter(parts: Iterable[str]) -> bool:
    """Tell whether a path, by its parts below a folder, is or lies in what tools leave."""
    return any(map(is_litter, parts))
