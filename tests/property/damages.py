"""What can be broken in dagbuild on purpose so that only processes of their own show it.

Each is a function of a patch, named in `DAMAGES`, beside the ways of a helper in which it shows.
A new mechanism brings its line here. Imports only what a process that builds has anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from dagbuild.code import effects
from dagbuild.model.record import Observation
from dagbuild.observe.read_log import ReadLog, Seen

Break = Callable[[pytest.MonkeyPatch], None]


def _forget(kind: str) -> Break:
    def damage(patch: pytest.MonkeyPatch) -> None:
        finish = ReadLog.finish

        def forgetful(self: ReadLog) -> Seen:
            seen = finish(self)
            kept: tuple[Observation, ...] = tuple(one for one in seen.observations if one.kind != kind)
            return replace(seen, observations=kept)

        patch.setattr(ReadLog, "finish", forgetful)

    return damage


def overlook_effects(patch: pytest.MonkeyPatch) -> None:
    """What importing does to others counts for nobody."""
    patch.setattr(effects, "_effects_of", lambda *_: iter(()))


DAMAGES: Mapping[str, tuple[Break, tuple[str, ...]]] = {
    "files": (_forget("file"), ("file", "file beside the module")),
    "names in folders": (_forget("listing"), ("names in a folder", "pattern")),
    "variables": (_forget("env"), ("variable",)),
    "effects": (overlook_effects, ("precision at import", "token at import")),
}
"""What is forgotten: how, and in which ways of a helper it shows."""
