"""What an import of the project stood on: files, the names in folders, variables, what is installed.

Files are named from the project's folder, so that a copy of the project has the same basis. Guards: a file
counts as unchanged by its times only where they are old enough to tell; else its bytes are read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dagbuild.ground.stamps import take_settled, to_text
from dagbuild.model.record import Observation
from dagbuild.observe.places import PathNames
from dagbuild.observe.recheck import find_changed
from dagbuild.shortcut.answers import importable_names, look, machine
from dagbuild.store import FileDigests
from dagbuild.version import __version__


@dataclass(frozen=True)
class Basis:
    """Everything that must be as it was.

    `files` maps names to stamp and digest; a young file has no stamp that could be trusted. `folders` maps names to
    what can be imported from there, `installed` folders of distributions to their stamp. `seen` is what the import was
    seen to read. `place` is where all this was, if the import looked at that.
    """

    files: Mapping[str, tuple[str, str]]
    folders: Mapping[str, list[str]]
    installed: Mapping[str, str]
    seen: tuple[Observation, ...] = ()
    place: tuple[str, ...] = ()
    python: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the plain form."""
        return {
            "files": {name: list(known) for name, known in self.files.items()},
            "folders": dict(self.folders),
            "installed": dict(self.installed),
            "seen": [[o.kind, o.name, o.digest] for o in self.seen],
            "place": list(self.place),
            "python": self.python,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Basis:
        """Return the basis of its plain form."""
        return cls(
            {name: (known[0], known[1]) for name, known in data["files"].items()},
            data["folders"],
            data["installed"],
            tuple(Observation(*item) for item in data["seen"]),
            tuple(data["place"]),
            data["python"],
        )

    def without_stamps(self) -> Basis:
        """Return what two bases have in common when only the files' times differ."""
        return replace(self, files={name: ("", digest) for name, (_, digest) in self.files.items()})

    def check(self, places: PathNames, files: FileDigests) -> Basis | None:
        """Return the basis with the stamps of now when all is as it was, else None."""
        if self.python != _python() or (self.place and self.place != _place(places)):
            return None
        if any(look("stat", name) != known for name, known in self.installed.items()):
            return None
        if any(find_names(places, places.path(name)) != names for name, names in self.folders.items()):
            return None
        checked: dict[str, tuple[str, str]] = {}
        for name, (known, digest) in self.files.items():
            found = _stamp(places.path(name))
            if not found or found != known:
                try:
                    if files.digest_file(places.path(name)) != digest:
                        return None
                except OSError:
                    return None
            checked[name] = (found, digest)
        if (
            next(find_changed(self.seen, places, os.environ, files, lambda _: None, observing=True), None)
            is not None
        ):
            return None
        return replace(self, files=checked)


def find_basis(
    places: PathNames,
    files: FileDigests,
    paths: Iterable[str],
    folders: Iterable[str],
    seen: tuple[Observation, ...] = (),
    *,
    placed: bool = False,
) -> Basis:
    """Return the basis of an import of the files at `paths`, from `folders`; raises OSError."""
    ours = {places.name(folder): find_names(places, folder) for folder in folders}
    installed: dict[str, str] = {}
    for folder in sys.path:
        if not Path(folder or ".").is_dir() or places.name(places.absolute(folder)) in ours:
            continue
        if is_installed(folder):
            installed[folder] = look("stat", folder)
        else:
            full = places.absolute(folder)
            ours[places.name(full)] = find_names(places, full)
    known: dict[str, tuple[str, str]] = {}
    for path in sorted(set(paths)):
        before = _stamp(path)
        known[places.name(path)] = (before, files.digest_file(path))
    return Basis(known, ours, installed, seen, _place(places) if placed else (), _python())


def find_names(places: PathNames, folder: str) -> list[str]:
    """Return the names in a folder that can take part in imports, without what is the cache's."""
    return [name for name in importable_names(folder) if places.is_listed(os.path.join(folder, name))]  # noqa: PTH118


def is_installed(folder: str) -> bool:
    """Tell whether a folder holds libraries: what changes there are distributions, not modules of the project."""
    below = tuple({os.path.realpath(prefix) + os.sep for prefix in (sys.prefix, sys.base_prefix)})
    return (
        "site-packages" in folder
        or "dist-packages" in folder
        or os.path.realpath(folder).startswith(below)
        or folder.startswith((sys.prefix + os.sep, sys.base_prefix + os.sep))
    )


def _stamp(path: str) -> str:
    """Return a file's stamp, or nothing when it is too young for its times to show the next change."""
    found, settled = take_settled(path)
    return to_text(found) if settled else ""


def _place(places: PathNames) -> tuple[str, ...]:
    return (places.root, os.getcwd())  # noqa: PTH109


def _python() -> str:
    return ascii((__version__, machine(), sys.version, sys.flags.optimize, sys.prefix))
