# ruff: noqa: PLR0911  # rules are tables of cases
"""Type rules: what may flow along an edge, and what may come in from outside.

Follows type checkers where their rules make sense between functions. Knows nothing of nodes and graphs.
Promise: a form that is not understood is accepted, never a crash, so that an exotic annotation cannot stop a
build.
"""

from __future__ import annotations

import collections.abc
import inspect
import numbers
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import PurePath
from typing import Any, ForwardRef, Literal, NewType, ParamSpec, TypeAlias, TypeVar, Union

from dagbuild.ground.digits import tell
from dagbuild.model.node import File, Files

TypeForm: TypeAlias = Any
"""An annotation: a class or any of the forms of `typing`."""

_TOWER: dict[Any, tuple[type, ...]] = {float: (int,), complex: (int, float)}
"""What a type checker takes for a number although it is no subclass."""

_COVARIANT = (
    tuple,
    type,
    frozenset,
    collections.abc.Iterable,
    collections.abc.Iterator,
    collections.abc.Generator,
    collections.abc.Collection,
    collections.abc.Sequence,
    collections.abc.Set,
    collections.abc.Reversible,
    collections.abc.Awaitable,
    collections.abc.KeysView,
    collections.abc.ValuesView,
    collections.abc.ItemsView,
)

_CALLABLE: Any = collections.abc.Callable

_OWN = ("builtins", "collections", "collections.abc")
"""Where the containers are whose arguments say what is in them."""

_SAMPLE = 5
"""How many elements of a container from outside are looked at."""


def accepts(produced: TypeForm, wanted: TypeForm) -> bool:
    """Tell whether a value of type `produced` may be given to a parameter of type `wanted`."""
    if produced is wanted:
        return True
    produced, wanted = plain_type(produced), plain_type(wanted)
    if _is_open(produced) or _is_open(wanted) or wanted is object or _equal(produced, wanted):
        return True
    if is_union(produced):
        return all(accepts(member, wanted) for member in _args(produced))
    if _origin(produced) is Literal:
        return _literal_accepts(produced, wanted)
    if is_union(wanted):
        return any(accepts(produced, member) for member in _args(wanted))
    if _origin(wanted) is Literal or isinstance(wanted, NewType):
        return isinstance(produced, NewType) and accepts(produced.__supertype__, wanted)
    if isinstance(produced, NewType):
        return accepts(produced.__supertype__, wanted)
    if wanted in (File, Files):
        return _file_accepts(produced, wanted)
    return _class_accepts(produced, wanted)


def check_value(value: Any, wanted: TypeForm) -> bool:
    """Tell whether `value` fits the annotation; of a container only the first few elements are looked at."""
    wanted = plain_type(wanted)
    if _is_open(wanted) or wanted is object:
        return True
    if isinstance(wanted, NewType):
        return check_value(value, wanted.__supertype__)
    origin = _origin(wanted)
    if is_union(wanted):
        return any(check_value(value, member) for member in _args(wanted))
    if origin is Literal:
        return any(type(value) is type(choice) and value == choice for choice in _args(wanted))
    if wanted is File:
        return isinstance(value, (str, PurePath))
    if wanted is Files:
        paths = value if isinstance(value, (list, tuple)) else [value]
        return all(isinstance(path, (str, PurePath)) for path in paths)
    return _check_class(value, origin or wanted, _args(wanted))


def fits_outside(value: Any, wanted: TypeForm) -> bool:
    """Tell whether `value` is of the annotation's outer type, whatever is in it; what a protocol asks is not looked at.

    What libraries take for one of Python's is one: numpy's numbers and truth values.
    """
    wanted = plain_type(wanted)
    origin = _origin(wanted)
    if _is_open(wanted) or wanted is object:
        return True
    if isinstance(wanted, NewType):
        return fits_outside(value, wanted.__supertype__)
    if is_union(wanted):
        return any(fits_outside(value, member) for member in _args(wanted))
    if origin is Literal:
        return any(fits_outside(value, type(choice)) for choice in _args(wanted))
    if wanted in (File, Files):
        return check_value(value, wanted)
    kind = origin or wanted
    if getattr(kind, "_is_protocol", False):
        return True
    if typing.is_typeddict(kind):
        return isinstance(value, dict)
    if kind is bool and type(value).__module__ == "numpy":
        return type(value).__name__ in ("bool", "bool_")
    try:
        # A class may be there to annotate alone: pandera's DataFrame[Schema] is a DataFrame that nobody makes.
        return _check_class(value, kind, ()) or (
            origin is not None and kind.__module__ not in _OWN and issubclass(kind, type(value))
        )
    except Exception:  # a metaclass of the user's
        return True


