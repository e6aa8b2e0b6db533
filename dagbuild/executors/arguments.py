"""What a step's function is called with: stored values loaded, views run, files by their paths, each its own.

Knows bindings and artifacts; nothing of how the call is watched or what comes of it. Guards: no consumer can change
what another one gets.
"""

from __future__ import annotations

import copy
import itertools
import pickle
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any, TypeAlias

from dagbuild.artifacts import Artifacts
from dagbuild.codecs.selecting import NoSuchColumns, NoTable, select_columns
from dagbuild.executors.base import Work
from dagbuild.ground.errors import BlobDamagedError, BlobMissingError, CodecError, ColumnsError, did_you_mean
from dagbuild.ground.matching import find_files
from dagbuild.model.node import File, Files, Group, Node, Parameter, Source, Value


class LostError(Exception):
    """An upstream value cannot be read back."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name = name
        self.why = why


def bind(work: Work, artifacts: Artifacts, call: Callable[[Node, Mapping[str, Any]], Any]) -> dict[str, Any]:
    """Return the keywords to call the node's function with, after running its views through `call`.

    Raises LostError for an upstream value that cannot be read back, ColumnsError for one without the columns asked for.
    """
    views: dict[str, Any] = {}
    takers = (*work.views, work.node) if work.views else ()
    wanted = Counter(name for node in takers for p in node.parameters for name in p.upstream)

    def get(name: str, parameter: Parameter) -> Any:
        columns = parameter.columns
        if name in views:
            wanted[name] -= 1
            value = views[name]
            if wanted[name]:  # the last to ask, and most often there is one only, gets the value itself
                value, views[name] = hand_out(value)
            return select_columns(value, columns.names) if columns else value
        if name in work.held:
            value = hand_out(work.held[name])[0]
            return select_columns(value, columns.names) if columns else value
        try:
            if parameter.item is not None:
                return artifacts.load_item(work.values[name], parameter.item)
            return artifacts.load(work.values[name], columns)
        except (BlobMissingError, BlobDamagedError, CodecError) as error:
            raise LostError(name, str(error)) from error

    known = {*work.values, *work.held, *(view.name for view in work.views)}
    for view in work.views:
        views[view.name] = call(view, fill(view, known, get))
    return fill(work.node, known, get)


Get: TypeAlias = Callable[[str, Parameter], Any]


def fill(node: Node, known: Container[str], get: Get, *, share: bool = False) -> dict[str, Any]:
    """Return the keywords to call the node's function with; an optional parameter without a value is left out.

    What a decorator was given is copied for each call, where that can be done, unless calls `share` it. Raises
    ColumnsError when a value has not the columns that the node asks for.
    """

    def get_for(name: str, parameter: Parameter) -> Any:
        try:
            return get(name, parameter)
        except (NoSuchColumns, NoTable) as reason:
            raise _no_columns(node, name, reason) from None

    return {
        p.keyword: _argument(p, get_for, share)
        for p in node.parameters
        if all(name in known for name in p.upstream)
    }


def _no_columns(node: Node, upstream: str, reason: NoSuchColumns | NoTable) -> ColumnsError:
    if isinstance(reason, NoTable):
        return ColumnsError(
            f"'{node.name}' asks for columns of '{upstream}', which is of type '{reason}' and has none",
            where=str(node.where),
            hint="return a DataFrame or Table of pandas, polars or pyarrow, or take Columns(...) away",
        )
    missing = ", ".join(map(repr, reason.missing))
    known = [str(label) for label in reason.known]
    return ColumnsError(
        f"'{node.name}' asks for {missing} of '{upstream}', whose columns are {reason.tell_known()}",
        where=str(node.where),
        hint=did_you_mean(str(reason.missing[0]), known) or f"name a column of '{upstream}' in Columns(...)",
    )


def _argument(parameter: Parameter, get: Get, share: bool) -> Any:
    # A path is stored as plain text; its type is the parameter's.
    if parameter.type is File:
        return File(_bound(parameter, get, share))
    if parameter.type is Files:
        return Files(map(File, _list_files(_bound(parameter, get, share))))
    return _bound(parameter, get, share)


def _list_files(value: Any) -> list[Any]:
    """Return the files that a value of paths stands for: those in a folder, where it is one path."""
    if not isinstance(value, str | PurePath):
        return list(value)
    path = Path(value)
    return find_files(str(path)) if path.is_dir() else [path]


def _bound(parameter: Parameter, get: Get, share: bool) -> Any:
    def item(binding: Source | Value) -> Any:
        if isinstance(binding, Source):
            return get(binding.name, parameter)
        return binding.value if share else _copy(binding.value)

    match parameter.binding:
        case Group(items, None):
            return [item(binding) for binding in items]
        case Group(items, keys):
            return {key: item(binding) for key, binding in zip(keys or (), items, strict=True)}
        case binding:
            return item(binding)


def _copy(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:
        return value  # a connection, a lock: there is one, and everybody gets it


def hand_out(value: Any) -> tuple[Any, Any]:
    """Return a value for one consumer, and what to keep for the next: neither can change the other."""
    if isinstance(value, Iterator):
        mine, rest = itertools.tee(value)
        return mine, rest
    # Pickle first: a deep copy of a DataFrame shares the lists in its cells.
    for make_copy in (_through_pickle, copy.deepcopy):
        try:
            return make_copy(value), value
        except Exception:
            continue
    return value, value  # a connection, a lock: there is one, and everybody gets it


def _through_pickle(value: Any) -> Any:
    buffers: list[pickle.PickleBuffer] = []  # each copied once, where a pickle would hold them, too
    data = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    return pickle.loads(data, buffers=[bytearray(buffer.raw()) for buffer in buffers])
