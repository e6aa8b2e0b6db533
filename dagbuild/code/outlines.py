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
from dagbuild.code.entities import Entity, Told
from dagbuild.code.provenance import Provenance
from dagbuild.code.walk import Walk
from dagbuild.ground.digest import Digest, digest_text
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
            names, name, value = entity.thing
            return self._write(value, self._provenance.judge_name(names, name, value))
        if not entity.told:
            return ""
        groups: dict[str, dict[str, str]] = {}
        for told in entity.told:
            if told.group == "decorators":
                text = f"decorator['', {_shorten(told.value.digest)!r}]"
            else:
                text = self._write(told.value, self._judge(told)) or _HIDDEN
            group = groups.setdefault(told.group, {})
            group[told.name if told.name and told.name not in group else f"{told.name}_{len(group)}"] = text
        mark = digest_rest(entity, self._own)
        parts = [f"{group}({', '.join(map('='.join, items.items()))})" for group, items in groups.items()]
        return f"code({', '.join([repr(_shorten(mark)), *parts])})"

    def write_value(self, value: Any) -> str:
        """Return the outline of a value that is no secret."""
        return self._open.write(value)

    def _judge(self, told: Told) -> str:
        if told.sources is None:
            return self._provenance.judge_unknown(told.name)
        return self._provenance.judge(told.names, told.sources, told.name, told.value)

    def _write(self, value: Any, judgement: str) -> str:
        if judgement == "hidden":
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
