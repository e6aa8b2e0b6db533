"""Watch what calls change of what modules hold: a library's is put back, the project's is said where it matters.

Knows a reader of code and the functions of a step. Guards: what a later node may see of what a step has left is told,
and a closure that refers to no data costs nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

from dagbuild.code.closure import SourceReader
from dagbuild.code.places import Content, Place
from dagbuild.model.node import Node
from dagbuild.model.record import Note


class DataWatch:
    """What the project's modules held when a step was last over; `open_reader` gives what reads their code."""

    def __init__(self, open_reader: Callable[[], SourceReader]) -> None:
        self._open_reader = open_reader
        self._reader: SourceReader | None = None
        self._known: dict[Place, Content] = {}

    def watching(self, nodes: Sequence[Node], notes: list[Note]) -> AbstractContextManager[None]:
        """Undo what these nodes set in libraries' modules; add a note for each change that concerns another node."""
        reader = self._open_reader()
        if reader is not self._reader:
            self._reader, self._known = reader, {}
        found = [reader.find_places(node.function) for node in nodes]
        places = [place for each in found for place in each.project]
        others = [place for each in found for place in each.others]
        return self._watching(reader, nodes, notes, places, others) if places or others else _NOTHING

    @contextlib.contextmanager
    def _watching(
        self,
        reader: SourceReader,
        nodes: Sequence[Node],
        notes: list[Note],
        places: Sequence[Place],
        others: Sequence[Place],
    ) -> Iterator[None]:
        for place in places:
            if place not in self._known:
                self._known[place] = reader.look_at(place)
        there = [(place, place.get()) for place in others]
        try:
            yield
        finally:
            for place, value in there:
                if place.get() is not value:
                    place.put_back(value)
            for place in places:
                before = self._known[place]
                if not before.is_as(place):
                    self._known[place] = reader.look_at(place)
                    owners = [node.function for node in nodes]
                    if concerned := reader.find_concerned(owners, place, before):
                        notes.append(_tell(nodes[-1], place, concerned, reader))


_NOTHING = contextlib.nullcontext()


def _tell(node: Node, place: Place, concerned: str, reader: SourceReader) -> Note:
    code = node.function.__code__
    text = f"changes {place}, which {concerned} finds changed when it runs later in the same process"
    return Note(
        "state", text, reader.where(code, code.co_firstlineno), "return it, and take it as a parameter"
    )
