"""List what a node's code uses that no fingerprint and no observation sees: clocks, chance, processes, the network.

Static: reads the bytecode of the functions in a node's closure and resolves names as they would be resolved. What is
reached through values that are made at run time is not found here.
"""

from __future__ import annotations

import dis
import sys
from collections import ChainMap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any, get_args

from dagbuild.code.closure import SourceReader
from dagbuild.ground.bytecode import iter_codes
from dagbuild.model.node import File, Node
from dagbuild.model.record import UNSEEN, Part
from dagbuild.observe.world import ALONE, ASKED_OF_PATHS, ASKINGS, CHANCE, find_asking

_BUILTINS = {"input": input}
"""Those that ask; others are no news."""

_SEEDS = frozenset(name for asking in ASKINGS for name in asking.unless)

_PATH_PARTS = frozenset(
    (
        "stem",
        "suffix",
        "suffixes",
        "parent",
        "parts",
        "with_name",
        "with_suffix",
        "basename",
        "dirname",
        "splitext",
    )
)
_PATHS = frozenset(("Path", "PurePath", "path"))
"""Code that has one of these names may mean a path where it says `name`."""

_BY_NAME = "take what the name says as an input or config value"

_SEEDED_BY_ARGUMENT = ("random.Random", "numpy.random.default_rng", "numpy.random.RandomState")


class UnseenFinder:
    """Finds what nodes' code uses and nobody sees; reads each function once."""

    def __init__(self, reader: SourceReader) -> None:
        self._reader = reader
        self._uses: dict[FunctionType, list[tuple[_Use, str]]] = {}

    def find(self, node: Node) -> list[Part]:
        """Return a line of the node's manifest for each use in its code: what, where, and what to do about it.

        Each place once, in the order of the code.
        """
        functions = self._reader.find_functions([node.function, *node.sources], node.cache.ignore)
        uses = [use for function in functions for use in self._uses_of(function)]
        names = {use.name for use, _ in uses}
        if names & _SEEDS and all(self._only_seeds(function) for function in functions):
            first = next((use, where) for use, where in uses if use.name in _SEEDS)
            return [
                _make_part(
                    f"seeds the shared random generator for itself alone: {first[0].name}", first[1], ALONE
                )
            ]
        names |= {f"{module}.seed" for module in self._reader.find_seeded()}
        found: dict[Part, None] = {}
        for use, where in uses:
            if use.name in _SEEDED_BY_ARGUMENT:
                if not use.has_arguments:
                    text = f"makes a random generator without a seed: {use.name}()"
                    found[_make_part(text, where, CHANCE)] = None
                continue
            asking = find_asking(use.name)
            if asking is not None and not names.intersection(asking.unless):
                found[
                    _make_part(f"{asking.text}: {use.name.removeprefix('builtins.')}", where, asking.remedy)
                ] = None
        if any(File in (parameter.type, *get_args(parameter.type)) for parameter in node.parameters):
            for function in functions:
                for name, line in _find_looks_at_names(function.__code__):
                    text = f"looks at a file's name, where only its content is an input: {name}"
                    found[_make_part(text, self._reader.where(function.__code__, line), _BY_NAME)] = None
        return list(found)

    def _only_seeds(self, function: FunctionType) -> bool:
        """Tell whether a function uses nothing of libraries that could draw: it seeds for others, who find nothing."""
        return all("seed" in use.name.rpartition(".")[2] for use in _find_uses(function))

    def _uses_of(self, function: FunctionType) -> list[tuple[_Use, str]]:
        if function not in self._uses:
            self._uses[function] = [
                (use, self._reader.where(function.__code__, use.line))
                for use in _find_uses(function)
                if _concerns(use.name)
            ]
        return self._uses[function]


def _make_part(text: str, where: str, remedy: str) -> Part:
    return Part(UNSEEN, text, "", remedy, where, counts=False)


@cache
def _concerns(name: str) -> bool:
    """Tell whether a name of a library's has anything to do with what nobody sees."""
    if name in {*_SEEDED_BY_ARGUMENT, *_SEEDS}:
        return True
    asking = find_asking(name)
    return asking is not None and (name in asking.names or not _only_names(name))


def _only_names(name: str) -> bool:
    """Tell whether it surely is a constant or an exception of a loaded module: who names it does nothing with that."""
    home, _, last = name.rpartition(".")
    module = sys.modules.get(home)
    if module is None or last not in vars(module):  # not getattr: a module may import what it is asked for
        return False
    found = vars(module)[last]
    if isinstance(found, type):
        return issubclass(found, BaseException)
    return not callable(found) and not isinstance(found, ModuleType)


@dataclass(frozen=True, slots=True)
class _Use:
    name: str
    line: int
    has_arguments: bool


_LOADS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_FAST"})
_ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_SILENT = frozenset({"PRECALL", "KW_NAMES", "PUSH_NULL", "CACHE", "COPY_FREE_VARS", "EXTENDED_ARG"})


