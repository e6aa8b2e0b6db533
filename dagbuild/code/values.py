"""What a value says: typed, canonical content, the same in every process, folder and supported Python.

Types count (1, 1.0, True and "1" differ), the order of dicts counts, that of sets does not; no `repr` (addresses),
no pickle bytes (equal values differ), no hash. Unaware of functions and classes of the project, to which the
walk answers. A value that says nothing (a lock, a connection, a generator) is marked opaque.
"""

from __future__ import annotations

import argparse
import ast
import collections
import contextvars
import copyreg
import datetime
import decimal
import enum
import functools
import importlib.machinery
import os
import pathlib
import re
import types
import typing
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from dagbuild.code import array_values
from dagbuild.code.entities import Entity, Item, Unordered, showing
from dagbuild.code.protocols import Referrer
from dagbuild.code.silent import says_nothing
from dagbuild.code.statements import clean_text
from dagbuild.code.wrappers import fill_wrapper, find_wrapped
from dagbuild.ground.digest import digest_bytes


def scalar(value: Any, localize: Callable[[str], str]) -> str | None:
    """Return the text of a plain scalar, or None for anything else."""
    kind = type(value)
    if kind is str:
        return "str:" + localize(value)
    if kind is int:
        return f"int:{value:#x}"
    if kind is float:
        return "float:nan" if value != value else f"float:{value.hex()}"  # noqa: PLR0124
    if value is None or kind is bool or value is Ellipsis or value is NotImplemented:
        return f"{kind.__name__}:{value}"
    if kind is bytes or kind is bytearray:
        return f"{kind.__name__}:{len(value)}:{digest_bytes(value)}"
    if kind is complex:
        return f"complex:{_hex(value.real)},{_hex(value.imag)}"
    return None


def _hex(value: float) -> str:
    return "nan" if value != value else value.hex()  # noqa: PLR0124


def fill_value(walk: Referrer, entity: Entity, value: Any) -> None:
    """Fill in the content of a value that is no scalar, function, class or module."""
    kind = type(value)
    encode = _EXACT.get(kind)
    if encode is not None:
        if kind in _DOCUMENTED:
            entity.shown.append(showing(doc=lambda: _own_doc(value)))
        entity.items = [kind.__name__, *encode(walk, value)]
        return
    found = array_values.array_items(walk, value)
    if found is not None:
        entity.items = [walk.refer(kind), *found]
        return
    if isinstance(value, enum.Enum):
        entity.items = ["member", walk.refer(kind), value.name or scalar(value.value, walk.localize) or ""]
        return
    if isinstance(value, pathlib.PurePath):
        pure = "Path" if isinstance(value, pathlib.Path) else "PurePath"
        entity.items = [pure, walk.localize(value.as_posix())]
        return
    typed = _typing_items(walk, value)
    if typed is not None:
        entity.items = typed
    elif isinstance(value, types.MethodWrapperType):
        entity.items = ["bound", value.__name__, walk.refer(value.__self__)]
    elif walk.is_project_type(kind):
        _fill_instance(walk, entity, value)
    else:
        _fill_foreign(walk, entity, value)


# -- containers and well-known types -----------------------------------------------------------------


def _sequence(walk: Referrer, value: Iterable[Any]) -> list[Item]:
    return [walk.refer(item) for item in value]


def _mapping(walk: Referrer, value: Any) -> list[Item]:
    return [walk.refer(part) for pair in value.items() for part in pair]


def _set(walk: Referrer, value: Iterable[Any]) -> list[Item]:
    return [Unordered(tuple(walk.refer(item) for item in value))]


def _datetime(walk: Referrer, value: Any) -> list[Item]:
    zone = getattr(value, "tzinfo", None)
    return [value.isoformat(), str(getattr(value, "fold", 0)), walk.refer(zone) if zone is not None else ""]


def _partial(walk: Referrer, value: Any) -> list[Item]:
    return [
        *(walk.refer(part) for part in (value.func, value.args, value.keywords)),
        *_own_attributes(walk, value),
    ]


def _method(walk: Referrer, value: types.MethodType) -> list[Item]:
    return [walk.refer(value.__func__), walk.refer(value.__self__)]


def _wrapping(walk: Referrer, value: Any) -> list[Item]:
    return [walk.refer(value.__func__)]


def _property(walk: Referrer, value: property) -> list[Item]:
    return [walk.refer(part) for part in (value.fget, value.fset, value.fdel)]


def _lru_cache(walk: Referrer, value: Any) -> list[Item]:
    return [walk.refer(value.cache_parameters()), *_own_attributes(walk, value)]


def _own_attributes(walk: Referrer, value: Any) -> list[Item]:
    return [item for name, part in sorted(vars(value).items()) if not name.startswith("__") or name == "__wrapped__"
            for item in (name, walk.refer(part))]  # fmt: skip


