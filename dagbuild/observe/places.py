"""Which files and variables say something about a value, and how an observation names them.

Below the project's root a file is named from there; below the user's home as "~/..."; elsewhere by its whole path, and
then the record holds only on machines where that path has the same content. Knows nothing of nodes or records.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

from dagbuild.ground.digest import Digest, digest_json
from dagbuild.ground.environment import Variables
from dagbuild.ground.matching import is_pattern, match

ABSENT = Digest("absent")
"""Stands where something was looked for and was not there: a file, a folder, a variable."""

_SYSTEM = ("/proc/", "/dev/", "/sys/", "/etc/", "/run/", "/usr/share/", "/usr/lib/", "/System/", "/Library/")
_SITE = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_CACHES = ("~/.cache/", "~/Library/Caches/")
_PACKAGE = str(Path(__file__).parent.parent) + os.sep


@cache
def _software() -> tuple[str, ...]:
    """Return the folders of programs and libraries, whose versions count elsewhere."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found = [
        *(sysconfig.get_path(name) for name in names),
        *site.getsitepackages(),
        site.getusersitepackages(),
    ]
    folders = {form + os.sep for path in found for form in (path, os.path.realpath(path))}
    folders |= {os.path.join(prefix, "lib") + os.sep for prefix in (sys.prefix, sys.base_prefix)}  # noqa: PTH118
    return (*sorted(folders), _PACKAGE)


def is_project_code(filename: str) -> bool:
    """Tell whether code with this file name is neither the standard library's, a package's nor dagbuild's."""
    known = _code.get(filename)
    if known is None:
        known = _code[filename] = _is_project_code(filename)
    return known


def is_own_code(filename: str) -> bool:
    """Tell whether code with this file name is dagbuild's."""
    return filename.startswith(_PACKAGE)


_code: dict[str, bool] = {}


def _is_project_code(filename: str) -> bool:
    if filename.startswith("<"):
        return filename.startswith(("<ipython", "<stdin"))
    return not filename.startswith(_software()) and not any(part in filename for part in _SITE)


