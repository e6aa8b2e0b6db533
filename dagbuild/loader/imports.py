"""Import the modules of a project.

Knows nothing of functions and nodes. Promises: what is imported is what the files say now, also where a file
of this process's earlier load was edited; what cannot be imported is told with the user's file and line, all
of it together.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType, TracebackType

from dagbuild.ground.errors import LoadError, Problem, UserError, find_nearest
from dagbuild.loader.finder import forget_changed, watch_folder
from dagbuild.model.node import Where
from dagbuild.modifiers.hamiltons import HAMILTON, REMEDY

_NOT_NODES = ("_", "test_", "conftest", "setup")
"""Beginnings of the names of modules that a package is not searched for."""


def load_modules(specs: Sequence[str], root: Path) -> list[ModuleType]:
    """Import modules by name ("features.io"), package ("features": all modules below it too) or path.

    The project's folder `root` comes first on the import path. Raises one LoadError with all that went wrong.
    """
    root = Path(root).resolve()
    add_to_path(root)
    forget_changed(root)
    problems: list[Problem] = []
    loaded: dict[str, ModuleType] = {}
    for spec in specs:
        try:
            names = list(_expand(spec, root))
        except LoadError as error:
            problems += error.problems
            continue
        for name in names:
            if name in loaded:
                continue
            try:
                module = import_module(name, root)
            except LoadError as error:
                problems += [problem for problem in error.problems if problem not in problems]
                continue
            loaded[name] = module
            if not spec.endswith(".py"):
                for below in _submodules(module):
                    try:
                        loaded.setdefault(below, import_module(below, root))
                    except LoadError as error:
                        problems += [problem for problem in error.problems if problem not in problems]
    if problems:
        raise LoadError.of(problems)
    return list(loaded.values())


def add_to_path(folder: Path) -> None:
    """Put the folder in front of the import path, and see that its files are read as they are now."""
    text = str(folder)
    if not sys.path or sys.path[0] != text:
        sys.path[:] = [text, *(entry for entry in sys.path if entry != text)]
    watch_folder(folder)


def import_module(name: str, root: Path) -> ModuleType:
    """Import one module; raises LoadError with the place in the user's code."""
    try:
        module = importlib.import_module(name)
    except SyntaxError as error:
        text = (error.text or "").strip()
        shown = f": {text}" if text else ""
        raise LoadError(
            f"{error.msg}{shown}", where=str(Where(name, error.filename, error.lineno))
        ) from error
    except ModuleNotFoundError as error:
        raise _missing(name, error, root) from error
    except UserError as error:
        where = _user_place(name, error.__traceback__)
        raise LoadError.of(
            [Problem(problem.message, problem.where or where, problem.hint) for problem in error.problems]
        ) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit() in a user's module too
        text = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
        where = _user_place(name, error.__traceback__)
        raise LoadError(f"importing '{name}' failed: {text}", where=where) from error
    file = root.joinpath(*name.split(".")).with_suffix(".py")
    if file.is_file() and not (module.__file__ and file.samefile(module.__file__)):
        raise LoadError(
            f"'{name}' is the name of another module, which is imported in its place",
            where=str(Where(name, str(file), None)),
            hint="rename the file",
        )
    return module


def _missing(name: str, error: ModuleNotFoundError, root: Path) -> LoadError:
    missing = error.name or name
    where = _user_place(name, error.__traceback__)
    parent, _, last = missing.rpartition(".")
    found = find_nearest(last, _importable(parent, root))
    near = f"did you mean '{parent}{'.' if parent else ''}{found}'?" if found else None
    if missing.partition(".")[0] == HAMILTON:
        near = REMEDY
    if missing == name or name.startswith(missing + "."):
        return LoadError(f"there is no module '{missing}' in {_shown(root)}", hint=near, where=where)
    return LoadError(
        f"it imports '{missing}', which is neither in the project nor installed", where=where, hint=near
    )


def _importable(parent: str, root: Path) -> list[str]:
    """Return the names of the modules in the package `parent`, or in the project's folder."""
    if parent:
        folders = list(getattr(sys.modules.get(parent), "__path__", ()))
    else:
        folders = [str(root)]
    return [info.name for info in pkgutil.iter_modules(folders)]


def _user_place(name: str, trace: TracebackType | None) -> str | None:
    """Return the last place in a traceback that is neither the import system's, ours, nor a library's."""
    place = None
    for frame, line in traceback.walk_tb(trace):
        file = frame.f_code.co_filename
        if "site-packages" in file or file.startswith(("<", _OURS, _LIBRARY)):
            continue
        place = str(Where(name, file, line))
    return place


_LIBRARY = str(Path(os.__file__).parent) + os.sep
_OURS = str(Path(__file__).parent.parent) + os.sep


def _expand(spec: str, root: Path) -> Iterator[str]:
    """Yield the names of the modules that `spec` means, without those below a package."""
    spec = spec.removesuffix(".*")
    path = root / spec
    if not (spec.endswith(".py") or "/" in spec or os.sep in spec or spec in (".", "..")):
        yield spec
        return
    if not path.exists():
        raise LoadError(
            f"there is no '{spec}' in {_shown(root)}",
            hint=_nearest_path(path, root),
        )
    path = path.resolve()
    if path.is_file() and path.suffix != ".py":
        raise LoadError(f"'{spec}' is no Python file")
    if path.is_dir() and not (path / "__init__.py").exists():
        for file in sorted(path.glob("*.py")):
            if _is_searched(file.stem):
                yield _module_name(file, root)
    else:
        yield _module_name(path, root)


def _nearest_path(path: Path, root: Path) -> str | None:
    entries = {entry.stem: entry for entry in path.parent.glob("*") if entry.suffix == path.suffix}
    found = find_nearest(path.stem, entries)
    return f"did you mean '{os.path.relpath(entries[found], root)}'?" if found else None


def _module_name(path: Path, root: Path) -> str:
    """Return the name under which the project's own imports know the file or package."""
    base = path.parent
    while (base / "__init__.py").exists():
        base = base.parent
    if base == path.parent and base.is_relative_to(root):
        parts = base.relative_to(root).parts
        if "src" not in parts and all(part.isidentifier() for part in parts):
            base = root  # a folder without __init__.py is a package all the same
    if base != root:
        add_to_path(base)
        add_to_path(root)
    name = ".".join(path.relative_to(base).with_suffix("").parts)
    if not all(part.isidentifier() for part in name.split(".")):
        raise LoadError(f"'{path.name}' cannot be imported: '{name}' is no name of a module")
    return name.removesuffix(".__init__")


def _submodules(package: ModuleType) -> Iterator[str]:
    """Yield the modules below a package, without private ones and tests."""
    todo = [package]
    while todo:
        parent = todo.pop(0)
        for info in pkgutil.iter_modules(getattr(parent, "__path__", ()), parent.__name__ + "."):
            if not _is_searched(info.name.rpartition(".")[2]):
                continue
            yield info.name
            if info.ispkg and info.name in sys.modules:
                todo.append(sys.modules[info.name])


def _is_searched(name: str) -> bool:
    return not name.startswith(_NOT_NODES) and name != "tests" and not name.endswith("_test")


def _shown(folder: Path) -> str:
    text = os.path.relpath(folder)
    return "this folder" if text == "." else (str(folder) if text.startswith("..") else text)
