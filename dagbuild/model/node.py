"""What a node is: a function, what its parameters are bound to, and everything that decides its value.

Knows nothing of modules, graphs or stores. Promise: whatever user code or value a node will use is listed in
`function`, `sources` or a parameter's binding, so that the fingerprint sees it; nothing hides in a closure.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin

from dagbuild.ground.errors import UserError
from dagbuild.ground.texts import attempt


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


Label: TypeAlias = str | int | tuple[str | int, ...]
"""What a column can be called here."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Marks a parameter `Annotated[pd.DataFrame, Columns("a", "b")]`: the node gets and depends on these columns only.

    They come in this order, whatever the order of the frame, with its index. A name is a whole label: a text, a
    number, or a tuple of them where columns have several levels. Raises ValueError for names that can be none.
    """

    names: tuple[Label, ...]

    def __init__(self, *names: Label) -> None:
        if not names:
            raise ValueError("Columns() names no column")
        for name in names:
            if isinstance(name, list):
                raise ValueError(f"Columns takes names, not a list of them: write Columns(*{name!r})")
            if not all(type(part) in (str, int) for part in (name if isinstance(name, tuple) else (name,))):
                raise ValueError(f"Columns: {name!r} is no text, whole number or tuple of them")
            if names.count(name) > 1:
                raise ValueError(f"Columns names {name!r} twice")
        object.__setattr__(self, "names", names)

    def __str__(self) -> str:
        return ", ".join(map(repr, self.names))


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


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"

    def __reduce__(self) -> str:
        return "REQUIRED"  # the very object of the process that it comes to


REQUIRED: Any = _Required()
"""Stands where a parameter has no default."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a node's function: its name there, its annotation, and where its value comes from.

    `upstream` are the names of the nodes or inputs that the value is made of, `columns` those of its columns that the
    function gets, of each value in a group; None for the whole. `item` is the key of a dict's item, the place of a
    tuple's or the name of a table's column, if the function looks at no other where that one is there. `collects`:
    it takes all elements of its upstream, as a list. `called` is what the function calls it, where decorators know it
    by another name.
    """

    name: str
    type: Any
    binding: Binding
    default: Any = REQUIRED
    item: str | int | None = None
    collects: bool = False
    called: str = ""
    upstream: tuple[str, ...] = field(init=False, compare=False, repr=False)
    columns: Columns | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "upstream", _find_upstream(self.binding))
        object.__setattr__(self, "columns", _find_columns(self.type))

    @property
    def keyword(self) -> str:
        """The name by which the function is given it."""
        return self.called or self.name


def _find_upstream(binding: Binding) -> tuple[str, ...]:
    match binding:
        case Source(name):
            return (name,)
        case Group(items):
            return tuple(item.name for item in items if isinstance(item, Source))
        case _:
            return ()


def _find_columns(annotation: Any) -> Columns | None:
    if isinstance(annotation, type):
        return None
    # Also where it says so of a part: `Annotated[...] | None`, `list[Annotated[...]]`, `dict[str, Annotated[...]]`.
    marks = annotation.__metadata__ if get_origin(annotation) is Annotated else ()
    found = next((mark for mark in marks if isinstance(mark, Columns)), None)
    parts = () if found or get_origin(annotation) is Literal else get_args(annotation)
    return found or next(filter(None, map(_find_columns, parts)), None)


@dataclass(frozen=True, slots=True)
class Where:
    """Where a definition stands: for people, never part of a fingerprint."""

    module: str
    file: str | None
    line: int | None

    def __str__(self) -> str:
        if not self.file:
            return self.module
        here = os.path.join(os.getcwd(), "")  # noqa: PTH109, PTH118 - text: there are many nodes
        file = self.file.removeprefix(here)
        return f"{file}:{self.line}" if self.line else file


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """What `@cache(...)` says of a node.

    `never`: the value is not stored; the node runs again inside each step that needs it.
    `format`: name of the codec to use. `version`: a word of the author's that is part of the fingerprint.
    `ignore`: helpers whose code never matters to the value. `because`: what the node does that
    its value is not stored for, where nobody asked for that. `always`: it runs in each build that needs it, which
    says nothing of what takes its value.
    """

    never: bool = False
    format: str | None = None
    version: str | None = None
    ignore: tuple[Any, ...] = ()
    because: str = ""
    always: bool = False


READ_ONCE = "gives an iterator, which can be read only once"
"""Why a node is never cached that nobody has said it of."""


@dataclass(frozen=True, slots=True)
class Retry:
    """What `@retry(...)` says of a node: how many tries it has in all, after which exceptions, and seconds in between.

    Where `on` names none, after any `Exception`, and after a try whose process is gone.
    """

    tries: int
    on: tuple[type[Exception], ...] = ()
    wait: float = 0.0

    def covers(self, error: BaseException) -> bool:
        """Tell whether a try that raised this is followed by another; never where it is for people to mend."""
        kind = type(error)
        if not issubclass(kind, Exception) or issubclass(kind, UserError):
            return False
        return not self.on or attempt(lambda: issubclass(kind, self.on)) is True

    @property
    def covers_loss(self) -> bool:
        """Whether a try whose process is gone is followed by another."""
        return not self.on


@dataclass(frozen=True, slots=True)
class Resources:
    """What `@resources(...)` says that a call takes: cores, graphics cards, bytes, what a cluster has by other names.

    Without `memory`, what it took when it last ran.
    """

    cpus: float = 1.0
    gpus: float = 0.0
    memory: int | None = None
    custom: Mapping[str, float] = field(default_factory=dict)


MODEST = Resources()
"""What a node takes that says nothing."""

PASS_ON = "pass_on/1"
"""The operation of a node that gives what it is given: it is the same under any name."""


Tag: TypeAlias = str | bool | list[str]
"""What a tag of a node can be; only those that dagbuild puts there itself are yes or no."""

Saves: TypeAlias = Literal["", "files", "elsewhere"]
"""What a node leaves outside of the cache besides what it declares: files, or what no build can look at."""


@dataclass(frozen=True, slots=True)
class Node:
    """One function of the graph.

    `function` is called with the parameters as keywords: the user's own function, or one of dagbuild's small
    operations. `sources` lists every user function, class and value that the call will use besides `function`
    itself. `operation` names and versions what dagbuild does around user code ("extract_columns/1"); it is part
    of the fingerprint. `config_used` are the config values that chose or shaped this node when it was compiled.
    `reads` are files that the body reads, `writes` those that it leaves in the project, both named from its root;
    `follows` are the nodes that write what this one reads. `expands`: each call gives elements. `block` are the nodes
    for each of whose elements it is called once, the outermost first; the loader finds them. `retry` says when a
    call that fails is made again, `timeout` after how many seconds one is ended, `resources` what one takes; none
    of them decides a value. `saves`: it leaves something outside of the cache at places that are not known before;
    it runs again when that is gone or changed, and each time where a build cannot look. `at_home`: it runs in the
    project's root, since its paths begin there.
    """

    name: str
    type: Any
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    where: Where
    sources: tuple[Any, ...] = ()
    operation: str = ""
    doc: str = ""
    tags: Mapping[str, Tag] = field(default_factory=dict)
    config_used: Mapping[str, Any] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    cache: CachePolicy = CachePolicy()
    schema: tuple[tuple[str, str], ...] = ()
    function_name: str = ""
    writes: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    expands: bool = False
    block: tuple[str, ...] = ()
    retry: Retry | None = None
    timeout: float | None = None
    resources: Resources = MODEST
    saves: Saves = ""
    at_home: bool = False

    @property
    def is_inner(self) -> bool:
        """Whether it is made within another node, under that one's name: then nobody wants it unless he names it."""
        return "." in self.name

    @property
    def axes(self) -> tuple[str, ...]:
        """The nodes whose elements the value has a value for; a list of lists where there are two."""
        return (*self.block, self.name) if self.expands else self.block

    @property
    def deals_in_elements(self) -> bool:
        """Whether it is called for elements, gives them or collects them: then it is always cached."""
        return bool(self.axes) or any(parameter.collects for parameter in self.parameters)

    @property
    def upstream(self) -> tuple[str, ...]:
        """Names that the node's parameters are bound to, and of the nodes that it follows, each once, in order."""
        return tuple(dict.fromkeys((*(name for p in self.parameters for name in p.upstream), *self.follows)))


@dataclass(frozen=True, slots=True)
class Input:
    """A name that the graph needs from outside: an input or config value."""

    name: str
    type: Any
    required: bool
    used_by: tuple[str, ...]
