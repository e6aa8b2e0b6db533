"""Loaders and savers that hand on to a function of a library: its arguments are theirs.

Which there are, and what Hamilton calls an argument where the library calls it otherwise, is said by tables. Opens a
library when it is first needed. Guards: an argument that the library does not take is known before anything runs.
"""

from __future__ import annotations

import importlib
import inspect
import io
import re
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias, get_origin

from dagbuild.formats.adapters import AdapterCommon, DataLoader, DataSaver, Leaves
from dagbuild.formats.metadata import get_dataframe_metadata, get_file_metadata, get_sql_metadata, is_plan
from dagbuild.ground.errors import UserError
from dagbuild.model.types import plain_type

Place: TypeAlias = str | Path | io.BytesIO | io.BufferedReader
"""What readers and writers take for a file."""

About: TypeAlias = Literal["file", "frame", "sql"]


@dataclass(frozen=True, slots=True)
class Call:
    """A function of a library: a reader, or the method of a value that writes it.

    `kinds` are the types of what is read or written, `names` our names of the arguments that must be given, by those
    that the library has for them; the first is the file, unless it is `about` sql. `renamed`: the same for others.
    `defaults` are values that differ from the library's, `more` what it takes without saying so. `through` is called
    in the function's place, with it and the arguments.
    """

    form: str
    module: str
    kinds: tuple[str, ...]
    function: str
    names: Mapping[str, str]
    renamed: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    about: About = "frame"
    through: Callable[..., Any] | None = None

    def open(self) -> Callable[..., Any]:
        """Return the function; raises UserError where the library is not installed."""
        found: Any = reduce(getattr, self.function.split("."), self._import())
        return found  # type: ignore[no-any-return]

    def find_kinds(self) -> list[Any]:
        """Return the types; none while nobody has imported their library, since then nothing is of them."""
        module = sys.modules.get(self.module)
        return [getattr(module, kind) for kind in self.kinds] if module else []

    def _import(self) -> Any:
        try:
            return importlib.import_module(self.module)
        except ImportError as error:
            library = self.module.partition(".")[0]
            raise UserError(
                f"the format '{self.form}' needs {library}", hint=f"pip install {library}"
            ) from error

    @property
    def first(self) -> str:
        """Our name of what it reads or writes."""
        return next(iter(self.names))

    def list_optional(self) -> list[str]:
        """Return our names of what may be left out."""
        taken = {*self.names.values(), "self", "arr"}  # the value that is written is no argument of ours
        kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        own = [p.name for p in inspect.signature(self.open()).parameters.values() if p.kind not in kinds]
        ours = {theirs: name for name, theirs in self.renamed.items()}
        return [ours.get(name, name) for name in (*own, *self.more) if name not in taken]

    def call(self, given: Mapping[str, Any], *values: Any) -> Any:
        """Return what the function gives; raises UserError where it needs another library that is not there."""
        known = {**self.names, **self.renamed}
        arguments = {known.get(name, name): value for name, value in {**self.defaults, **given}.items()}
        function = self.open()
        try:
            if self.through is not None:
                return self.through(function, *values, **arguments)
            return function(*values, **arguments)
        except ImportError as error:
            wanted = _find_missing(error)
            raise UserError(
                f"the format '{self.form}' needs a library that is not there: {str(error).partition(chr(10))[0]}",
                hint=f"pip install {wanted}" if wanted else None,
            ) from error

    def tell(self, place: Any, value: Any) -> dict[str, Any]:
        """Return what is known of what was read or written, and where."""
        is_path = isinstance(place, str | Path) and self.about != "sql"
        frame = value[0] if isinstance(value, list) and value else value
        return {
            **(get_file_metadata(place) if is_path else {}),
            **(get_sql_metadata(str(place), value) if self.about == "sql" else {}),
            **(get_dataframe_metadata(frame) if self.about != "file" and _is_frame(frame) else {}),
        }


def _is_frame(value: Any) -> bool:
    return is_plan(value) or hasattr(value, "columns")


