"""What an agent takes of a cluster: a step goes to one that takes just what its node says.

Knows numbers and names, no cluster.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dagbuild.model.node import MODEST, Resources

Machine = Mapping[str, float]
"""What a machine has, by names of Ray's: CPU, GPU, memory, and its own ones."""


def _round(count: float) -> float:
    return math.ceil(count) if count > 1 else count


class Kind(NamedTuple):
    """What each agent of a kind takes."""

    cpus: float
    gpus: float
    memory: int
    custom: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, takes: Resources) -> Kind:
        """Return the kind for such steps: of more than one only whole ones are to be had."""
        custom = tuple(sorted((name, _round(count)) for name, count in takes.custom.items()))
        return cls(_round(takes.cpus), _round(takes.gpus), takes.memory or 0, custom)

    @property
    def wants(self) -> dict[str, float]:
        """What it takes, by names of Ray's."""
        wants = {"CPU": self.cpus, "GPU": self.gpus, "memory": float(self.memory), **dict(self.custom)}
        return {name: count for name, count in wants.items() if count}

    def tell_missing(self, machines: Sequence[Machine]) -> str:
        """Say what none of the machines has; nothing where one could take it."""
        wants = self.wants
        if any(all(machine.get(name, 0) >= count for name, count in wants.items()) for machine in machines):
            return ""
        most = {name: max((machine.get(name, 0) for machine in machines), default=0) for name in wants}
        short = [f"{name} {count:g} of {most[name]:g}" for name, count in wants.items() if count > most[name]]
        return ", ".join(short) or " and ".join(f"{name} {count:g}" for name, count in wants.items())


PLAIN = Kind.of(MODEST)
"""The kind for steps whose nodes say nothing."""


def is_too_much(kinds: Iterable[Kind], machines: Sequence[Machine]) -> bool:
    """Tell whether the machines have less than all these take together."""
    taken: dict[str, float] = {}
    for kind in kinds:
        for name, count in kind.wants.items():
            taken[name] = taken.get(name, 0) + count
    return any(count > sum(each.get(name, 0) for each in machines) + _DUST for name, count in taken.items())


_DUST = 1e-6
"""Sums of parts are not exact."""
