"""Give a value that was written down (in TOML, on a command line, in a variable) the type that a parameter wants.

A `Path`, an `Enum`, a dataclass, a `timedelta` have no words in TOML; on a command line everything is a text. Knows
annotations, nothing of nodes and settings. Promises: what fits already stays as it is; the same meaning is the same
value however it was spelled, so it has the same key; what cannot be read raises Unfit, never another error.
"""

from __future__ import annotations

import collections
import collections.abc
import dataclasses
import datetime as dt
import inspect
import numbers
import os
import typing
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, NewType, TypeAlias
from uuid import UUID

from dagbuild.ground.errors import did_you_mean
from dagbuild.model.node import File, Files
from dagbuild.model.spelling import READERS, TEXT_ONLY, read_text
from dagbuild.model.types import TypeForm, check_value, describe_type, is_union, plain_type

Texts: TypeAlias = Mapping[tuple[str, ...], str]
"""How values were spelled that came as a text, by their path in the value; () is the value itself."""

_SAYS_ENOUGH = {int, float, complex, Decimal, Fraction, UUID}
"""What "is no int" says all of: Python's own words would be for programmers."""

_LONGEST = 100
"""Characters of a value that a message shows."""

_NUMBERS = (int, float, complex)
_SEQUENCES: dict[Any, Callable[[list[Any]], Any]] = {
    tuple: tuple, set: set, frozenset: frozenset, collections.deque: collections.deque,
    collections.abc.Set: frozenset, collections.abc.MutableSet: set,
    **dict.fromkeys((list, collections.abc.Sequence, collections.abc.MutableSequence, collections.abc.Collection,
                     collections.abc.Iterable, collections.abc.Reversible, collections.abc.Container), list),
}  # fmt: skip
_MAPPINGS: dict[Any, Callable[[dict[Any, Any]], Any]] = {
    dict: dict, collections.OrderedDict: collections.OrderedDict,
    collections.abc.Mapping: dict, collections.abc.MutableMapping: dict,
}  # fmt: skip


class Unfit(Exception):  # noqa: N818 - an answer, not an error
    """The value is not what the annotation says: what, where inside of it, and the `reason` where there is one."""

    def __init__(self, what: str, reason: str = "", path: tuple[str, ...] = ()) -> None:
        super().__init__(": ".join(filter(None, (".".join(path), what, reason))))
        self.what = what
        self.reason = reason
        self.path = path

    def tell(self, what: str, shown: str, owner: str, form: TypeForm) -> str:
        """Return the sentence that refuses a value: what it is, who takes it as what, and more where there is more."""
        more = f" ({self})" if self.path else f": {self.reason}" if self.reason else ""
        return f"{what} is {shown}, but '{owner}' takes {describe_type(form)}{more}"


@dataclasses.dataclass(frozen=True, slots=True)
class Spelled:
    """A value that came as a text: what TOML takes the text for, and the text."""

    value: Any
    text: str


def convert_value(value: Any, form: TypeForm, texts: Texts | None = None) -> Any:
    """Return the value as a parameter of this annotation is to receive it; raises Unfit.

    `texts` say how it was spelled where it came as a text: what TOML takes for a date may have been meant as a text.
    """
    texts = texts or {}
    form = plain_type(form)
    while isinstance(form, NewType):
        form = plain_type(form.__supertype__)
    if is_union(form):
        return _convert_to_one_of(value, form, texts)
    kind: Any = typing.get_origin(form) or form
    args = typing.get_args(form)
    if kind is Literal:
        return _choose(value, form, texts)
    if isinstance(kind, type):
        if kind in _SEQUENCES and isinstance(value, (list, kind)) and not isinstance(value, str):
            return _convert_items(value, kind, args)
        if kind in _MAPPINGS and isinstance(value, Mapping):
            return _convert_entries(value, kind, args, texts)
        if _has_fields(kind) and isinstance(value, Mapping):
            return _convert_fields(value, kind, texts)
    if _fits(value, form, spelled=() in texts):
        return value
    return _make(value, form, kind, texts)


