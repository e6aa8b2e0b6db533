"""Code of the project that ran outside a node's closure: its names and digests.

A function found only at run time (in a registry, by getattr) is observed by the name under which its module has it;
what has no such name, by its file.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Collection, Iterable
from typing import Any

from dagbuild.code import SourceReader
from dagbuild.ground.digest import Digest
from dagbuild.model.record import Observation
from dagbuild.observe.collect import Ran
from dagbuild.observe.places import Digester, Places


class ExtraCode:
    """Observes what ran, and tells its digests at the next look-up."""

    def __init__(self, reader: SourceReader, places: Places, files: Digester) -> None:
        self._reader = reader
        self._places = places
        self._files = files

    def observe(self, ran: Iterable[Ran], covered: Collection[str]) -> tuple[Observation, ...]:
        """Return what ran and is not covered; `covered` are the dotted names of a closure's leaves."""
        modules = {_module_of(name) for name in covered} | set(covered)
        found: dict[tuple[str, str], Observation] = {}
        for each in ran:
            if (each.qualname == "<module>" and each.module in modules) or _is_covered(each, covered):
                continue
            seen = self._observe(each)
            if seen is not None:
                found[seen.kind, seen.name] = seen
        return tuple(sorted(found.values(), key=lambda seen: (seen.kind, seen.name)))

    def _observe(self, ran: Ran) -> Observation | None:
        name = f"{ran.module}:{ran.qualname.partition('.')[0].removeprefix('<module>')}"
        if digest := self.digest(name):
            return Observation("code", name, digest)
        with contextlib.suppress(OSError):
            return Observation("file", ran.file, self._files.digest_file(self._places.path(ran.file)))
        return None

    def digest(self, name: str) -> Digest | None:
        """Return the digest of what `module:name` means today, or `module:` as a whole; None when it is not there."""
        module_name, _, attribute = name.partition(":")
        if not module_name or attribute.startswith("<"):
            return None
        module = sys.modules.get(module_name)
        if module is None:
            try:
                module = importlib.import_module(module_name)
            except Exception:  # whatever it raises, the node would meet it too
                return None
        thing: Any = vars(module).get(attribute) if attribute else module
        return None if thing is None else self._reader.closure([thing]).digest


def _is_covered(ran: Ran, covered: Collection[str]) -> bool:
    """Tell whether the function, or the class or function that it is in, is one of the names."""
    parts = ran.qualname.split(".")
    return ran.module in covered or any(
        f"{ran.module}.{'.'.join(parts[:end])}" in covered for end in range(1, len(parts) + 1)
    )


def _module_of(name: str) -> str:
    """Return the imported module that a dotted name is in."""
    while name and name not in sys.modules:
        name = name.rpartition(".")[0]
    return name
