"""Collect which environment variables one call looks up: some by their names, or all of them.

Knows nothing of who asks, or how that is seen. Guards: what a call itself has set says nothing, and no value is kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any

from dagbuild.ground import environment
from dagbuild.observe.places import PathNames


class VariableLog:
    """The variables that one call has looked up so far; `places` say what may be kept of them.

    `on_read` is told the name at each look-up that counts, `on_all` of each line that goes through all of them. With
    `trusts_nobody` all count for who does that: those that tell the surroundings, too, and what libraries do.
    """

    def __init__(
        self,
        places: PathNames,
        on_read: Callable[[str], None],
        on_all: Callable[[], None],
        *,
        trusts_nobody: bool,
    ) -> None:
        self._places = places
        self._on_read = on_read
        self._on_all = on_all
        self.trusts_nobody = trusts_nobody
        self.known: set[str | bytes] = set()
        self.lines_of_all: set[tuple[str, int]] = set()
        self.known_places: set[tuple[CodeType, int]] = set()
        """Instructions whose look-ups are no news."""
        self.are_handed_on = False
        self._digests: dict[str, str] = {}
        self._set: dict[str, str | None] = {}  # what they were before they were set

    def read(self, name: str, value: str | None) -> None:
        """Note that the project's code looked up a variable; None when it was not set."""
        self.known |= {name, os.fsencode(name)}
        if name not in self._set and name not in self._places.variables.ignored:
            self._on_read(name)
            known = {} if value is None else {name: value}
            self._digests.setdefault(name, self._places.digest_variable(name, known))

    def read_again(self, key: str | bytes) -> None:
        """Note that one that is known is looked up: it is no news but for who asks."""
        name = os.fsdecode(key)
        if name in self._digests:
            self._on_read(name)

    def set(self, name: str) -> None:
        """Note that a variable is about to be set: its value is the call's own from here on."""
        self.known |= {name, os.fsencode(name)}
        self._set.setdefault(name, os.environ.get(name))

    def look_at_all(self, line: tuple[str, int], *, values: bool) -> None:
        """Note that a line of the project's code goes through all variables; what it looks up is part of that."""
        self.lines_of_all.add(line)
        self._on_all()
        self.read_all(values=values)

    def read_all(self, *, values: bool) -> None:
        """Note that all variables were read, or only their names."""
        name = environment.WHOLE if self.trusts_nobody else environment.ALL if values else environment.NAMES
        self._on_read(name)
        if name not in self._digests:
            found = {**os.environ, **self._set}  # what the call itself has set says nothing
            known = {each: value for each, value in found.items() if value is not None}
            self._digests[name] = self._places.digest_variable(name, known)

    def hand_on(self, environ: Mapping[Any, Any]) -> None:
        """Note that a process is started in this environment; copies of all variables were made for that."""
        if len(environ) * 2 > len(os.environ):
            self.are_handed_on = True

    def get(self, name: str) -> str | None:
        """Return the digest of a variable as it was looked up, or of all of them."""
        return self._digests.get(name)

    def find(self) -> dict[str, str]:
        """Return the digests of those that count, by name; copies that were handed on to a process do not."""
        left_out = {environment.NAMES} if environment.ALL in self._digests else set()
        if self.are_handed_on:
            left_out = {environment.NAMES, environment.ALL}
        return {name: digest for name, digest in self._digests.items() if name not in left_out}
