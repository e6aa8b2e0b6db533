"""Say what differs between two manifests, in the user's words.

Pure. The manifest in a record and the one of today's project have the same named parts, so the explanation is their
difference and cannot drift from the fingerprint.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from dagbuild.model.record import TOLD, Manifest, Part, Record
from dagbuild.plan.differences import Difference, find_differences, find_inside

_ORDER = (
    "config", "input", "override", "pin", "file", "output", "node", "binding", "columns", "elements", "source",
    "function", "helper", "class", "constant", "statement", "module", "package", "python", "recipe", "upstream",
)  # fmt: skip
"""Kinds of parts, the most telling first: a switched config value explains another function's code."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a node is not fresh, in the user's words; `where` is "features/io.py:12"."""

    text: str
    kind: str = ""
    where: str = ""

    def __str__(self) -> str:
        return f"{self.text} ({self.where})" if self.where else self.text


@dataclass(frozen=True, slots=True)
class Cause:
    """A node above that must run for reasons of its own; `way` are the nodes in between, the nearest to it first."""

    node: str
    way: tuple[str, ...]
    reasons: tuple[Reason, ...]


NEVER_BUILT = Reason("never built", "missing")


def find_changes(old: Manifest, new: Manifest) -> tuple[Reason, ...]:
    """Return what changed from `old` to `new`, the most telling first; empty when nothing did."""
    reasons: list[tuple[int, Reason]] = []
    changed = find_changed_parts(old, new)
    for was, now in _without_renamed(changed) or changed:
        part = now or was
        assert part is not None
        rank = _ORDER.index(part.kind) if part.kind in _ORDER else len(_ORDER)
        reasons += [(rank, reason) for reason in _tell(was, now)]
    told = list(dict.fromkeys(reason for _, reason in sorted(reasons, key=lambda item: item[0])))
    if len(told) > 1:  # leaves tell it better than the root that they are part of
        told = [reason for reason in told if reason.kind != "source"] or told
    return tuple(told)


_Pair = tuple[Part | None, Part | None]


def _without_renamed(changed: list[_Pair]) -> list[_Pair]:
    """Return the changes but for leaves that are the same under another name, which is no reason for anything."""
    gone = {(was.kind, was.digest) for was, now in changed if was and not now and was.kind in _LEAVES}
    new = {(now.kind, now.digest) for was, now in changed if now and not was and now.kind in _LEAVES}
    same = gone & new
    return [(was, now) for was, now in changed if (was and now) or _kind_of(was, now) not in same]


def _kind_of(was: Part | None, now: Part | None) -> tuple[str, str]:
    part = now or was
    assert part is not None
    return part.kind, part.digest


_LEAVES = frozenset({"function", "helper", "class", "constant", "statement", "module"})


def find_changed_parts(old: Manifest, new: Manifest) -> list[tuple[Part | None, Part | None]]:
    """Return each part that is not the same as it was and as it is; None where it is not there.

    Where all that counts is the same, what a decorator asked of the config and how a function is called are none.
    """
    same = old.unnamed == new.unnamed
    before, after = index_parts(_seen(old, same)), index_parts(_seen(new, same))
    pairs = [(before.get(key), after.get(key)) for key in dict.fromkeys([*after, *before])]
    return [(was, now) for was, now in pairs if not (was and now and was.digest == now.digest)]


def _seen(manifest: Manifest, same: bool) -> Iterator[Part]:
    """Yield the parts that may tell of a change: where the node is the `same`, of what it was given alone."""
    own = (
        next((place for place, part in enumerate(manifest.parts) if part.kind == "recipe"), 0) if same else 0
    )
    return (part for part in manifest.parts[own:] if part.kind not in TOLD)


def index_parts(parts: Iterable[Part]) -> dict[tuple[str, str, int], Part]:
    """Return the parts by kind, name and turn: two helpers of different modules may have one name."""
    seen: dict[tuple[str, str], int] = {}
    index: dict[tuple[str, str, int], Part] = {}
    for part in parts:
        count = seen[part.kind, part.name] = seen.get((part.kind, part.name), -1) + 1
        index[part.kind, part.name, count] = part
    return index


def _tell(was: Part | None, now: Part | None) -> list[Reason]:
    part = now or was
    assert part is not None
    kind = part.kind
    if kind == "output":
        return [Reason(f"{'no longer' if was else 'now'} writes {part.name}", kind)]
    if kind in _WHOLE:
        given = _find_given(was, now) if kind in _GIVEN else None
        return given or [Reason(_WHOLE[kind], kind, part.where)]
    subject, where = _name(part), part.where
    if was is None or now is None:
        return [Reason(f"{_verb(was)} {subject.replace('{}', '')}", kind, where)]
    found: list[str] | None = None
    if kind in {"config", "input", "override", "constant"} and was.text and now.text:
        found = _cut([each.tell(subject) for each in find_differences(was.text, now.text)], subject)
    elif kind in {"function", "helper", "class"}:
        found = _tell_held(was, now, _shorten(part.name, part.where))
    elif kind == "file":
        found = _tell_files(was, now)
    elif kind in {"package", "python"}:
        same = f"{subject} is {now.text} as before, but how much of that counts changed"
        found = [f"{subject} {was.text} -> {now.text}" if was.text != now.text else same]
    elif was.text and now.text and was.text != now.text and kind != "statement":
        found = [f"{subject}: {was.text} -> {now.text}"]
    return [Reason(text, kind, where) for text in found or [f"{subject.replace('{}', '')} changed"]]


def _name(part: Part) -> str:
    """Return what people call a part, with a gap "{}" for the way to what is inside it."""
    kind, name = part.kind, part.name
    match kind:
        case "package":
            return name
        case "python":
            return "Python"
        case "file":
            return name
        case "columns":
            return f"columns of `{name}`"
        case "statement":
            return "code at module level"
        case "constant":
            return f"constant `{_shorten(name, part.where)}{{}}`"
        case "function" | "helper" | "class" | "module":
            return f"{kind} `{_shorten(name, part.where)}`"
        case _:
            return f"{kind} {name}{{}}"


def _tell_held(was: Part, now: Part, name: str) -> list[str] | None:
    """Return what changed of what a function or class holds; None when that is not all, or not known."""
    found = find_inside(was.text, now.text) if was.text and now.text else None
    if not found:
        return None
    lines = []
    for group, difference in found:
        word = _HELD.get(group, "`{}` of KIND `NAME`").replace("KIND", now.kind)
        lines.append(difference.tell(word.replace("NAME", name)))
    return _cut(lines, f"{now.kind} `{name}`")


_HELD = {
    "decorators": "decorator `@{}` of KIND `NAME`",
    "defaults": "default `{}` of KIND `NAME`",
    "cells": "variable `{}` of KIND `NAME`",
    "attributes": "attribute `NAME.{}`",
    "members": "member `NAME.{}`",
    "fields": "default of `NAME.{}`",
}
"""What functions and classes hold, in words."""


def _tell_files(was: Part, now: Part) -> list[str]:
    found = find_differences(was.text, now.text) if was.text.startswith("files") else []
    lines = []
    for each in found:
        if each.path:
            lines.append(f"{ast.literal_eval(each.path[1:-1])} {_fate(each)}")
        else:  # too many to know each of them
            lines.append(each.tell(now.name))
    return _cut(lines, now.name) or [f"{now.name} changed"]


def _fate(difference: Difference) -> str:
    if difference.was is None:
        return "was added"
    return "is gone" if difference.now is None else "was edited"


def _find_given(was: Part | None, now: Part | None) -> list[Reason] | None:
    """Return what changed of what decorators say, name by name."""
    part = now or was
    assert part is not None
    old, new = ((each.text if each else "") or "given()" for each in (was, now))
    if not (old.startswith("given(") and new.startswith("given(")):
        return None
    word = _GIVEN[part.kind]
    lines = [
        replace(each, path=each.path.removeprefix(".")).tell(word) for each in find_differences(old, new)
    ]
    return [Reason(line, part.kind, part.where) for line in _cut(lines, word.replace("{}", ""))]


_GIVEN = {"binding": "parameter `{}`", "recipe": "`{}` in @cache"}


def _cut(lines: list[str], subject: str) -> list[str]:
    """Return the first lines, and how many more there are."""
    if len(lines) <= MANY + 1:
        return lines
    subject = subject.replace("{}", "")
    return [*lines[:MANY], f"{subject} changed in {len(lines) - MANY:,} more places"]


_WHOLE = {
    "source": "its code changed",
    "node": "its name changed",
    "binding": "what its parameters are given changed",
    "recipe": "how dagbuild makes it changed",
    "elements": "for what elements it is called changed",
}
"""Kinds of which a node has one part."""

MANY = 5
"""So many differences of one part are told; the rest is counted."""


def _verb(was: Part | None) -> str:
    return "no longer uses" if was else "now uses"


def _shorten(name: str, where: str) -> str:
    """Return a dotted name without the module, which `where` tells: features.io.clean in features/io.py is clean."""
    file = PurePosixPath(where.rpartition(":")[0] or where)
    module = file.parent.name if file.stem == "__init__" else file.stem
    before, found, after = name.partition(f"{module}.") if module else ("", "", "")
    return after if found and after and (not before or before.endswith(".")) else name


def with_parts(manifest: Manifest, parts: Iterable[Part]) -> Manifest:
    """Return the manifest with more parts at its end."""
    return Manifest((*manifest.parts, *parts))


def add_taken(
    reasons: tuple[Reason, ...], last: Record, taken: Collection[str], views: Sequence[str]
) -> tuple[Reason, ...]:
    """Return the reasons, and that a node takes other nodes or inputs than those of its last record.

    Where nothing else differs, it is what it takes of nodes that are not kept, or the record is gone.
    """
    new = ", ".join(f"`{name}`" for name in taken if name not in last.upstream)
    old = ", ".join(f"`{name}`" for name in last.upstream if name not in taken)
    if new and old:
        reasons += (Reason(f"takes {new}, not {old}", "taken"),)
    elif new or old:
        reasons += (Reason(f"takes {new}, too" if new else f"takes {old} no longer", "taken"),)
    if not reasons and views:
        names = " or ".join(f"`{name}`" for name in views[:3]) + (" or ..." if len(views) > 3 else "")
        reasons = (Reason(f"what {names} gives has changed", "taken"),)
    return reasons or (Reason("its record is gone", "missing"),)