_MISSING = re.compile(
    r"install (?:the )?`?([\w-]+)`? package|pip install `?([\w-]+)|`Import (\w+)`|^(\w+) not found|requires '(\w+)'"
)


def _find_missing(error: ImportError) -> str | None:
    """Return the name of what is not installed; libraries catch the import's own error, and tell it their way."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ImportError) and cause.name:
            return cause.name.partition(".")[0]
        cause = cause.__cause__ or cause.__context__
    found = _MISSING.search(str(error))
    return next(filter(None, found.groups()), None) if found else None


class LibraryAdapter(AdapterCommon):
    """A loader or saver whose arguments are those of its call."""

    call: ClassVar[Call]

    def __init__(self, *positional: Any, **given: Any) -> None:
        self.given = {**dict(zip(self.call.names, positional, strict=False)), **given}

    @classmethod
    def applicable_types(cls) -> Collection[Any]:
        """Return the types of what is loaded or saved; opens the library."""
        cls.call.open()
        return cls.call.find_kinds()

    @classmethod
    def name(cls) -> str:
        """Return the name of the format."""
        return cls.call.form

    @classmethod
    def get_required_arguments(cls) -> dict[str, Any]:
        """Return the type of each argument that must be given."""
        place = Any if cls.call.about == "sql" else Place
        return {name: place if name == cls.call.first else Any for name in cls.call.names}

    @classmethod
    def get_optional_arguments(cls) -> dict[str, Any]:
        """Return the type of each argument that may be left out; opens the library."""
        return dict.fromkeys(cls.call.list_optional(), Any)

    @classmethod
    def concerns(cls, type_: Any) -> bool:
        """Tell whether something of a type can be of the library at all; so no other library is opened."""
        kind = plain_type(type_)
        if kind is Any or kind is object:
            return True
        classes = getattr(get_origin(kind) or kind, "__mro__", ())
        library = cls.call.module.partition(".")[0]
        return any(each.__module__.partition(".")[0] == library for each in classes)


class LibraryLoader(LibraryAdapter, DataLoader):
    """Loads by a reader of a library."""

    @classmethod
    def applies_to(cls, type_: Any) -> bool:
        """Tell whether what it loads is of this type."""
        return cls.concerns(type_) and super().applies_to(type_)

    def load_data(self, _: Any) -> tuple[Any, dict[str, Any]]:
        """Return the value, and what is known of where it came from."""
        value = self.call.call(self.given)
        return value, self.call.tell(self.given.get(self.call.first), value)


class LibrarySaver(LibraryAdapter, DataSaver):
    """Saves by the method of a value."""

    @classmethod
    def applies_to(cls, type_: Any) -> bool:
        """Tell whether it saves values of this type."""
        return cls.concerns(type_) and super().applies_to(type_)

    def save_data(self, data: Any) -> dict[str, Any]:
        """Save the value, and return what is known of where it is now."""
        self.call.call(self.given, data)
        return self.call.tell(self.given.get(self.call.first), data)


def make_loader(name: str, call: Call, home: str) -> type[LibraryLoader]:
    """Return a class, found under `name` in the module `home`, that loads by this call."""
    place = None if call.about == "sql" else call.first
    body = {"call": call, "place": place, "plans": call.kinds == ("LazyFrame",)}
    return type(name, (LibraryLoader,), {**body, "__module__": home, "__doc__": _tell(call)})


def make_saver(name: str, call: Call, home: str) -> type[LibrarySaver]:
    """Return a class, found under `name` in the module `home`, that saves by this call."""
    leaves: Leaves = "elsewhere" if call.about == "sql" else "files"
    place = None if call.about == "sql" else call.first
    body = {"call": call, "place": place, "leaves": leaves, "completes": call.function.endswith("savefig")}
    return type(name, (LibrarySaver,), {**body, "__module__": home, "__doc__": _tell(call)})


def _tell(call: Call) -> str:
    return f"`{call.module}.{call.function}`, which has its arguments."
