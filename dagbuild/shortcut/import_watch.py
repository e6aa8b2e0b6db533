"""Watch an import of the project: what it reads, which files it is made of, and what nobody could see.

Files opened and variables read are observed as those of a running node are. The clock, the user, what exists on the
disk leave no trace: an import that asks for them is told by the names in its code, a few of them too many.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, TypeVar

from dagbuild.code.origin import Origins
from dagbuild.ground.bytecode import iter_loads
from dagbuild.model.record import Observation
from dagbuild.observe import active
from dagbuild.observe.observer import install
from dagbuild.observe.owners import owners
from dagbuild.observe.places import PathNames, is_project_code
from dagbuild.observe.read_log import ReadLog
from dagbuild.observe.stacks import door
from dagbuild.observe.world import last_names
from dagbuild.shortcut.basis import is_installed
from dagbuild.store import FileDigests

T = TypeVar("T")


@dataclass(frozen=True)
class Imported:
    """What an import was seen to do. `whole` is False when it was not seen from its beginning or not to its end."""

    paths: tuple[str, ...]
    folders: tuple[str, ...]
    seen: tuple[Observation, ...]
    whole: bool
    origins: Origins


class ImportObserver:
    """Watches what imports the project: the import itself, and whatever looks into the code afterwards."""

    def __init__(self, places: PathNames, files: FileDigests) -> None:
        install()
        self._places = places
        self._before = dict(sys.modules)
        self._read_log = _ImportReadLog(places, files)

    @door
    def call(self, function: Callable[[], T]) -> T:
        """Return what the function returns, and see what it imports and reads."""
        from dagbuild.observe.catch import watching  # only where something is imported

        with watching(self._read_log, self._places):
            return function()

    def finish(self, modules: Sequence[ModuleType]) -> Imported:
        """Return what was seen; `modules` are those that the project names."""
        with active.quiet():
            seen = self._read_log.finish()
        origins = Origins(modules)
        ours = {name: module for name, module in sys.modules.items() if _is_ours(name, module, origins)}
        owners.keep_imported(ours.values(), dict(self._read_log.list_reads()))
        early = any(
            sys.modules.get(name) is module
            and _is_ours(name, module, origins)
            # What virtualenv puts there is nobody's; what has no file (Cython's run time) no file's edit can change.
            and isinstance(path := vars(module).get("__file__"), str)
            and not is_installed(path)
            for name, module in self._before.items()
        )
        # Not getattr: a module may have a __getattr__ of its own.
        files = [path for module in ours.values() if isinstance(path := vars(module).get("__file__"), str)]
        inside = (str(path) for module in ours.values() for path in _search_path(module))
        folders = {str(Path(path).parent) for path in files} | set(inside)
        folders = {folder for folder in folders if not is_installed(folder)} | {self._places.root}
        told = not any(note.kind in {"process", "network"} for note in seen.notes)
        whole = told and not early and not seen.unstable and len(files) >= len(modules)
        return Imported(tuple(files), tuple(sorted(folders)), seen.observations, whole, origins)


def _search_path(module: ModuleType) -> Iterable[Any]:
    path = vars(module).get("__path__", ())
    return path if isinstance(path, Iterable) else ()


class _ImportReadLog(ReadLog):
    """Leaves out the folders that dagbuild itself lists to find modules.

    Who goes through all variables while importing may keep any of them; to be sure costs no more than an import.
    """

    trusts_nobody = True

    def list(self, path: str | bytes) -> None:
        """Note a listing that code of the project asks for."""
        frame = sys._getframe(1)
        while frame is not None and frame.f_code is not ImportObserver.call.__code__:
            if is_project_code(frame.f_code.co_filename):
                super().list(path)
                return
            frame = frame.f_back  # type: ignore[assignment]


def _is_ours(name: str, module: Any, origins: Origins) -> bool:
    # `__main__` is also there under multiprocessing's name for it.
    if not isinstance(module, ModuleType) or module.__name__ == "__main__":
        return False
    return origins.of_name(name).kind == "project"


def asks_the_world(imported: Imported) -> tuple[bool, bool]:
    """Tell whether importing asks for what leaves no trace, and whether it asks where it is."""
    names = _names_used(_find_modules(imported.origins))
    return bool(names & last_names("doubt")), bool(names & last_names("place"))


def _find_modules(origins: Origins) -> list[ModuleType]:
    return [module for name, module in list(sys.modules.items()) if _is_ours(name, module, origins)]


def _names_used(modules: Iterable[ModuleType]) -> set[str]:
    """Return the names that the modules' own level uses, and the functions of the project that it may call."""
    functions: dict[str, list[FunctionType]] = {}
    todo: list[tuple[CodeType, Mapping[str, Any]]] = []
    for module in modules:
        for function in _functions_of(module):
            functions.setdefault(function.__name__, []).append(function)
        loader: Any = getattr(module.__spec__, "loader", None)
        code = loader.get_code(module.__name__) if hasattr(loader, "get_code") else None
        if isinstance(code, CodeType):
            todo.append((code, vars(module)))
    hooks = [name for name in functions if name.startswith("__") and name.endswith("__")]
    todo += [(each.__code__, each.__globals__) for name in hooks for each in functions[name]]
    used: set[str] = set()
    seen: set[CodeType] = set()
    while todo:
        code, names = todo.pop()
        if code in seen:
            continue
        seen.add(code)
        news = set(_loaded_names(code, names)) - used
        used |= news
        inside = (inner for inner in code.co_consts if isinstance(inner, CodeType))
        todo += [(inner, names) for inner in inside if _runs_at_once(inner)]
        todo += [(each.__code__, each.__globals__) for name in news for each in functions.get(name, ())]
    return used


def _functions_of(module: ModuleType) -> Iterator[FunctionType]:
    for value in list(vars(module).values()):
        if isinstance(value, FunctionType):
            # A proxy says that it is one, but its code is no code.
            plain = value if type(value) is FunctionType else inspect.unwrap(value)
            if type(plain) is FunctionType:
                yield plain
        elif isinstance(value, type) and value.__module__ == module.__name__:
            yield from (item for item in vars(value).values() if isinstance(item, FunctionType))


def _runs_at_once(code: CodeType) -> bool:
    """Tell whether code inside other code runs with it: a class's body, a comprehension; not a function's."""
    return not code.co_flags & inspect.CO_NEWLOCALS or code.co_name.startswith("<")


def _loaded_names(code: CodeType, names: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names that code looks up: of modules only what it takes from them, of the rest the real name too."""
    for how, name in iter_loads(code):
        if how in _GLOBAL:
            thing = names.get(name)
            if isinstance(thing, ModuleType):
                continue
            real = getattr(thing, "__name__", None)
            if isinstance(real, str):
                yield real
        yield name


_GLOBAL = frozenset({"LOAD_NAME", "LOAD_GLOBAL"})
