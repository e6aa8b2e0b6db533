"""Some columns of a table: which they are, and how to take them from a value in memory.

What a node gets is the same whether its columns are read alone or taken from a whole value. Knows nothing of nodes;
imports no library: a value brings its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dagbuild.model.node import Label

_SHOWN = 20
"""Columns that an error names."""


class NoSuchColumns(Exception):  # noqa: N818 - an answer, which becomes an error where the node is known
    """These columns are not in a table, which has the `known` ones."""

    def __init__(self, missing: Sequence[Label], known: Sequence[Any]) -> None:
        super().__init__(missing, known)
        self.missing = missing
        self.known = known

    def tell_known(self) -> str:
        """Return the columns that are there, in words: the first of very many."""
        shown = ", ".join(map(repr, self.known[:_SHOWN]))
        return f"{shown}, …" if len(self.known) > _SHOWN else shown or "none at all"


class NoTable(Exception):  # noqa: N818 - see above
    """A value of this type has no columns that could be taken."""


class Labels:
    """The labels of a table's columns, and where each is."""

    def __init__(self, labels: Iterable[Any]) -> None:
        self._known = list(labels)
        self._places: dict[Any, list[int]] = {}
        for place, label in enumerate(self._known):
            self._places.setdefault(label, []).append(place)

    def find(self, names: Sequence[Label]) -> list[int]:
        """Return the places of the columns of these names, in the order of the names; raises NoSuchColumns.

        A label that is there several times names all of them, as in pandas.
        """
        missing = [name for name in names if name not in self._places]
        if missing:
            raise NoSuchColumns(missing, self._known)
        return [place for name in names for place in self._places[name]]


def take_labels(labels: Any, places: Sequence[int]) -> Any:
    """Return the labels of a pandas index at these places, without a trace of the others."""
    taken = labels.take(places)
    return taken.remove_unused_levels() if hasattr(taken, "remove_unused_levels") else taken


def select_columns(value: Any, names: Sequence[Label]) -> Any:
    """Return a table of these columns of a table in memory; raises NoSuchColumns or NoTable. None stays None."""
    if value is None:
        return None
    for kind in type(value).__mro__:
        select = _SELECT.get((kind.__module__.partition(".")[0], kind.__name__))
        if select:
            return select(value, names)
    raise NoTable(type(value).__qualname__)


def _select_pandas(frame: Any, names: Sequence[Label]) -> Any:
    places = Labels(frame.columns).find(names)
    chosen = frame.iloc[:, places]
    chosen.columns = take_labels(frame.columns, places)
    return chosen


def _select_polars(frame: Any, names: Sequence[Label]) -> Any:
    from polars import selectors  # a text in `select` may be taken for a pattern

    Labels(frame.collect_schema().names()).find(names)
    return frame.select(selectors.by_name(name) for name in names)


def _select_arrow(table: Any, names: Sequence[Label]) -> Any:
    return table.select(Labels(table.schema.names).find(names))


def _select_later(frame: Any, names: Sequence[Label]) -> Any:
    return frame[list(names)]  # whether they are there shows when it is computed


_SELECT = {
    ("dask", "DataFrame"): _select_later,
    ("dask", "Delayed"): _select_later,
    ("pandas", "DataFrame"): _select_pandas,
    ("polars", "DataFrame"): _select_polars,
    ("polars", "LazyFrame"): _select_polars,
    ("pyarrow", "Table"): _select_arrow,
    ("pyarrow", "RecordBatch"): _select_arrow,
}