def _fits(value: Any, form: TypeForm, *, spelled: bool) -> bool:
    """Tell whether the value needs no conversion: 3 for a float does, and "true" that was typed for a number."""
    plain = plain_type(form)
    if type(value) in _NUMBERS and plain in _NUMBERS:
        return type(value) is plain
    if spelled and isinstance(value, bool) and plain in _NUMBERS:
        return False
    return check_value(value, form) and not (
        isinstance(value, str | bytes) and _wants_other_items(value, plain)
    )


def _wants_other_items(value: str | bytes, form: TypeForm) -> bool:
    """Tell whether the annotation asks for items that no text or bytes has: "1,2" is a sequence, and of no numbers."""
    args = typing.get_args(form)
    item = value[0] if value else "x" if isinstance(value, str) else 0
    return typing.get_origin(form) in _SEQUENCES and len(args) == 1 and not check_value(item, args[0])


def _make(value: Any, form: TypeForm, kind: Any, texts: Texts) -> Any:
    """Return a single value of a class; raises Unfit."""
    spelled = () in texts
    # What stood in quotes is a text already; else the letters say more than what TOML makes of them (1.10 is 1.1).
    candidates = [value] if isinstance(value, str) or not spelled else [texts[()], value]
    reason = ""
    for candidate in candidates if isinstance(kind, type) else ():
        try:
            return _read(candidate, kind, spelled=spelled)
        except LookupError:
            continue
        except (ValueError, TypeError, ArithmeticError) as error:
            reason = reason or str(error) * (kind not in _SAYS_ENOUGH)
    raise Unfit(f"{show_value(candidates[0])} is no {describe_type(form)}", reason)


def _read(value: Any, kind: type, *, spelled: bool) -> Any:
    """Return what a text, number or date means as this class; raises LookupError where it means nothing."""
    if issubclass(kind, Enum):
        return _find_member(value, kind)
    if isinstance(value, str):
        if kind in (File, Files) or (spelled and kind is str):
            return value
        if spelled and kind in TEXT_ONLY:
            return TEXT_ONLY[kind](value)
        return read_text(value, Path if kind is os.PathLike else kind)
    if type(value) in _NUMBERS:
        return _read_number(value, kind)
    if isinstance(value, dt.date) and issubclass(kind, dt.datetime):
        return kind.fromisoformat(value.isoformat())
    if isinstance(value, dt.time) and issubclass(kind, dt.timedelta):
        return read_text(value.isoformat(), kind)
    raise LookupError(kind)


def _read_number(value: Any, kind: type) -> Any:
    if kind in (float, complex):
        return (
            kind(value) if kind(value) == value or type(value) is float else value
        )  # a long one loses digits
    if kind in READERS and issubclass(kind, numbers.Number):
        return READERS[kind](repr(value))
    raise LookupError(kind)


def _find_member(value: Any, kind: type[Enum]) -> Enum:
    for member in kind:
        if type(member.value) is type(value) and member.value == value:
            return member
    if isinstance(value, str) and value in kind.__members__:
        return kind[value]
    said = ", ".join(repr(member.value) for member in kind)
    raise ValueError(f"it may be {said}")


def _choose(value: Any, form: TypeForm, texts: Texts) -> Any:
    """Return the choice of a Literal that is meant."""
    choices = typing.get_args(form)
    for said in (value, texts.get((), value)):
        for choice in choices:
            plain = choice.value if isinstance(choice, Enum) else choice
            if said is choice or (type(said) is type(plain) and said == plain):
                return choice
    said = show_value(value, texts)
    raise Unfit(f"{said} is no {describe_type(form)}", f"it may be {', '.join(map(repr, choices))}")


def _convert_to_one_of(value: Any, form: TypeForm, texts: Texts) -> Any:
    """Return the value as the member of a union that it fits, else the first one that it can be read as."""
    members = sorted(typing.get_args(form), key=lambda member: member is type(None))
    fit = [member for member in members if _fits(value, member, spelled=() in texts)]
    others = [member for member in members if member not in fit]
    reasons: list[Unfit] = []
    for member in (*fit, *others):
        try:
            return convert_value(value, member, texts)
        except Unfit as unfit:
            reasons.append(unfit)
    if len(members) == 2 and members[1] is type(None):
        raise reasons[0]
    raise Unfit(f"{show_value(value, texts)} is no {describe_type(form)}")


