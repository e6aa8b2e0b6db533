"""Which loaders and savers there are, and which of them is meant by a format and a type.

Ours are made known when somebody first asks for one. Of several that fit, the one that was registered last is taken, so
that one's own come first.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from dagbuild.formats.adapters import AdapterCommon, DataLoader, DataSaver
from dagbuild.ground.errors import GraphError, UserError, did_you_mean
from dagbuild.model.types import describe_type

LOADERS: dict[str, list[type[DataLoader]]] = {}
"""By format, in the order in which they were registered."""

SAVERS: dict[str, list[type[DataSaver]]] = {}

Adapter = TypeVar("Adapter", bound=AdapterCommon)


@functools.cache
def know_all() -> None:
    """Make our own known, before anybody looks for one or adds one: a graph without formats needs none of them."""
    from dagbuild.formats import frames, plain

    # The later ones count: what may be anything is plain JSON, and the pickle of a frame is pandas' affair.
    pickles = [adapter for adapter in frames.ADAPTERS if adapter.name() == "pickle"]
    for adapter in (*frames.ADAPTERS, *plain.ADAPTERS, *pickles):
        _register(adapter)


def register_adapter(adapter: Any) -> None:
    """Make a loader or saver known under its name; of one that is defined anew, the new one counts.

    Raises GraphError for what is neither.
    """
    know_all()
    _register(adapter)


def _register(adapter: Any) -> None:
    if not (inspect.isclass(adapter) and issubclass(adapter, AdapterCommon)):
        raise GraphError(
            f"register_adapter: {adapter!r} is neither a loader nor a saver",
            hint="give a class that is made of DataLoader or DataSaver",
        )
    adapter.get_required_arguments()  # says what is wrong with its fields
    if issubclass(adapter, DataLoader):
        _add(LOADERS.setdefault(adapter.name(), []), adapter)
    if issubclass(adapter, DataSaver):
        _add(SAVERS.setdefault(adapter.name(), []), adapter)


def _add(known: list[type[Adapter]], adapter: type[Adapter]) -> None:
    name = adapter.__module__, adapter.__qualname__
    known[:] = [each for each in known if (each.__module__, each.__qualname__) != name]
    known.append(adapter)


def find_loader(form: str, kind: Any, what: str) -> type[DataLoader]:
    """Return what loads a value of this type from the format; raises GraphError, in which `what` is called by name."""
    known = _find_known(LOADERS, form, "load_from", "loader")
    return _choose(known, form, kind, f"{what} is {describe_type(kind)}, which no loader")


def find_saver(form: str, kind: Any, what: str) -> type[DataSaver]:
    """Return what saves a value of this type in the format; raises GraphError, in which `what` is called by name."""
    known = _find_known(SAVERS, form, "save_to", "saver")
    return _choose(known, form, kind, f"{what} is {describe_type(kind)}, which no saver")


def _find_known(
    known: Mapping[str, list[type[Adapter]]], form: str, verb: str, what: str
) -> list[type[Adapter]]:
    know_all()
    if form not in known:
        raise GraphError(
            f"there is no format '{form}' to {verb.replace('_', ' ')}",
            hint=did_you_mean(form, known)
            or f"one of {', '.join(known)}; for a {what} of your own, call register_adapter",
        )
    return known[form]


def _choose(known: Collection[type[Adapter]], form: str, kind: Any, what: str) -> type[Adapter]:
    for adapter in reversed([*known]):
        if adapter.applies_to(kind):
            return adapter
    kinds: dict[str, None] = {}
    for adapter in known:
        with contextlib.suppress(UserError):  # its library is not installed
            kinds |= dict.fromkeys(map(describe_type, adapter.applicable_types()))
    told = f"annotate it with one of {', '.join(kinds)}" if kinds else None
    raise GraphError(f"{what} of '{form}' is for", hint=told)


def _tell_place(adapter: type[AdapterCommon], given: Collection[str]) -> str | None:
    place = adapter.place
    return f"its file is called '{place}'" if place is not None and place not in given else None


def check_arguments(adapter: type[AdapterCommon], given: Collection[str], what: str) -> dict[str, Any]:
    """Return the types of all arguments that it takes; raises GraphError where one is unknown or lacking."""
    required, optional = adapter.get_required_arguments(), adapter.get_optional_arguments()
    known = {**required, **optional}
    for name in given:
        if name not in known:
            raise GraphError(
                f"{what} takes no '{name}'",
                hint=did_you_mean(name, known)
                or _tell_place(adapter, given)
                or f"it takes {', '.join(known)}",
            )
    lacking = [name for name in required if name not in given]
    if lacking:
        raise GraphError(
            f"{what} needs {' and '.join(map(repr, lacking))}",
            hint=f"{what}({', '.join(f'{name}=...' for name in lacking)})",
        )
    return known
