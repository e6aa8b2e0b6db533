"""Say what differs between two manifests, in the user's words.

Pure. The manifest in a record and the one of today's project have the same named parts, so the explanation is their
difference and cannot drift from the fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from dagbuild.model.record import UNSEEN, Manifest, Part

_ORDER = (
    "config", "input", "override", "pin", "file", "output", "node", "binding", "columns", "source", "helper", "class",
    "constant", "statement", "module", "package", "python", "recipe", "upstream",
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


NEVER_BUILT = Reason("never built", "missing")


def find_changes(old: Manifest, new: Manifest) -> tuple[Reason, ...]:
    """Return what changed from `old` to `new`, the most telling first; empty when nothing did."""
    reasons: list[tuple[int, Reason]] = []
    for was, now in find_changed_parts(old, new):
        part = now or was
        assert part is not None
        rank = _ORDER.index(part.kind) if part.kind in _ORDER else len(_ORDER)
        reasons.append((rank, _tell(was, now)))
    told = [reason for _, reason in sorted(reasons, key=lambda item: item[0])]
    if len(told) > 1:  # leaves tell it better than the root that they are part of
        told = [reason for reason in told if reason.kind != "source"] or told
    return tuple(told)


def find_changed_parts(old: Manifest, new: Manifest) -> list[tuple[Part | None, Part | None]]:
    """Return each part that is not the same as it was and as it is; None where it is not there."""
    before, after = index_parts(_seen(old)), index_parts(_seen(new))
    pairs = [(before.get(key), after.get(key)) for key in dict.fromkeys([*after, *before])]
    return [(was, now) for was, now in pairs if not (was and now and was.digest == now.digest)]


def _seen(manifest: Manifest) -> Iterator[Part]:
    return (part for part in manifest.parts if part.kind != UNSEEN)


def index_parts(parts: Iterable[Part]) -> dict[tuple[str, str, int], Part]:
    """Return the parts by kind, name and turn: two helpers of different modules may have one name."""
    seen: dict[tuple[str, str], int] = {}
    index: dict[tuple[str, str, int], Part] = {}
    for part in parts:
        count = seen[part.kind, part.name] = seen.get((part.kind, part.name), -1) + 1
        index[part.kind, part.name, count] = part
    return index


def _tell(was: Part | None, now: Part | None) -> Reason:
    part = now or was
    assert part is not None
    kind, name = part.kind, part.name
    if kind in {"config", "input", "override", "pin", "constant", "package", "python", "columns"}:
        return _tell_value(kind, name, was, now)
    if kind == "file":
        return Reason(f"{name} changed", kind) if was and now else Reason(f"{_verb(was)} {name}", kind)
    if kind == "output":
        return Reason(f"{'no longer' if was else 'now'} writes {name}", kind)
    if kind in _WHOLE:
        return Reason(_WHOLE[kind], kind, part.where)
    word = "code at module level" if kind == "statement" else f"{kind} `{_shorten(name, part.where)}`"
    if was and now:
        return Reason(f"{word} changed", kind, now.where)
    return Reason(f"{_verb(was)} {word}", kind, part.where)


_WHOLE = {
    "source": "its code changed",
    "node": "its name changed",
    "binding": "what its parameters are given changed",
    "recipe": "how dagbuild makes it changed",
}
"""Kinds of which a node has one part."""


def _verb(was: Part | None) -> str:
    return "no longer uses" if was else "now uses"


def _shorten(name: str, where: str) -> str:
    """Return a dotted name without the module, which `where` tells: features.io.clean in features/io.py is clean."""
    file = PurePosixPath(where.rpartition(":")[0] or where)
    module = file.parent.name if file.stem == "__init__" else file.stem
    before, found, after = name.partition(f"{module}.") if module else ("", "", "")
    return after if found and after and (not before or before.endswith(".")) else name


def _tell_value(kind: str, name: str, was: Part | None, now: Part | None) -> Reason:
    subjects = {
        "package": name, "python": "Python", "constant": f"constant `{name}`", "columns": f"columns of `{name}`",
    }  # fmt: skip
    subject = subjects.get(kind, f"{kind} {name}")
    where = now.where if now else ""
    if was and now:
        if was.text and now.text and was.text != now.text:
            return Reason(f"{subject}: {was.text} -> {now.text}" if kind not in {"package", "python"}
                          else f"{subject} {was.text} -> {now.text}", kind, where)  # fmt: skip
        if kind in {"package", "python"}:
            return Reason(
                f"{subject} is {now.text} as before, but how much of that counts changed", kind, where
            )
        return Reason(f"{subject} changed", kind, where)
    return Reason(f"{_verb(was)} {subject}", kind, where)


def with_parts(manifest: Manifest, parts: Iterable[Part]) -> Manifest:
    """Return the manifest with more parts at its end."""
    return Manifest((*manifest.parts, *parts))
