"""What a run has done that its node may not, and what it has left behind that its value does not say.

Knows no store. Guards: what the settings forbid fails the node, in words and with what to do.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from dagbuild.model.node import Node
from dagbuild.model.record import Note
from dagbuild.observe.seen import Seen
from dagbuild.observe.watch import Watch
from dagbuild.observe.wording import name_note, tell_forbidden


def find_forbidden(watch: Watch, seen: Seen, node: Node) -> tuple[str, str] | None:
    """Return the kind and the words of the failure of a node that has done what the settings forbid; None if it may."""
    if watch.undeclared == "error" and (told := tell_forbidden(seen.observations)):
        return "UndeclaredRead", f"it {told[0]}\n  try: {told[1]}"
    untracked = [note for note in seen.notes if not note.tracked]
    if watch.unseen == "error" and untracked and not (node.cache.always or node.saves):
        note = untracked[0]
        remedy = note.remedy or 'take it as an input, or write @cache("always") above the function'
        return "Unseen", f"it {name_note(note)}, which nobody can follow\n  try: {remedy}"
    return None


def find_left(value: Any, seen: Seen, declared: Collection[str]) -> list[Note]:
    """Return a note where nothing but files came of a run, and none is declared: nobody puts them back."""
    if value is not None or declared:
        return []
    left = sorted(os.path.relpath(path) for path in seen.written if Path(path).is_file())
    if not left:
        return []
    more = f" and {len(left) - 1} more" if left[1:] else ""
    remedy = f'@writes("{left[0]}") puts it back, or @cache("always") runs the node in each build'
    return [Note("left", f"gives nothing but a file: {left[0]}{more}", "", remedy)]
