"""Outlines of what a closure reaches: constants, and what functions and classes hold, for people to read.

They only explain. Guards: nothing that may have come of the environment is shown, and no machine's folders: a value
whose making is not seen to be free of them has no outline.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping
from typing import Any

from dagbuild.code.components import digest_rest
from dagbuild.code.entities import Entity
from dagbuild.code.provenance import Provenance
from dagbuild.code.walk import Walk
from dagbuild.ground.digest import Digest, digest_text
from dagbuild.ground.secrets import find_secrets, names_secret
from dagbuild.model.outliner import Outliner

_MARK = 8
_SECRET = 4
"""Characters of a variable's value that may not be shown; what is shorter is known to everybody."""
_PIECE = 8
"""Characters: so long a text that is a piece of a variable, or has one in it, is not there by chance."""


class Outlines:
    """Writes the outlines of entities; `digests` are of all that they reach, `own` of what they are made of alone."""

    def __init__(self, walk: Walk, digests: Mapping[Entity, Digest], own: Mapping[Entity, Digest]) -> None:
        self._walk = walk
        self._digests = digests
        self._own = own
        self._provenance = Provenance(walk)
        self._judged: dict[Entity, tuple[str, ...]] = {}
        self._secrets = find_secrets()
        self._variables = {value for value in os.environ.values() if len(value) >= _SECRET}
        self._long = [value for value in self._variables if len(value) >= _PIECE]
        self._open = Outliner(self._mark, self._localize, self._is_plain)
        self._guarded = Outliner(self._mark, self._guard, self._is_plain)

    def place(self, entity: Entity) -> tuple[str, str]:
        """Return what a constant is called where it is bound, and where that is."""
        names, name, _ = entity.thing
        home = self._provenance.find_home(names, name)
        file = str(home.names.get("__file__") or "")
        return f"{home.names.get('__name__')}.{home.name}", self._walk.where(file, home.line)

    def write(self, entity: Entity) -> str:
        """Return the outline of a constant, or of what a function or class holds; nothing where there is none."""
        if entity.kind == "constant":
            return self._write(entity.thing[2], *self._judge(entity))
        if not entity.told:
            return ""
        groups: dict[str, dict[str, str]] = {}
        for told, judgement in zip(entity.told, self._judge(entity), strict=True):
            if told.group == "decorators":
                text = f"decorator['', {_shorten(told.value.digest)!r}]"
            else:
                text = self._write(told.value, judgement) or _HIDDEN
            group = groups.setdefault(told.group, {})
            group[told.name if told.name and told.name not in group else f"{told.name}_{len(group)}"] = text
        mark = digest_rest(entity, self._own)
        parts = [f"{group}({', '.join(map('='.join, items.items()))})" for group, items in groups.items()]
        return f"code({', '.join([repr(_shorten(mark)), *parts])})"

    def write_value(self, value: Any) -> str:
        """Return the outline of a value that is there for everybody to read, unless a secret variable's shows in it."""
        text = self._open.write(value)
        return "" if self._shows_secret(text) else text

    def holds_secret(self, entity: Entity) -> bool:
        """Tell whether a digest of what an entity holds must not be one that can be guessed.

        Told by the project's text, so that it is the same for everybody; besides, by what secret variables hold here.
        """
        if entity.kind == "constant":
            values = [entity.thing[2]]
        elif entity.told:
            values = [None if told.group == "decorators" else told.value for told in entity.told]
        else:
            return False
        judged = self._judge(entity)
        if "hidden" in judged:
            return True
        unclear = [value for value, judgement in zip(values, judged, strict=True) if judgement != "open"]
        return bool(self._secrets) and any(map(self.is_secret, unclear))

    def is_secret(self, value: Any) -> bool:
        """Tell whether a value shows what a variable holds that is called like a secret."""
        return bool(self._secrets) and self._shows_secret(self._open.write(value))

    def _shows_secret(self, text: str) -> bool:
        return any(secret in text for secret in self._secrets)

    def _judge(self, entity: Entity) -> tuple[str, ...]:
        """Return how each value may be told that a constant, function or class holds."""
        if entity not in self._judged:
            if entity.kind == "constant":
                names, name, value = entity.thing
                judged = [self._provenance.judge_name(names, name, value)]
            else:
                judged = [
                    "hidden"
                    if told.sources is None and names_secret(told.name)
                    else "unknown"
                    if told.sources is None
                    else self._provenance.judge(told.names, told.sources, told.name, told.value)
                    for told in entity.told
                ]
            self._judged[entity] = tuple(judged)
        return self._judged[entity]

    def _write(self, value: Any, judgement: str) -> str:
        if judgement == "hidden" or (judgement == "unknown" and self._provenance.world_is_read):
            return ""
        if judgement == "open":
            return self._open.write(value)
        try:
            return self._check(self._guarded.write(value))
        except _FromOutsideError:
            return ""

    def _mark(self, value: Any) -> str:
        item = self._walk.refer(value)
        if isinstance(item, str):
            return _shorten(digest_text(item))
        return _shorten(self._digests.get(item, "")) if isinstance(item, Entity) else ""

    def _is_plain(self, cls: type) -> bool:
        """Tell whether a class and its bases are the project's: what a library's objects hold is its own."""
        return self._walk.is_project_type(cls) and all(
            base.__module__ in {"builtins", "abc", "typing"} or self._walk.is_project_type(base)
            for base in cls.__mro__
        )

    def _localize(self, text: str) -> str:
        return self._walk.localize(text).replace("\0project/", "./").replace("\0project", ".")

    def _guard(self, text: str) -> str:
        """Return a text as people read it; raises _FromOutsideError when it may have come of the environment."""
        told = self._localize(text)
        if told in self._variables or any(value in told for value in self._long):
            raise _FromOutsideError
        if len(told) >= _PIECE and any(told in value for value in self._long):
            raise _FromOutsideError
        return told

    def _check(self, text: str) -> str:
        """Return an outline unless a number in it is what a variable says."""
        for node in ast.walk(ast.parse(text, mode="eval")):
            if isinstance(node, ast.Constant) and str(node.value) in self._variables:
                raise _FromOutsideError
        return text


class _FromOutsideError(Exception):
    pass


_HIDDEN = "hidden['']"


def _shorten(digest: str) -> str:
    return digest.rpartition("-")[2][:_MARK]
