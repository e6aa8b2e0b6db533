"""An artifact whose description was read, ready to be asked for one part of its value after the other.

A frame of thousands of columns, or a dict of thousands of items, of which each is a node: what tells where a part lies
is looked through once for all of them. Reads nothing of a value itself, and knows nothing of stores.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

from dagbuild.codecs.base import Select
from dagbuild.codecs.reader import Forbidden, ValueReader
from dagbuild.codecs.registry import Registry

_LAST = 8
"""Selections that are kept."""


class Opened:
    """The form of a value, and a reader that each part gets one like."""

    def __init__(self, reader: ValueReader, form: Any, registry: Registry) -> None:
        self.reader = reader
        self._form = form
        self._registry = registry

    @cached_property
    def select(self) -> Select | None:
        """What selects columns of a table; None where there are none that can be told apart. Raises CodecError."""
        _, codec, meta = self._form
        # Nothing is run to learn which column is which: the reader is one that forbids it.
        select = self._registry.get_codec(codec).select(meta, self.reader)
        # Who asks for the digest of a column asks for the column next.
        return lru_cache(_LAST)(select) if select else None

    @cached_property
    def _items(self) -> dict[Any, Any]:
        """The form of each item, by its key in a dict or its place in a tuple; none of what is neither."""
        match self._form:
            case ["dict", *both]:
                keys = iter(both)
                return {key: item for key, item in zip(keys, keys, strict=True) if isinstance(key, str)}
            case ["tuple", *items]:
                return dict(enumerate(items))
        return {}

    def read_item(self, key: str | int, forbidden: Forbidden) -> dict[str | int, Any] | None:
        """Return {key: item}, or None where it cannot be read alone: it is not there, or is another one as well."""
        if key not in self._items:
            return None
        form = self._items[key]
        try:
            return {key: self.reader.only([key, form], forbidden).value(form)}
        except KeyError:  # the same as a part of another item
            return None