def _convert_items(value: Any, kind: Any, args: tuple[TypeForm, ...]) -> Any:
    items = list(value)
    forms = [args[0] if args else Any] * len(items)
    if issubclass(kind, tuple) and args and args[-1] is not Ellipsis:
        if len(args) != len(items):
            raise Unfit("", f"it has {len(items)} items, not {len(args)}")
        forms = list(args)
    found = [_inside(str(at), item, forms[at], {}) for at, item in enumerate(items)]
    if isinstance(value, kind) and _same(found, items):
        return value
    make = type(value) if isinstance(value, kind) else _SEQUENCES[kind]
    try:
        return make(found)
    except TypeError as error:  # a list in a set
        raise Unfit("", str(error)) from None


def _convert_entries(value: Mapping[Any, Any], kind: Any, args: tuple[TypeForm, ...], texts: Texts) -> Any:
    wanted, form = args if len(args) == 2 else (Any, Any)
    # A table's keys are texts whatever they stand for.
    keys = [_inside(str(key), key, wanted, {(): key} if isinstance(key, str) else {}) for key in value]
    found = [_inside(str(key), item, form, _below(texts, str(key))) for key, item in value.items()]
    if isinstance(value, kind) and _same(keys, value) and _same(found, value.values()):
        return value
    entries = dict(zip(keys, found, strict=True))
    return type(value)(entries) if isinstance(value, kind) else _MAPPINGS[kind](entries)


def _has_fields(kind: type) -> bool:
    return typing.is_typeddict(kind) or dataclasses.is_dataclass(kind) or hasattr(kind, "_fields")


def _convert_fields(value: Mapping[str, Any], kind: Any, texts: Texts) -> Any:
    """Return an instance of a dataclass, NamedTuple or TypedDict whose fields are in the table."""
    try:
        hints = typing.get_type_hints(kind)
    except Exception:  # a name that is not there: what is not understood is accepted
        hints = {}
    if typing.is_typeddict(kind):
        entries = {
            key: _inside(key, each, hints.get(key, Any), _below(texts, key)) for key, each in value.items()
        }
        if lacking := sorted(kind.__required_keys__ - value.keys()):
            raise Unfit("", f"it has no '{lacking[0]}'")
        return value if _same(entries.values(), value.values()) else entries
    if dataclasses.is_dataclass(kind):
        known = [each.name for each in dataclasses.fields(kind) if each.init]
    else:
        known = list(kind._fields)
    for name in value:
        if name not in known:
            hint = did_you_mean(str(name), known)
            raise Unfit(f"{kind.__name__} has no '{name}'", hint or "", (str(name),))
    found = {
        name: _inside(name, value[name], hints.get(name, Any), _below(texts, name))
        for name in known
        if name in value
    }
    try:
        inspect.signature(kind).bind(**found)  # says what is missing in words of its own
        return kind(**found)
    except Exception as error:  # whatever the author's own checks raise
        raise Unfit("", str(error) or type(error).__name__) from error


def _inside(name: str, value: Any, form: TypeForm, texts: Texts) -> Any:
    try:
        return convert_value(value, form, texts)
    except Unfit as unfit:
        raise Unfit(unfit.what, unfit.reason, (name, *unfit.path)) from None


def _below(texts: Texts, name: str) -> Texts:
    return {path[1:]: text for path, text in texts.items() if path and path[0] == name}


def _same(found: Iterable[Any], before: Iterable[Any]) -> bool:
    return all(one is other for one, other in zip(found, before, strict=True))


def show_value(value: Any, texts: Texts | None = None) -> str:
    """Return a value as a message shows it: as it was spelled, a large one by its type."""
    value = texts.get((), value) if texts else value
    if isinstance(value, dt.date | dt.time):
        return str(value)
    text = repr(value) if type(value).__module__ == "builtins" else ""
    return text if 0 < len(text) <= _LONGEST else f"of type {type(value).__name__}"
