"""What a node is: a function, what its parameters are bound to, and everything that decides its value.

Knows nothing of modules, graphs or stores. Promise: whatever user code or value a node will use is listed in
`function`, `sources` or a parameter's binding, so that the fingerprint sees it; nothing hides in a closure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class File(str):
    """A path or fsspec URL whose *content* is the input.

    Annotate a parameter with it: the function receives the path (this very type, a `str`), and the node is stale
    when the bytes behind the path change. Relative paths are taken from the project's root.
    """

    __slots__ = ()

    @property
    def path(self) -> Path:
        """The local path."""
        return Path(self)


class Files(tuple[File, ...]):
    """The files of a glob or a folder, sorted, whose names below the folder and *contents* are the input."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """Marks a parameter `Annotated[pd.DataFrame, Columns("a", "b")]`: only these columns are seen."""

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", names)


@dataclass(frozen=True, slots=True)
class Source:
    """Binding: the value of the node, input or config value of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Value:
    """Binding: this very value, written in the project's code."""

    value: Any


@dataclass(frozen=True, slots=True)
class Group:
    """Binding: a list of bindings, or a dict of them when `keys` is given (equally long)."""

    items: tuple[Source | Value, ...]
    keys: tuple[str, ...] | None = None


Binding = Source | Value | Group

REQUIRED: Any = type("Required", (), {"__repr__": lambda _: "REQUIRED"})()
"""Stands where a parameter has no default."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a node's function: its name there, its annotation, and where its value comes from."""

    name: str
    type: Any
    binding: Binding
    default: Any = REQUIRED

    @property
    def upstream(self) -> tuple[str, ...]:
        """Names of the nodes or inputs that the value is made of."""
        match self.binding:
            case Source(name):
                return (name,)
            case Group(items):
                return tuple(item.name for item in items if isinstance(item, Source))
            case _:
                return ()


@dataclass(frozen=True, slots=True)
class Where:
    """Where a definition stands: for people, never part of a fingerprint."""

    module: str
    file: str | None
    line: int | None

    def __str__(self) -> str:
        if not self.file:
            return self.module
        path, here = Path(self.file), Path.cwd()
        file = str(path.relative_to(here)) if path.is_relative_to(here) else self.file
        return f"{file}:{self.line}" if self.line else file


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """What `@cache(...)` says of a node.

    `never`: the value is not stored; the node runs again inside each step that needs it.
    `format`: name of the codec to use. `version`: a word of the author's that is part of the fingerprint.
    `ignore`: helpers whose code never matters to the value.
    """

    never: bool = False
    format: str | None = None
    version: str | None = None
    ignore: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One function of the graph.

    `function` is called with the parameters as keywords: the user's own function, or one of dagbuild's small
    operations. `sources` lists every user function, class and value that the call will use besides `function`
    itself. `operation` names and versions what dagbuild does around user code ("extract_columns/1"); it is part
    of the fingerprint. `config_used` are the config values that chose or shaped this node when it was compiled.
    """

    name: str
    type: Any
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    where: Where
    sources: tuple[Any, ...] = ()
    operation: str = ""
    doc: str = ""
    tags: Mapping[str, str | list[str]] = field(default_factory=dict)
    config_used: Mapping[str, Any] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    cache: CachePolicy = CachePolicy()
    schema: tuple[tuple[str, str], ...] = ()
    function_name: str = ""

    @property
    def upstream(self) -> tuple[str, ...]:
        """Names that the node's parameters are bound to, each once, in order."""
        return tuple(dict.fromkeys(name for p in self.parameters for name in p.upstream))


@dataclass(frozen=True, slots=True)
class Input:
    """A name that the graph needs from outside: an input or config value."""

    name: str
    type: Any
    required: bool
    used_by: tuple[str, ...]
