"""The project's code as runs and values refer to it: what ran outside a node's closure, what a value's classes mean.

A function found only at run time (in a registry, by getattr) is observed by the name under which its module has it;
what has no such name, by its file. Asked wherever a step runs, and again at look-up: in the same words, so that what
one has noted the other finds to hold.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagbuild.ground.digest import Digest
from dagbuild.model.record import CODE, Artifact, Manifest, Observation, Record
from dagbuild.observe.places import ABSENT, Digester, PathNames
from dagbuild.observe.recheck import find_changed
from dagbuild.observe.seen import Ran
from dagbuild.observe.seen_folders import note_folders_of
from dagbuild.observe.wording import tell_changed

if TYPE_CHECKING:
    from dagbuild.code.closure import SourceReader


class ProjectCode:
    """Tells what code that was found at run time is; `open_reader` is asked only where there is any.

    Unless steps are watched here (`observing`), what was made by others that nobody watched will do.
    """

    def __init__(
        self, open_reader: Callable[[], SourceReader], places: PathNames, files: Digester, *, observing: bool
    ) -> None:
        self._open_reader = open_reader
        self._places = places
        self._files = files
        self._observing = observing

    def open_reader(self) -> SourceReader:
        """Return what reads the meaning of code, as it is at this build's beginning."""
        return self._open_reader()

    def find_seeded(self) -> frozenset[str]:
        """Return the shared generators of random numbers, by module, that importing the project seeds."""
        return self._open_reader().find_seeded()

    # -- what ran ------------------------------------------------------------------------------------------------

    def observe(
        self, ran: Sequence[Ran], manifests: Iterable[Manifest], ignored: Sequence[Any] = ()
    ) -> tuple[Observation, ...]:
        """Return what ran and is not in the closures that the manifests tell of, nor does only for what is ignored."""
        if not ran:
            return ()
        covered = frozenset(name for manifest in manifests for name in manifest.code_names)
        if ignored:
            leaves = self._open_reader().closure(ignored).leaves
            covered |= {leaf.name for leaf in leaves if leaf.kind in CODE}
        found: dict[tuple[str, str], Observation] = {}
        for each in find_outside(ran, covered):
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
        return None if thing is None else self._open_reader().closure([thing]).digest

    # -- what values carry ---------------------------------------------------------------------------------------

    def carry(self, artifact: Artifact) -> Artifact:
        """Return the artifact with what the project's classes and functions that it refers to mean today."""
        carried = self._open_reader().carried(artifact.names) if artifact.names else None
        return replace(artifact, carried=carried or "") if (carried or "") != artifact.carried else artifact

    # -- whether a record still holds ------------------------------------------------------------------------------

    def find_changed(self, record: Record, accepted: str = "") -> Iterator[Observation]:
        """Yield what the record's run was seen to read, and what its value carries, and is no longer so.

        What it carries may be as it is `accepted`, too.
        """
        artifact = record.artifact
        if artifact.carried and self.carry(artifact).carried not in {artifact.carried, accepted}:
            yield Observation("code", ", ".join(artifact.names), artifact.carried)
        note_folders_of(record.observations, self._places)
        yield from find_changed(
            record.observations,
            self._places,
            os.environ,
            self._files,
            self.digest,
            observing=self._observing,
        )

    def tell_change(self, seen: Observation) -> str:
        """Say what became of something that a run was seen to read and that is no longer so."""
        if seen.kind == "saved" and seen.name and not Path(self._places.path(seen.name)).exists():
            return f"what it saved is gone: {seen.name}"
        if seen.kind == "file":
            is_there = Path(self._places.path(seen.name)).exists()
            if not is_there or seen.digest == ABSENT:
                return f"{seen.name} {'was added' if is_there else 'is gone'}"
        return tell_changed(seen)

    def holds(self, record: Record) -> bool:
        """Tell whether nothing has changed of what the record's run was seen to read, and of what its value carries."""
        return next(self.find_changed(record), None) is None


def find_outside(ran: Iterable[Ran], covered: Collection[str]) -> list[Ran]:
    """Return what ran and is not in a closure that consists of these names."""
    modules = {_module_of(name) for name in covered} | set(covered)
    return [
        each
        for each in ran
        if not (each.qualname == "<module>" and each.module in modules) and not _is_covered(each, covered)
    ]


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