class PathNames:
    """Names files as the observations of one project do; `ignored` are folders that never say anything.

    `outputs` are names of what nodes leave in the project: no listing shows them, since they come and go. `variables`
    says what may be kept of those.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        ignored: Iterable[str | os.PathLike[str]] = (),
        outputs: Iterable[str] = (),
        variables: Variables | None = None,
    ) -> None:
        self.root = os.path.abspath(root)  # noqa: PTH100 - paths are text here, there are many of them
        self._below = self.root.rstrip(os.sep) + os.sep
        home = os.path.expanduser("~")  # noqa: PTH111
        self._home = home.rstrip(os.sep) + os.sep
        caches = (os.path.expanduser(path) for path in _CACHES)  # noqa: PTH111
        skipped = (os.path.abspath(folder) + os.sep for folder in ignored)  # noqa: PTH100
        self._ignored: tuple[str, ...] = tuple(skipped)
        self._outside = (*_software(), *_SYSTEM, *caches, *self._ignored)

        self.variables = variables or Variables()
        self._outputs = tuple(outputs)
        self._hidden = (*self._ignored, *(os.path.join(self.root, name) + os.sep for name in self._outputs))  # noqa: PTH118

    def __reduce__(self) -> tuple[type[PathNames], tuple[str, tuple[str, ...], tuple[str, ...], Variables]]:
        return (PathNames, (self.root, self._ignored, self._outputs, self.variables))

    def move(self, root: str) -> PathNames:
        """Return the names for the project where its folder is another one."""
        return PathNames(root, self._ignored, self._outputs, self.variables)

    def absolute(self, path: str) -> str:
        """Return a path that does not depend on the working directory."""
        if not os.path.isabs(path):  # noqa: PTH117
            path = os.path.join(os.getcwd(), path)  # noqa: PTH109, PTH118
        return os.path.normpath(_go_up(path) if ".." in path else path)

    def is_inside(self, path: str) -> bool:
        """Tell whether an absolute path is the project's folder, or in it."""
        return path == self.root or path.startswith(self._below)

    def counts(self, path: str) -> bool:
        """Tell whether an absolute path is data, not software, the system's or the cache's."""
        if path.startswith(self._outside) or path.endswith((".pyc", ".pyo")):
            # A project may itself lie in such a folder; what is below it counts unless it is ignored.
            return path.startswith(self._below) and not path.startswith(self._ignored) and _is_data(path)
        return _is_data(path)

    def name(self, path: str) -> str:
        """Return the name that observations give to an absolute path."""
        if path == self.root:
            return "."
        if path.startswith(self._below):
            return path[len(self._below) :].replace(os.sep, "/")
        if path.startswith(self._home):
            return "~/" + path[len(self._home) :].replace(os.sep, "/")
        return path.replace(os.sep, "/")

    def path(self, name: str) -> str:
        """Return the absolute path of a name."""
        if name.startswith("~/"):
            return self._home + name[2:]
        return os.path.normpath(os.path.join(self.root, name))  # noqa: PTH118

    def listing_name(self, path: str) -> str:
        """Return the name of a folder's or pattern's listing; a folder's ends with a slash."""
        return self.name(path) if is_pattern(path) else self.name(path) + "/"

    def digest_variable(self, name: str, environ: Mapping[str, str]) -> str:
        """Return what an observation knows of a variable, or of what a name for all of them stands for."""
        hidden = self.variables.hide(name, environ)
        return ABSENT if hidden is None else f"blake2b-{hidden}"

    def digest_listing(self, name: str) -> Digest:
        """Return the digest of the names that a folder holds or a pattern matches, ABSENT without the folder."""
        if not name.endswith("/"):
            found = match(self.path(name))
            return digest_json(sorted(self.name(path) for path in found if self.is_listed(path)))
        folder = self.path(name)
        try:
            names = os.listdir(folder)  # noqa: PTH208
        except OSError:
            return ABSENT
        return digest_json(sorted(n for n in names if self.is_listed(os.path.join(folder, n))))  # noqa: PTH118

    def is_listed(self, path: str) -> bool:
        """Tell whether a path is one of the names that a listing of its folder consists of."""
        return "__pycache__" not in path and not (path + os.sep).startswith(self._hidden)


def _go_up(path: str) -> str:
    """Return a path without "..", as the system goes: up from where a link leads, not from where it lies."""
    gone = os.sep
    for part in path.split(os.sep):  # noqa: PTH206
        if part == "..":
            gone = os.path.dirname(os.path.realpath(gone) if os.path.islink(gone) else gone)  # noqa: PTH114, PTH120
        else:
            gone = os.path.join(gone, part)  # noqa: PTH118
    return gone


_METADATA = (f".egg-info{os.sep}", f".dist-info{os.sep}")
"""Ends of folders in which packages say of themselves what they are; a library may look through all of them."""


def _is_data(path: str) -> bool:
    return not any(part in path for part in (*_SITE, *_METADATA)) and not path.endswith((".pyc", ".pyo"))


class Digester(Protocol):
    """Digests files by content, through a memo; raises OSError for what cannot be read."""

    def digest_file(self, path: str) -> Digest:
        """Return the digest of a file's bytes."""

    def digest_each(self, paths: Iterable[str]) -> dict[str, Digest]:
        """Return the digest of each file's bytes, by path."""


def digest_paths(digester: Digester, paths: Iterable[str]) -> dict[str, Digest]:
    """Return the digests of those files that can be read, in one question where all can."""
    paths = list(paths)
    try:
        return digester.digest_each(paths)
    except OSError:
        found: dict[str, Digest] = {}
        for path in paths:
            try:
                found[path] = digester.digest_file(path)
            except OSError:
                continue
        return found


def find_project_line(depth: int = 1) -> str:
    """Return "file:line" of the innermost frame of the project's code, or nothing."""
    frame = sys._getframe(depth)
    while frame is not None:
        if is_project_code(frame.f_code.co_filename):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""
