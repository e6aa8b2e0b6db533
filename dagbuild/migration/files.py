"""The files to migrate: found, read and written.

Guards: a file is whole, as it was or as it is to be; its mode stays, and a link stays one.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from dagbuild.ground import atomic
from dagbuild.ground.errors import InputError, Problem
from dagbuild.ground.litter import CACHE_MARK, is_litter

MODULE, NOTEBOOK = ".py", ".ipynb"

_OTHERS = ("pyvenv.cfg", CACHE_MARK)
"""Files by which a folder says that what lies in it is no code of the project."""


def find_files(paths: Iterable[str]) -> list[Path]:
    """Return the modules and notebooks that paths name or have below them; raises InputError for all other paths."""
    found: dict[Path, None] = {}
    problems = []
    for text in paths:
        path = Path(text)
        if path.is_dir():
            found |= dict.fromkeys(_walk(path))
        elif not path.exists():
            problems.append(Problem(f"there is no '{text}'"))
        elif path.suffix in (MODULE, NOTEBOOK):
            found[path] = None
        else:
            problems.append(Problem(f"'{text}' is neither a .py file nor a notebook (.ipynb)"))
    if problems:
        raise InputError.of(problems)
    once: dict[Path, Path] = {}
    for path in found:
        once.setdefault(path.resolve(), path)
    return list(once.values())


def _walk(folder: Path) -> Iterator[Path]:
    for above, folders, names in os.walk(folder):
        if Path(above) != folder and any(name in names for name in _OTHERS):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not is_litter(name))
        for name in sorted(names):
            path = Path(above, name)
            # What a link leads to lies elsewhere: it is rewritten where it is named.
            if path.suffix in (MODULE, NOTEBOOK) and not is_litter(name) and not path.is_symlink():
                yield path


def read_file(path: Path) -> bytes:
    """Return what a file holds; raises InputError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"'{path}' cannot be read: {error.strerror}") from error


def write_file(path: Path, data: bytes) -> None:
    """Give a file another content, and leave its mode; raises InputError, and then it is as it was."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if not os.access(path, os.W_OK):  # renaming would not ask
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        atomic.write(str(path.resolve()), data, mode=mode)
    except OSError as error:
        raise InputError(f"'{path}' cannot be written: {error.strerror}") from error
