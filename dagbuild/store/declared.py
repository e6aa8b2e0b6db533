"""Files that a project declares as inputs: which ones a name, a folder or a glob stands for, and what they all are.

What a name stands for says `ground/matching`. Knows nothing of nodes and settings.
Asked before a step runs, for its key, and after it, for its record.
"""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from pathlib import Path

from dagbuild.ground.digest import Digest, digest_json
from dagbuild.ground.matching import find_files, fixed_folder
from dagbuild.ground.read_once import refuse_read_once
from dagbuild.model.outliner import outline_files
from dagbuild.store.file_digests import FileDigests


@dataclass(frozen=True, slots=True)
class DeclaredFiles:
    """What one declaration names: `names` are paths from the folder `root`, globs or URLs, as people write them.

    `single` where it can only be one file. What lies at or below the paths `without` is none of it, and may be all that
    there is: nodes write it. Nor is what tools leave in folders, unless a name itself means it.
    """

    root: str
    names: tuple[str, ...]
    single: bool
    without: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """The names as whole paths."""
        return tuple(name if "://" in name else os.path.join(self.root, name) for name in self.names)  # noqa: PTH118

    def find(self) -> list[str]:
        """Return the files that it stands for now; raises FileNotFoundError for a name that matches none."""
        if self.single:
            return list(self.paths)
        return [path for found in self._find_each() for path in found]

    def digest(self, files: FileDigests) -> Digest:
        """Return the digest of all of them: of one its bytes, of several their names, too. Raises OSError."""
        return self.look(files)[0]

    def look(self, files: FileDigests) -> tuple[Digest, str]:
        """Return the digest, and of several files the outline that tells them apart. Raises OSError."""
        for path in self.paths:
            if "://" not in path:
                refuse_read_once(path)
        if self.single:
            return files.digest_file(self.paths[0]), ""
        marks: dict[str, str] = {}
        digests: list[Digest] = []
        for base, paths in zip(map(fixed_folder, self.paths), self._find_each(), strict=True):
            listing = files.list_files(base, [str(Path(path).relative_to(base)) for path in paths])
            digests.append(digest_json(listing))
            # From the project's folder, as people write them; what lies elsewhere is named from its own.
            inside = base.relative_to(self.root).as_posix() if base.is_relative_to(self.root) else "."
            marks.update((posixpath.normpath(posixpath.join(inside, name)), mark) for name, mark in listing)
        return digest_json(digests), outline_files(marks)

    def _find_each(self) -> list[list[str]]:
        each = []
        for name, path in zip(self.names, self.paths, strict=True):
            found = find_files(path)
            if not found and not self.without:
                raise FileNotFoundError(f"no file matches '{name}'")
            each.append([path for path in found if not any(map(Path(path).is_relative_to, self.without))])
        return each
