"""What can be broken in dagbuild on purpose so that only processes of their own show it.

Each is a function of a patch, named in `DAMAGES`, beside the ways of a helper in which it shows.
A new mechanism brings its line here. Imports only what a process that builds has anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import replace
from typing import Any

import pytest

from dagbuild.code import closure, effects, references
from dagbuild.executors.state.keeper import Held
from dagbuild.model.record import Observation
from dagbuild.observe import importing, variables
from dagbuild.observe.catch import Catch
from dagbuild.observe.owners import Owners
from dagbuild.observe.read_log import ReadLog
from dagbuild.observe.seen import Seen
from dagbuild.observe.variable_log import VariableLog

Break = Callable[[pytest.MonkeyPatch], None]


def _replace(*changes: tuple[Any, str, Any]) -> Break:
    def damage(patch: pytest.MonkeyPatch) -> None:
        for target, name, value in changes:
            patch.setattr(target, name, value)

    return damage


def _forget(kind: str) -> Break:
    def damage(patch: pytest.MonkeyPatch) -> None:
        finish = ReadLog.finish

        def forgetful(self: ReadLog) -> Seen:
            seen = finish(self)
            kept: tuple[Observation, ...] = tuple(one for one in seen.observations if one.kind != kind)
            return replace(seen, observations=kept)

        patch.setattr(ReadLog, "finish", forgetful)

    return damage


def keep_the_state(patch: pytest.MonkeyPatch) -> None:
    """What a node sets in the process stays set for the next."""
    shared = copy_context()
    patch.setattr(Held, "make_context", lambda _: shared)
    patch.setattr(Held, "_put_back", lambda _: [])


DAMAGES: Mapping[str, tuple[Break, tuple[str, ...]]] = {
    "files": (_forget("file"), ("file", "file beside the module")),
    "names in folders": (_forget("listing"), ("names in a folder", "pattern")),
    "variables": (_forget("env"), ("variable", "variable by another name")),
    "copies of the environment": (
        _replace(
            (VariableLog, "look_at_all", lambda *_, **__: None), (variables, "find_taken", lambda *_: ())
        ),
        ("whole environment", "copy of the environment"),
    ),
    "readers in C": (_replace((Catch, "take", lambda *_: None)), ("file in C",)),
    "loaders": (_replace((importing, "_is_import", lambda _: True)), ("package data",)),
    "memory": (
        _replace((Owners, "keep", lambda *_: None)),
        ("remembered file", "file in a global", "remembered variable", "remembered property of a file"),
    ),
    "state": (keep_the_state, ("state that a node leaves",)),
    "effects": (
        _replace((effects, "_effects_of", lambda *_, **__: iter(()))),
        ("precision at import", "token at import"),
    ),
    "imports in bodies": (
        _replace((references, "_resolve_import", lambda *_: "module")),
        ("import in a body", "import of a name in a body"),
    ),
    "names in texts": (
        _replace(*((module, "find_named", lambda *_, **__: ()) for module in (references, closure))),
        ("name in a query",),
    ),
    "order": (_replace((closure, "_find_kinds", lambda _: frozenset())), ("order of attributes",)),
}
"""What is forgotten: how, and in which ways of a helper it shows."""