def plain_type(form: TypeForm) -> TypeForm:
    """Return the annotation without `Annotated` and aliases; a type variable becomes what it stands for."""
    while True:
        if _origin(form) is typing.Annotated:
            form = form.__origin__
        elif type(form).__name__ == "TypeAliasType":
            form = form.__value__
        elif isinstance(form, TypeVar):
            if form.__bound__ is None and not form.__constraints__:
                return Any
            # Not X | Y: the constraints are known at run time only.
            form = form.__bound__ or Union[form.__constraints__]  # noqa: UP007
        else:
            break
    if form is None:
        return type(None)
    return str if form is typing.LiteralString else form


def is_union(form: TypeForm) -> bool:
    """Tell whether the form is `X | Y`, `Union` or `Optional`."""
    return _origin(form) in (Union, types.UnionType)


def describe_type(form: TypeForm) -> str:
    """Return the type as people write it: `int | None`, `list[str]`, `pandas.DataFrame`."""
    form = form.__origin__ if _origin(form) is typing.Annotated else form
    if form is None or form is type(None):
        return "None"
    if isinstance(form, str):
        return form
    if isinstance(form, ForwardRef):
        return form.__forward_arg__
    if isinstance(form, TypeVar):
        return form.__name__
    origin, args = _origin(form), _args(form)
    if is_union(form):
        return " | ".join(describe_type(member) for member in args)
    if origin is Literal:
        return f"Literal[{', '.join(tell(choice) for choice in args)}]"
    if origin is _CALLABLE:
        return "Callable"
    if origin is not None and args:
        inner = ", ".join("..." if arg is Ellipsis else describe_type(arg) for arg in args)
        return f"{describe_type(origin)}[{inner}]"
    name = getattr(form, "__qualname__", None) or getattr(form, "__name__", None)
    if name is None:
        return str(form).removeprefix("typing.")
    module = getattr(form, "__module__", "")
    if module in ("builtins", "typing", "collections.abc", "__main__") or module.startswith("dagbuild."):
        return str(name)
    return f"{module.split('.')[0]}.{name}"


def _origin(form: Any) -> Any:
    return typing.get_origin(form)


def _args(form: Any) -> tuple[Any, ...]:
    return typing.get_args(form)


def _is_open(form: TypeForm) -> bool:
    """Tell whether nothing can be said of the form: `Any`, a name that was not found, what we do not know."""
    if form is Any or form is Ellipsis or isinstance(form, (str, ForwardRef, ParamSpec)):
        return True
    return not (isinstance(form, (type, NewType)) or _origin(form) is not None or is_union(form))


def _equal(left: TypeForm, right: TypeForm) -> bool:
    try:
        return bool(left == right)
    except Exception:  # a metaclass of the user's
        return False


def _literal_accepts(produced: TypeForm, wanted: TypeForm) -> bool:
    return all(
        any(
            choice in _args(member) if _origin(member) is Literal else accepts(type(choice), member)
            for member in (_args(wanted) if is_union(wanted) else (wanted,))
        )
        for choice in _args(produced)
    )


def _file_accepts(produced: TypeForm, wanted: TypeForm) -> bool:
    kind = _origin(produced) or produced
    if not isinstance(kind, type):
        return True
    if wanted is Files and issubclass(kind, (list, tuple)):
        args = [arg for arg in _args(produced) if arg is not Ellipsis]
        return all(accepts(arg, File) for arg in args)
    return issubclass(kind, (str, PurePath))


def _class_accepts(produced: TypeForm, wanted: TypeForm) -> bool:
    have = _origin(produced) or produced
    want = _origin(wanted) or wanted
    if not isinstance(have, type) or not isinstance(want, type):
        return True
    if want is _CALLABLE:
        return have is _CALLABLE or issubclass(have, _CALLABLE)
    if typing.is_typeddict(want):
        return typing.is_typeddict(have) and _typed_dict_fits(have, want)
    if typing.is_typeddict(have):
        have = dict
    if not _is_subclass(have, want):
        return have in _TOWER.get(want, ()) or any(_is_subclass(have, kind) for kind in _TOWER.get(want, ()))
    return _arguments_fit(have, _args(produced), want, _args(wanted))


