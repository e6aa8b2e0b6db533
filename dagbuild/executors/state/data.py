"""Watch what calls change of what modules hold: a library's is put back, the project's is said where it matters.

Between calls for elements, of which each is to give what it would give alone, the project's is put back, too; memos
stay. Knows a reader of code and the functions of a step. Guards: what a later step may see of what one has left is
told, and a closure that refers to no data costs nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from dagbuild.code.changes import Places
from dagbuild.code.closure import SourceReader
from dagbuild.code.places import Content, Place
from dagbuild.model.node import Node
from dagbuild.model.record import Note


@dataclass
class _Known:
    """What places held: when they were first looked at, and when a step was last over; and which hold no memos."""

    first: dict[Place, Content] = field(default_factory=dict)
    last: dict[Place, Content] = field(default_factory=dict)
    changing: set[Place] = field(default_factory=set)

    def keep(self, place: Place, content: Content) -> None:
        """Note what a place holds."""
        self.first.setdefault(place, content)
        self.last[place] = content


class DataWatch:
    """What the project's modules held when a step was last over; `open_reader` gives what reads their code."""

    def __init__(self, open_reader: Callable[[], SourceReader]) -> None:
        self._open_reader = open_reader
        self._reader: SourceReader | None = None
        self._known = _Known()
        self._due: list[Place] = []
        self._misled = False

    def watching(
        self, nodes: Sequence[Node], notes: list[Note], lost: list[str] | None
    ) -> AbstractContextManager[None]:
        """Undo what these nodes set in libraries' modules; add a note for each change that concerns another node.

        With `lost` it is one of several calls, and `put_back` is to follow; `lost` gets what that cannot put back.
        """
        reader = self._open_reader()
        if reader is not self._reader:
            self._reader, self._known = reader, _Known()
        found = [reader.find_places(node.function) for node in nodes]
        places = found[0] if len(found) == 1 else Places.join(found)
        if not places.project and not places.others:
            return _NOTHING
        return self._watching(reader, nodes, places, notes, lost)

    def put_back(self) -> tuple[bool, list[str]]:
        """Make the project's data be as importing left it, where the last call has changed it otherwise than memos are.

        Return whether it had found what an earlier call had left there, so that it has to be made again, and the names
        of what is not as it was.
        """
        misled, due, lost = self._misled, self._due, []
        self._misled, self._due = False, []
        for place in due:
            first = self._known.first[place]
            with contextlib.suppress(Exception):  # whatever a class says to that: people are told
                first.put_back(place)
            if first.is_as(place):
                self._known.last[place] = first
            else:
                self._accept(place)
                lost.append(str(place))
        return misled and not lost, lost

    @contextlib.contextmanager
    def _watching(
        self,
        reader: SourceReader,
        nodes: Sequence[Node],
        places: Places,
        notes: list[Note],
        lost: list[str] | None,
    ) -> Iterator[None]:
        last = self._known.last
        for place in places.project:
            if place not in last:
                self._known.keep(place, reader.look_at(place))
        there = [(place, place.get()) for place in places.others]
        try:
            yield
        finally:
            for place, value in there:
                if place.get() is not value:
                    place.put_back(value)
            for place in places.project:
                before = last[place]
                if before.is_as(place):
                    continue
                if lost is not None and self._undo(place, before, lost):
                    continue
                last[place] = reader.look_at(place)
                owners = [node.function for node in nodes]
                if concerned := reader.find_concerned(owners, place, before):
                    notes.append(_tell(nodes[-1], place, concerned, reader))

    def _undo(self, place: Place, before: Content, lost: list[str]) -> bool:
        """Tell whether a place was changed otherwise than a memo is; it is put back later: the call may return it."""
        if before.is_filled(place.get()) and place not in self._known.changing:
            return False
        first = self._known.first[place]
        self._known.changing.add(place)
        if first.is_kept(place):
            self._due.append(place)
            self._misled = self._misled or before is not first
        else:
            self._accept(place)
            lost.append(str(place))
        return True

    def _accept(self, place: Place) -> None:
        assert self._reader is not None
        self._known.first[place] = self._known.last[place] = self._reader.look_at(place)


_NOTHING = contextlib.nullcontext()


def _tell(node: Node, place: Place, concerned: str, reader: SourceReader) -> Note:
    code = node.function.__code__
    text = f"changes {place}, which {concerned} finds changed when it runs later in the same process"
    return Note(
        "state", text, reader.where(code, code.co_firstlineno), "return it, and take it as a parameter"
    )