def _set_in(value: contextvars.ContextVar[Any]) -> tuple[Any, ...]:
    """Return what a context variable is set to here, or by default; nothing where it is not."""
    try:
        return (value.get(),)
    except LookupError:
        return ()


def _builtin(walk: Referrer, value: types.BuiltinFunctionType) -> list[Item]:
    owner = value.__self__
    if owner is None or isinstance(owner, types.ModuleType):
        return [walk.refer_named(value) or value.__qualname__]
    return [value.__name__, walk.refer(owner)]


def _environment(walk: Referrer, value: Any) -> list[Item]:
    """What is looked up in the process's own is observed; a copy is what it holds."""
    return [] if value._data is os.environ._data else [walk.refer(dict(value))]  # type: ignore[attr-defined]


def _described(_: Referrer, value: Any) -> list[Item]:
    owner = value.__objclass__
    return [f"{owner.__module__}.{owner.__qualname__}", value.__name__]


_EXACT: dict[type, Callable[[Any, Any], list[Item]]] = {
    list: _sequence,
    tuple: _sequence,
    collections.deque: lambda walk, v: [str(v.maxlen), *_sequence(walk, v)],
    dict: _mapping,
    collections.OrderedDict: _mapping,
    collections.Counter: _mapping,
    collections.defaultdict: lambda walk, v: [walk.refer(v.default_factory), *_mapping(walk, v)],
    collections.ChainMap: lambda walk, v: _sequence(walk, v.maps),
    types.MappingProxyType: _mapping,
    # Both are their attributes in order: it is what their repr shows.
    types.SimpleNamespace: lambda walk, v: _mapping(walk, vars(v)),
    argparse.Namespace: lambda walk, v: _mapping(walk, vars(v)),
    set: _set,
    frozenset: _set,
    range: lambda _, v: [f"{v.start},{v.stop},{v.step}"],
    slice: lambda walk, v: _sequence(walk, (v.start, v.stop, v.step)),
    memoryview: lambda _, v: [v.format, str(v.shape), digest_bytes(v.tobytes())],
    datetime.date: lambda _, v: [v.isoformat()],
    datetime.datetime: _datetime,
    datetime.time: _datetime,
    datetime.timedelta: lambda _, v: [f"{v.days},{v.seconds},{v.microseconds}"],
    decimal.Decimal: lambda _, v: [str(v.as_tuple())],
    uuid.UUID: lambda _, v: [v.hex],
    # The time at which a folder was read last, and what was in it then, are no part of it.
    importlib.machinery.FileFinder: lambda walk, v: [walk.localize(v.path)],
    contextvars.ContextVar: lambda walk, v: [v.name, *_sequence(walk, _set_in(v))],
    re.Pattern: lambda walk, v: [walk.refer(v.pattern), str(v.flags)],
    functools.partial: _partial,
    functools.partialmethod: lambda walk, v: _sequence(walk, (v.func, v.args, v.keywords)),
    functools.cached_property: lambda walk, v: [walk.refer(v.func)],
    functools.singledispatchmethod: lambda walk, v: _sequence(walk, (v.dispatcher, v.func)),
    functools._lru_cache_wrapper: _lru_cache,
    type(os.environ): _environment,
    types.MethodType: _method,
    staticmethod: _wrapping,
    classmethod: _wrapping,
    property: _property,
    types.BuiltinFunctionType: _builtin,
    types.MethodDescriptorType: _described,
    types.WrapperDescriptorType: _described,
    types.ClassMethodDescriptorType: _described,
    types.GetSetDescriptorType: _described,
    types.MemberDescriptorType: _described,
    types.CodeType: lambda walk, v: [
        v.co_code.hex(),
        *_sequence(walk, (v.co_consts, v.co_names, v.co_varnames)),
    ],
}


_DOCUMENTED = (property, functools.cached_property, functools.partial, functools.partialmethod)
"""Whose docstring may be given beside the function's."""


def _own_doc(value: Any) -> str:
    return "" if value.__doc__ == type(value).__doc__ else clean_text(value.__doc__)


def _typing_items(walk: Referrer, value: Any) -> list[Item] | None:
    """Return the content of what annotations are made of, or None for anything else."""
    kind = type(value)
    if kind.__module__ not in {"typing", "types", "typing_extensions"}:
        return None
    if isinstance(value, typing.TypeVar):
        return ["TypeVar", value.__name__, *_sequence(walk, (value.__bound__, value.__constraints__))]
    if isinstance(value, typing.ForwardRef):
        return ["ForwardRef", value.__forward_arg__]
    if isinstance(value, typing.NewType):
        return ["NewType", str(value.__name__), walk.refer(value.__supertype__)]
    origin = typing.get_origin(value)
    if origin is not None:
        name = str(getattr(value, "_name", None) or kind.__name__)
        return [name, walk.refer(origin), *_sequence(walk, typing.get_args(value))]
    special = getattr(value, "_name", None) or getattr(value, "__name__", None)
    return ["typing", special] if isinstance(special, str) and kind.__module__ != "types" else None