def _find_uses(function: FunctionType) -> Iterator[_Use]:
    """Yield the dotted names of libraries that a function loads, with those of functions inside it."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    for code in iter_codes(function.__code__):
        known = ChainMap(_contents(cells), function.__globals__, _BUILTINS)
        if _may_use(code, known):
            yield from _uses_of(code, known)


def _may_use(code: CodeType, known: ChainMap[str, Any]) -> bool:
    """Tell, quicker than by reading it, whether code can use a library's thing that concerns us."""
    if dis.opmap["IMPORT_NAME"] in code.co_code[::2] or not ASKED_OF_PATHS.keys().isdisjoint(code.co_names):
        return True
    things = [known[name] for name in (*code.co_names, *code.co_freevars) if name in known]
    return any(
        _concerns(_defined_name(thing))
        if isinstance(thing, FunctionType)
        else isinstance(thing, ModuleType) or callable(thing)
        for thing in things
    )


def _contents(cells: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, cell in cells.items():
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue
    return found


def _uses_of(code: CodeType, known: ChainMap[str, Any]) -> Iterator[_Use]:
    line = code.co_firstlineno
    steps = [step for step in dis.get_instructions(code) if step.opname not in _SILENT]
    names = known.new_child(_imports(steps))
    position = 0
    while position < len(steps):
        step = steps[position]
        line = _line_of(step, line)
        position += 1
        if step.opname in _ATTRIBUTES and step.argval in ASKED_OF_PATHS:
            yield _Use(ASKED_OF_PATHS[step.argval], line, has_arguments=False)
        if step.opname not in _LOADS or step.argval not in names:
            continue
        thing = names[step.argval]
        dotted = _public_module(thing.__name__) if isinstance(thing, ModuleType) else _defined_name(thing)
        while position < len(steps) and steps[position].opname in _ATTRIBUTES and dotted:
            if not isinstance(thing, ModuleType | type) and _concerns(dotted):
                break  # what is asked of a stream or a list of arguments is its own affair
            attribute = steps[position].argval
            thing, owner = _get(thing, attribute), thing
            if isinstance(thing, ModuleType):
                dotted = _public_module(thing.__name__)
            else:
                dotted = f"{dotted}.{attribute}" if isinstance(owner, ModuleType | type) else ""
            if isinstance(thing, type):
                dotted = _defined_name(thing)
            position += 1
        if dotted:
            follows = steps[position] if position < len(steps) else None
            empty_call = follows is not None and follows.opname.startswith("CALL") and not follows.arg
            yield _Use(dotted, line, not empty_call)


def _find_looks_at_names(code: CodeType) -> Iterator[tuple[str, int]]:
    """Yield by line what code may ask of a path besides what is behind it."""
    for part in iter_codes(code):
        names = frozenset(part.co_names)
        wanted = names & _PATH_PARTS | (names & {"name"} if names & _PATHS else frozenset())
        line = part.co_firstlineno
        for step in dis.get_instructions(part) if wanted else ():
            line = _line_of(step, line)
            if step.opname in _ATTRIBUTES and step.argval in wanted:
                yield step.argval, line


def _line_of(step: dis.Instruction, line: int) -> int:
    positions = getattr(step, "positions", None)
    return positions.lineno if positions is not None and positions.lineno else line


def _get(thing: Any, attribute: str) -> Any:
    if not isinstance(thing, ModuleType | type):
        return None  # a property may do anything
    try:
        return getattr(thing, attribute, None)
    except Exception:
        return None


def _defined_name(thing: Any) -> str:
    """Return the public dotted name of a library's function or class; nothing for values."""
    module = getattr(thing, "__module__", None)
    name = getattr(thing, "__qualname__", None)
    if not callable(thing) or not isinstance(name, str):
        return ""
    if module is None or not isinstance(module, str):
        owner = getattr(thing, "__self__", None)
        return _PUBLIC.get(type(owner).__qualname__, "") + f".{thing.__name__}" if owner is not None else ""
    if name.startswith("Random."):
        return f"random.{name.partition('.')[2]}"
    return f"{_public_module(module)}.{name}"


_PUBLIC = {"Random": "random", "RandomState": "numpy.random"}


@cache
def _public_module(module: str) -> str:
    known = {"posix": "os", "posixpath": "os.path", "genericpath": "os.path", "_socket": "socket"}
    if module in known:
        return known[module]
    parts = module.split(".")
    while len(parts) > 1 and (parts[-1].startswith("_") or parts[0] == "requests"):
        parts.pop()
    if parts[:1] == ["pandas"]:
        return "pandas"
    return ".".join(parts)


def _imports(steps: Sequence[dis.Instruction]) -> dict[str, Any]:
    """Return what imports inside a function bind, of modules that are imported already."""

    found: dict[str, Any] = {}
    module: Any = None
    item: Any = None
    for step in steps:
        if step.opname == "IMPORT_NAME":
            module = item = sys.modules.get(step.argval) or _Absent(step.argval)
        elif step.opname == "IMPORT_FROM":
            item = _get(module, step.argval) or _Absent(f"{getattr(module, '__name__', '')}.{step.argval}")
        elif step.opname in {"STORE_FAST", "STORE_DEREF"} and item is not None:
            found[step.argval], item = item, None
        elif step.opname == "POP_TOP":
            module = item = None
    return found


class _Absent(ModuleType):
    """Stands for a module that is not imported yet; its name says enough."""
