"""Which codec takes a value, and which one reads a name.

Built-in codecs open late: numpy, pandas, pyarrow and polars are imported by their codec only, and that only when a
value comes from them or an artifact needs them. Codecs of the user go first, by exact type.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, TypeVar

from dagbuild.codecs.base import Codec
from dagbuild.ground.errors import CodecError, did_you_mean
from dagbuild.ground.override import override

ENTRY_POINTS = "dagbuild.codecs"

_DOORS = {
    "numpy/1": "dagbuild.codecs.arrays",
    "pandas/2": "dagbuild.codecs.frames",
    "pyarrow/2": "dagbuild.codecs.tables",
    "polars/2": "dagbuild.codecs.polars_frames",
    "parquet/1": "dagbuild.codecs.parquet",
    "pickle/2": "dagbuild.codecs.pickles",
    "files/1": "dagbuild.codecs.files",
    "check/1": "dagbuild.codecs.check_results",
}
"""The modules of the built-in codecs, by the names that these have: none is opened to learn which version it reads."""

_SAFE = frozenset({"numpy/1", "pandas/2", "pyarrow/2", "polars/2", "files/1", "check/1"})
"""What may read a record that nobody who is trusted has signed: of ours those that are safe. Not Parquet, whose reader
makes types of the names that it finds in the file."""

_BUILT_IN = {name.partition("/")[0]: name for name in _DOORS}
"""Full names by those without version, which are a value's top-level package where the two are one."""

PACKAGES = frozenset({"numpy", "pandas", "pyarrow", "polars"})
"""Libraries with a codec of their name; it is also what they are called where they are installed."""

_OURS = {"dagbuild.modifiers.validators.ValidationResult": "check"}
"""Codecs of our own types, by type."""

CodecClass = TypeVar("CodecClass", bound=type[Codec])


class Registry:
    """Finds codecs; users extend it by `register`, `@codec` or an entry point in the group "dagbuild.codecs"."""

    closed = False
    """Whether only our own safe codecs are in it."""

    def __init__(self) -> None:
        self._by_type: dict[str, Codec] = {}
        self._by_name: dict[str, Codec] = {}
        self._entry_points_read = False

    def __len__(self) -> int:
        return len(self._by_name)

    def register(self, codec: Codec, types: Iterable[type | str] = ()) -> None:
        """Let `codec` take values of exactly these types: classes, or texts like "shapely.Point".

        A text spares the import of the library. Without types the codec is used where `format` asks for it.
        """
        self._by_name[codec.name.partition("/")[0]] = codec
        for kind in types:
            self._by_type[kind if isinstance(kind, str) else _type_name(kind)] = codec

    def find_codec(self, value: Any) -> Codec | None:
        """Return the codec that takes such values as data, or None; it may still decline this one."""
        kind = type(value)
        codec = self._by_type.get(_type_name(kind))
        if codec is not None:
            return codec
        package = kind.__module__.partition(".")[0]
        if package in PACKAGES:
            return _open_door(package)
        if (ours := _OURS.get(_type_name(kind))) is not None:
            return _open_door(ours)
        if package == "builtins":
            return None
        self._read_entry_points()
        return self._by_type.get(_type_name(kind))

    def get_codec(self, name: str) -> Codec:
        """Return the codec of a name, with or without version; raises CodecError when this dagbuild has none."""
        plain_name = name.partition("/")[0]
        if plain_name not in self._by_name and plain_name not in _BUILT_IN:
            self._read_entry_points()
        codec = self._by_name.get(plain_name)
        if codec is None:
            if plain_name not in _BUILT_IN:
                raise CodecError(
                    f"there is no codec '{plain_name}' here",
                    hint=did_you_mean(plain_name, [*_BUILT_IN, *self._by_name])
                    or "import the module that registers it",
                )
            codec = _open_door(plain_name)
        if "/" in name and codec.name != name:
            raise CodecError(_tell_other(name, codec.name))
        return codec

    def find_obstacle(self, name: str) -> str | None:
        """Return why there is no codec of this name and version, or None; opens no built-in one."""
        plain_name = name.partition("/")[0]
        if plain_name in _BUILT_IN and plain_name not in self._by_name:
            known = _BUILT_IN[plain_name]
            return None if name in (known, plain_name) else _tell_other(name, known)
        try:
            self.get_codec(name)
        except CodecError as error:
            return str(error)
        return None

    def _read_entry_points(self) -> None:
        if self._entry_points_read:
            return
        self._entry_points_read = True
        for point in entry_points(group=ENTRY_POINTS):
            install: Callable[[Registry], None] = point.load()
            install(self)


class ClosedRegistry(Registry):
    """Our own safe codecs and no others, whatever is registered: a user's codec may have the name of one of ours."""

    closed = True

    @override
    def register(self, codec: Codec, types: Iterable[type | str] = ()) -> None:
        raise TypeError("nothing can be added to the closed list of codecs")

    @override
    def get_codec(self, name: str) -> Codec:
        if (why := self.find_obstacle(name)) is not None:
            raise CodecError(why)
        codec = super().get_codec(name)
        assert codec.safe
        return codec

    @override
    def find_obstacle(self, name: str) -> str | None:
        if _BUILT_IN.get(name.partition("/")[0]) not in _SAFE:
            return f"codec '{name}' could run code, and nobody who is trusted has signed for the value"
        return super().find_obstacle(name)

    @override
    def _read_entry_points(self) -> None:
        """Leave them alone: reading them runs what they name."""


@cache
def default_registry() -> Registry:
    """Return the registry that `@codec` writes to, one in each process."""
    return Registry()


def codec(*types: type | str) -> Callable[[CodecClass], CodecClass]:
    """Register a codec class for values of exactly these types.

    Without types its `name` can be asked for by `format`. A class is made once, without arguments.
    """

    def register(cls: CodecClass) -> CodecClass:
        default_registry().register(cls(), types)
        return cls

    return register


def open_imported() -> None:
    """Open the built-in codecs of the libraries that are imported: they will be needed, here or in a copy."""
    for package in PACKAGES.intersection(sys.modules):
        _open_door(package)


@cache
def _open_door(name: str) -> Codec:
    try:
        module = import_module(_DOORS[_BUILT_IN[name]])
    except ImportError as error:
        raise CodecError(
            f"values of codec '{name}' cannot be read here, because '{error.name or name}' cannot be imported",
            hint=f"install '{error.name or name}'",
        ) from error
    found: Codec = module.CODEC
    return found


def _tell_other(name: str, known: str) -> str:
    return f"written by codec '{name}', this dagbuild reads '{known}'"


def _type_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
