"""What dagbuild has at Hamilton's addresses: found out by importing ours and looking, so that no list can be old.

Knows no source text. An address is a dotted name, of a module or of something in one.
"""

from __future__ import annotations

import enum
import functools
import importlib
import inspect
import re
import typing
from dataclasses import dataclass
from types import ModuleType

THEIRS, OURS = "hamilton", "dagbuild"

_ADDRESS = re.compile(r"\w+(\.\w+)+", re.ASCII)


class Unfound(enum.Enum):
    """Why there is nothing to look at."""

    MISSING = "dagbuild has it not"
    UNKNOWN = "nobody can tell"


MISSING, UNKNOWN = Unfound.MISSING, Unfound.UNKNOWN


@dataclass(frozen=True, slots=True)
class Instance:
    """Some object of a class."""

    kind: type


@dataclass(frozen=True, slots=True)
class Method:
    """A method of some object of a class."""

    kind: type
    name: str


def is_theirs(address: str) -> bool:
    """Tell whether an address is in Hamilton."""
    return address == THEIRS or address.startswith(f"{THEIRS}.")


def is_ours(address: str) -> bool:
    """Tell whether an address is in dagbuild."""
    return address == OURS or address.startswith(f"{OURS}.")


def to_ours(address: str) -> str:
    """Return the address in dagbuild that stands for one in Hamilton; ours are returned as they are."""
    return OURS + address.removeprefix(THEIRS) if is_theirs(address) else address


@functools.cache
def find_module(address: str) -> ModuleType | Unfound:
    """Return our module, imported; UNKNOWN where that needs a library that is not installed."""
    try:
        return importlib.import_module(address)
    except ModuleNotFoundError as error:
        lacks = f"{address}.".startswith(f"{error.name}.")
        return MISSING if lacks else UNKNOWN
    except Exception:  # whatever a library does that it needs
        return UNKNOWN


def find_part(owner: object, name: str) -> object:
    """Return what a module, a class or an `Instance` has under a name."""
    if isinstance(owner, Unfound):
        return UNKNOWN
    if isinstance(owner, Instance):
        return _find_method(owner.kind, name)
    try:
        return getattr(owner, name)
    except AttributeError:
        if isinstance(owner, ModuleType):
            return find_module(f"{owner.__name__}.{name}")
        return MISSING if isinstance(owner, type) else UNKNOWN
    except Exception:  # a door that opens late, to a library that is not there
        return UNKNOWN


def _find_method(kind: type, name: str) -> object:
    found = inspect.getattr_static(kind, name, MISSING)
    if found is MISSING:
        return UNKNOWN if hasattr(kind, "__getattr__") else MISSING
    return Method(kind, name) if inspect.isfunction(found) else UNKNOWN


def find_result(called: object) -> object:
    """Return what a call gives: of classes of ours, as far as the class or the method's annotation says."""
    if isinstance(called, type):
        return Instance(called)
    if not isinstance(called, Method):
        return UNKNOWN
    try:
        gives = typing.get_type_hints(getattr(called.kind, called.name)).get("return")
    except Exception:  # an annotation of what is not imported
        return UNKNOWN
    if gives is typing.Self:
        return Instance(called.kind)
    return Instance(gives) if isinstance(gives, type) and is_ours(gives.__module__) else UNKNOWN


def find_misfit(called: object, positions: int, keywords: list[str]) -> str | None:
    """Return what ours does not take of a call, in words; None where it takes all, or nobody can tell."""
    function = getattr(called.kind, called.name) if isinstance(called, Method) else called
    if isinstance(function, Unfound) or not callable(function):
        return None
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    name = getattr(function, "__name__", "it")
    parameters = parameters[1:] if isinstance(called, Method) else parameters
    kinds = {each.kind for each in parameters}
    named = {each.name for each in parameters if each.kind is not each.POSITIONAL_ONLY}
    if inspect.Parameter.VAR_KEYWORD not in kinds:
        for keyword in keywords:
            if keyword not in named:
                return f"dagbuild's '{name}' has no parameter '{keyword}'"
    places = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    if inspect.Parameter.VAR_POSITIONAL not in kinds and positions > len(places):
        return f"dagbuild's '{name}' takes {len(places)} values by position, not {positions}"
    return None


def find_text(text: str) -> object:
    """Return what lies in dagbuild where a text names something in one of Hamilton's modules; UNKNOWN for other texts.

    Names of tags and of config values look like addresses, too, so what dagbuild has not is no address.
    """
    if not is_theirs(text) or not _ADDRESS.fullmatch(text):
        return UNKNOWN
    _, first, *rest = text.split(".")
    found: object = find_module(f"{OURS}.{first}")
    for name in rest:
        found = find_part(found, name)
    return UNKNOWN if found is MISSING else found
