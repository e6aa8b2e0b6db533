"""The generators of random numbers that everybody in a process shares: `random`'s own and numpy's old one.

Each step starts from a state of its own. Where importing the project seeded a generator, that is what importing left,
for every step the same. Where nobody did, it is made of what stood there and of the step's name: so a step that seeds
makes nobody else's numbers repeat, two steps draw different ones, and what a step draws does not hang on which others
ran; two builds in a row draw different ones, unless the caller seeds in between. Afterwards what stood there before
stands there again. Knows nothing of how a project seeds.
"""

from __future__ import annotations

import importlib
import pickle
import sys
from collections.abc import Collection
from hashlib import blake2b
from random import Random
from typing import Any

from dagbuild.code.seeds import GENERATORS

_last: dict[str, tuple[bytes, int]] = {}
"""By generator what the last build found there, and how many have found it so."""


class Chance:
    """The shared generators, as they were found; those `seeded` are the ones that importing seeded."""

    def __init__(self, seeded: Collection[str]) -> None:
        self._seeded = seeded
        self.found: dict[str, Any] = {}
        self._keys: dict[str, bytes] = {}
        for name in GENERATORS:
            if name in sys.modules:
                self.take(name)

    def take(self, name: str, *, fresh: bool = False) -> None:
        """Take what a generator's state is now, or, with `fresh`, a new one of the system's chance."""
        module = sys.modules[name]
        if fresh:
            module.seed()
        state = module.getstate() if name == "random" else module.get_state(legacy=False)
        mark = blake2b(pickle.dumps(state), digest_size=32).digest()
        before, count = _last.get(name, (b"", 0))
        count = count + 1 if before == mark else 0
        _last[name] = mark, count
        self.found[name] = state
        self._keys[name] = blake2b(mark + count.to_bytes(8, "big"), digest_size=32).digest()

    def begin(self, step: str) -> None:
        """Give a step the state that it is to start from."""
        text = step.encode("utf-8", "surrogateescape")
        for name, key in self._keys.items():
            if name in self._seeded:
                self._put(name)
                continue
            number = blake2b(text, key=key, digest_size=4).digest()
            try:
                _seed(name, int.from_bytes(number, "big"))
            except TypeError:  # another algorithm stands in numpy's place, which cannot be seeded so
                self._put(name)

    def come_here(self) -> None:
        """Have the generators in this process that were found in another one."""
        for name in self.found:
            importlib.import_module(name)

    def give_back(self) -> None:
        """Make the generators what they were found to be."""
        for name in self.found:
            self._put(name)

    def _put(self, name: str) -> None:
        module = sys.modules[name]
        if name == "random":
            module.setstate(self.found[name])
        else:
            module.set_state(self.found[name])


def _seed(name: str, number: int) -> None:
    """Do what the module's `seed` does; of Python's without asking what the number is, which takes a third of it."""
    seed = sys.modules[name].seed
    generator = getattr(seed, "__self__", None)
    if type(generator) is Random:
        super(Random, generator).seed(number)
        generator.gauss_next = None  # type: ignore[attr-defined]  # of the stubs
    else:
        seed(number)