def _is_subclass(have: type, want: type) -> bool:
    if getattr(want, "_is_protocol", False):
        return all(hasattr(have, name) or name in _annotated(have) for name in _protocol_members(want))
    try:
        return issubclass(have, want)
    except TypeError:
        return True


def _annotated(kind: type) -> set[str]:
    return {name for base in kind.__mro__ for name in inspect.get_annotations(base)}


def _protocol_members(protocol: type) -> set[str]:
    known = getattr(protocol, "__protocol_attrs__", None)  # Python 3.12 and later
    if known is not None:
        return set(known)
    members: set[str] = set()
    for base in protocol.__mro__:
        if getattr(base, "_is_protocol", False) and base is not typing.Protocol:
            names = {*base.__dict__, *inspect.get_annotations(base)}
            members |= {name for name in names if not name.startswith(("_abc_", "__abstract", "_is_"))}
    boring = {"__module__", "__dict__", "__weakref__", "__doc__", "__annotations__", "__slots__", "__init__"}
    return members - boring - {"__parameters__", "__orig_bases__", "__subclasshook__", "__class_getitem__"}


def _typed_dict_fits(have: Any, want: Any) -> bool:
    own, needed = have.__annotations__, want.__annotations__
    return all(key in own and accepts(own[key], needed[key]) for key in needed)


def _arguments_fit(have: type, own: tuple[TypeForm, ...], want: type, needed: tuple[TypeForm, ...]) -> bool:
    if not own or not needed:
        return True
    if have is tuple:
        return _tuple_fits(own, want, needed)
    if issubclass(have, collections.abc.Mapping) and len(own) == 2:
        if issubclass(want, collections.abc.Mapping) and len(needed) == 2:
            exact = issubclass(want, collections.abc.MutableMapping)
            return _same(own[0], needed[0]) and (_same if exact else accepts)(own[1], needed[1])
        return len(needed) != 1 or accepts(own[0], needed[0])
    if want in _COVARIANT and len(needed) <= len(own):
        return accepts(own[0], needed[0])
    if len(own) != len(needed) or have.__module__ not in _OWN:
        return True  # a generic class of somebody's: its variance is not ours to know
    return all(_same(a, b) for a, b in zip(own, needed, strict=True))


def _same(a: TypeForm, b: TypeForm) -> bool:
    return accepts(a, b) and accepts(b, a)


def _tuple_fits(own: tuple[TypeForm, ...], want: type, needed: tuple[TypeForm, ...]) -> bool:
    open_ended = len(own) == 2 and own[1] is Ellipsis
    if want is not tuple or (len(needed) == 2 and needed[1] is Ellipsis):
        items = own[:1] if open_ended else own
        return all(accepts(item, needed[0]) for item in items)
    if open_ended or len(own) != len(needed):
        return False
    return all(accepts(a, b) for a, b in zip(own, needed, strict=True))


def _check_class(value: Any, kind: TypeForm, args: tuple[TypeForm, ...]) -> bool:
    if not isinstance(kind, type):
        return True
    if kind is _CALLABLE:
        return callable(value)
    if kind is type:
        return isinstance(value, type)
    if typing.is_typeddict(kind):
        return isinstance(value, dict) and set(kind.__dict__["__required_keys__"]) <= value.keys()
    number = {int: numbers.Integral, float: numbers.Real, complex: numbers.Complex}.get(kind)
    if number is not None:
        return isinstance(value, number)  # numpy's numbers too
    if getattr(kind, "_is_protocol", False):
        return all(hasattr(value, name) for name in _protocol_members(kind))
    try:
        if not isinstance(value, kind):
            return False
    except TypeError:
        return True
    return _check_elements(value, kind, args)


def _check_elements(value: Any, kind: type, args: tuple[TypeForm, ...]) -> bool:
    check: Callable[[Iterable[Any], TypeForm], bool] = lambda items, form: all(  # noqa: E731
        check_value(item, form) for item in islice(items, _SAMPLE)
    )
    if kind is tuple and args and args[-1] is not Ellipsis:
        return len(value) == len(args) and all(map(check_value, value, args))
    if kind.__module__ not in _OWN:
        return True  # a generic class of somebody's: what its arguments are of is not ours to know
    if isinstance(value, Mapping) and len(args) == 2:
        return check(value, args[0]) and check(value.values(), args[1])
    if isinstance(value, (list, tuple, set, frozenset)) and args:
        return check(value, args[0])
    return True
