"""Files that a project declares as inputs: which ones a name, a folder or a glob stands for, and what they all are.

Knows nothing of nodes and settings. Asked before a step runs, for its key, and after it, for its record.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

from dagbuild.ground.digest import Digest, digest_json
from dagbuild.store.file_digests import FileDigests


@dataclass(frozen=True, slots=True)
class DeclaredFiles:
    """What one declaration names: `names` are full paths, globs or URLs; `single` where it can only be one file.

    What lies at or below the paths `without` is none of it, and may be all that there is: nodes write it.
    """

    names: tuple[str, ...]
    single: bool
    without: tuple[str, ...] = ()

    def find(self) -> list[str]:
        """Return the files that it stands for now; raises FileNotFoundError for a name that matches none."""
        if self.single:
            return list(self.names)
        return [path for name in self.names for path in self._find(name)]

    def digest(self, files: FileDigests) -> Digest:
        """Return the digest of all of them: of one its bytes, of several their names, too. Raises OSError."""
        if self.single:
            return files.digest_file(self.names[0])
        return digest_json([self._digest_below(files, name) for name in self.names])

    def _find(self, name: str) -> list[str]:
        try:
            found = find_files(name)
        except FileNotFoundError:
            if not self.without:
                raise
            return []
        return [path for path in found if not any(map(Path(path).is_relative_to, self.without))]

    def _digest_below(self, files: FileDigests, name: str) -> Digest:
        base = fixed_folder(name)
        return files.digest_files(base, [str(Path(path).relative_to(base)) for path in self._find(name)])


def fixed_folder(name: str) -> Path:
    """Return the folder that a glob, folder or file name stands in: what comes before the first wildcard."""
    path = Path(name)
    if path.is_dir():
        return path
    fixed = itertools.takewhile(lambda part: not any(c in part for c in "*?["), path.parent.parts)
    return Path(*fixed)


def find_files(name: str) -> list[str]:
    """Return the files that a folder's name, a glob or a file's name stands for, sorted; raises FileNotFoundError."""
    path = Path(name)
    if path.is_file():
        return [name]
    base = fixed_folder(name)
    found = path.rglob("*") if path.is_dir() else base.glob(str(path.relative_to(base)))
    files = sorted(str(each) for each in found if each.is_file())
    if not files:
        raise FileNotFoundError(f"no file matches '{name}'")
    return files
