"""The declared files of a step on another machine: in the copy of the project's folder that has come with the code.

Or at their own paths, where all machines have these. Knows one step, two folders and digests; nothing of clusters.
Guards: no step reads a file there of other content than the driver's, or only some of the files that it is to read.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dagbuild.artifacts import Artifacts
from dagbuild.executors.base import Work
from dagbuild.ground.digest import Digest
from dagbuild.store import FileDigests
from dagbuild.store.declared import DeclaredFiles


class OtherFilesError(Exception):
    """This machine has not the files that a step takes."""


@dataclass(frozen=True)
class Copy:
    """The driver's folder `there` of the project, as it lies `here`."""

    there: str
    here: str
    files: FileDigests

    def bring(self, work: Work, artifacts: Artifacts) -> Work:
        """Return the step with the paths that its files have on this machine; raises OtherFilesError."""
        local = [each for each in work.declared if not all("://" in name for name in each[0].names)]
        if not local:
            return work
        moved = [(self._move(declared), digest) for declared, digest in local]
        if self._holds_all(moved):
            held = {name: self._move_value(artifacts.load(work.values[name])) for name in work.files}
            rest = [each for each in work.declared if each not in local]
            return replace(work, declared=(*moved, *rest), held={**work.held, **held})
        if self._holds_all(local):
            return work
        raise OtherFilesError(self._tell(work.name, moved))

    def _move(self, declared: DeclaredFiles) -> DeclaredFiles:
        if declared.root != self.there:
            return declared
        return replace(declared, root=self.here, without=tuple(map(self._move_path, declared.without)))

    def _move_path(self, path: str) -> str:
        inside = Path(path).is_relative_to(self.there)
        return str(Path(self.here) / Path(path).relative_to(self.there)) if inside else path

    def _move_value(self, value: Any) -> Any:
        """Return a path, or paths, as they are here; a URL is one everywhere."""
        return self._move_path(value) if isinstance(value, str) else [self._move_path(path) for path in value]

    def _holds_all(self, each: Sequence[tuple[DeclaredFiles, Digest]]) -> bool:
        return all(self._holds(declared, digest) for declared, digest in each)

    def _holds(self, declared: DeclaredFiles, digest: Digest) -> bool:
        try:
            return declared.digest(self.files) == digest
        except OSError:
            return False

    def _tell(self, name: str, moved: Sequence[tuple[DeclaredFiles, Digest]]) -> str:
        lacking = [path for each, digest in moved if not self._holds(each, digest) for path in each.names]
        return (
            f"{platform.node()} has not what '{name}' takes as it is where the build runs: {', '.join(lacking)}\n"
            "  try: let it come with the project's folder (what .gitignore or .rayignore names does not), "
            "or lie in a folder or at a URL that all machines reach"
        )