# -- objects -------------------------------------------------------------------------------------------


def _fill_instance(walk: Referrer, entity: Entity, value: Any) -> None:
    """Fill in an object of a class of the project: its class, attributes and slots."""
    entity.items = ["instance", walk.refer(type(value))]
    attributes = dict(getattr(value, "__dict__", None) or {})
    for cls in type(value).__mro__:
        for name, slot in vars(cls).items():
            if isinstance(slot, types.MemberDescriptorType) and name not in {"__dict__", "__weakref__"}:
                try:
                    attributes.setdefault(name, slot.__get__(value))
                except AttributeError:
                    continue
    # The order in which attributes were set says nothing, unless somebody lists them.
    shown = showing(
        order=lambda: " ".join(map(str, attributes)), doc=lambda: clean_text(attributes.get("__doc__"))
    )
    entity.shown.append(shown)
    listed = isinstance(value, argparse.Namespace | types.SimpleNamespace)
    for name, part in attributes.items() if listed else sorted(attributes.items(), key=lambda p: str(p[0])):
        if name == "__doc__":
            continue
        entity.items += [str(name), walk.refer(part)]
    if isinstance(value, dict):
        entity.items += ["dict", *_mapping(walk, dict.copy(value))]
    elif isinstance(value, list | tuple):
        entity.items += ["sequence", *_sequence(walk, value)]
    elif isinstance(value, set | frozenset):
        entity.items += ["set", *_set(walk, value)]
    elif isinstance(value, BaseException):
        entity.items += ["args", *_sequence(walk, value.args)]
    elif isinstance(value, str | int | float | bytes | complex):
        plain = next(base for base in type(value).__mro__ if base in _PLAIN)
        entity.items.append(walk.refer(_PLAIN[plain](value)))
    elif _foreign_state(walk, type(value)):
        _append_reduced(walk, entity, value)


_PLAIN: dict[type, Callable[[Any], Any]] = {
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
    bytes: lambda v: bytes.__getitem__(v, slice(None)),
    complex: lambda v: complex(v.real, v.imag),
}


def _foreign_state(walk: Referrer, cls: type) -> bool:
    """Tell whether a base from elsewhere keeps state that is no attribute."""
    for base in cls.__mro__:
        own = vars(base)
        if base is object or not {"__reduce__", "__reduce_ex__", "__getstate__"}.isdisjoint(own):
            return base is not object and not walk.is_project_type(base)
    return False


def _fill_foreign(walk: Referrer, entity: Entity, value: Any) -> None:
    """Fill in an object of a library: by its name there, by what it wraps, or by how it would be copied."""
    named = walk.refer_named(value)
    if named is not None:
        entity.items = ["named", named]
        return
    kind = type(value)
    if says_nothing(value):
        _make_opaque(entity, kind)
        return
    wrapped = find_wrapped(value)
    if wrapped is not None:
        fill_wrapper(walk, entity, value, wrapped)
        return
    entity.items = ["object", walk.refer(kind)]
    _append_reduced(walk, entity, value)


def _make_opaque(entity: Entity, kind: type) -> None:
    entity.items = ["nothing", kind.__qualname__]
    entity.opaque = f"{kind.__module__}.{kind.__qualname__}"


_SHARED_SYNTAX = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
"""One object of each for all syntax trees of a process: what hangs on it is not this tree's."""


def _append_reduced(walk: Referrer, entity: Entity, value: Any) -> None:
    kind = type(value)
    try:
        reduced = value.__reduce_ex__(4)
        if isinstance(reduced, str):
            entity.items.append(f"global {reduced}")
            return
        function, arguments, state, items, pairs = (*reduced, None, None, None, None)[:5]
        parts = [arguments, state, list(items or ()), [part for pair in pairs or () for part in pair]]
    except Exception:  # not made to be copied; a stranger's code may raise anything
        _make_opaque(entity, kind)
        return
    if function not in {copyreg.__newobj__, copyreg.__reduce_ex__}:  # type: ignore[attr-defined]
        entity.items.append(walk.refer(function))
    if isinstance(value, _SHARED_SYNTAX):
        parts[1] = {}
    # The order in which attributes were set says nothing, unless somebody lists them.
    elif isinstance(state, dict) and all(isinstance(name, str) for name in state):
        parts[1] = dict(sorted(state.items()))
        entity.shown.append(showing(order=lambda: " ".join(state)))
    entity.items += [walk.refer(part) for part in parts]
