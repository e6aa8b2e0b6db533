"""What comes of watching a call: plain data, and how code that ran is told by its names.

Knows nothing of who watches, or how. Guards: what is told of code holds in another process, too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import CodeType

from dagbuild.model.record import Note, Observation
from dagbuild.observe.places import PathNames, is_project_code


@dataclass(frozen=True, slots=True)
class Ran:
    """A function of the project that was executed; `line` is its first, with decorators.

    `module` is empty when the function belongs to none that is imported under a name; without `qualname` all of the
    module may have been used.
    """

    module: str
    qualname: str
    file: str
    line: int


@dataclass(frozen=True)
class Seen:
    """What a run was seen to read; `unstable` names files that somebody changed meanwhile.

    `written` are the whole paths of files that the run itself was about to change.
    `taken` is what others had read before, in this process, for memory that the run reaches.
    `absent` are the whole paths, with their names, of files that were not there when the run first asked for them.
    """

    observations: tuple[Observation, ...] = ()
    taken: tuple[Observation, ...] = ()
    notes: tuple[Note, ...] = ()
    unstable: tuple[str, ...] = ()
    ran: tuple[Ran, ...] = ()
    written: frozenset[str] = frozenset()
    absent: Mapping[str, str] = field(default_factory=dict)

    def without(self, made: Sequence[str]) -> Seen:
        """Return it without what the run has made itself: these files, and all that is in these folders."""
        own = {name for path, name in self.absent.items() if any(_is_below(path, each) for each in made)}
        if not own:
            return self
        return replace(
            self,
            observations=tuple(o for o in self.observations if o.kind != "file" or o.name not in own),
            unstable=tuple(name for name in self.unstable if name not in own),
        )


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(place + os.sep)


def tell_codes(codes: Iterable[CodeType], places: PathNames) -> Iterator[Ran]:
    """Yield the functions of the project that were executed."""
    for code in codes:
        module = _find_module(code.co_filename)
        yield Ran(module, code.co_qualname, places.name(code.co_filename), code.co_firstlineno)


def tell_modules(names: Iterable[str], places: PathNames) -> Iterator[Ran]:
    """Yield the modules of the project that were looked up and are there."""
    for name in names:
        file = getattr(sys.modules.get(name), "__file__", None)
        if isinstance(file, str) and is_project_code(file):
            yield Ran(name, "", places.name(file), 1)


_modules: dict[str, str] = {}


def _find_module(file: str) -> str:
    """Return the name of the module that was imported from a file, or nothing."""
    if file not in _modules:
        for name, module in list(sys.modules.items()):
            if isinstance(path := getattr(module, "__file__", None), str):
                _modules[path] = name
    return _modules.get(file, "")
