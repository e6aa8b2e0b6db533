"""Judge a plain record that came from elsewhere, before anything is made of it.

Knows the plain form of records and nothing of who signed one. One pass, without recursion: types, ranges, counts, sizes
and depth. Guards: what passes can be kept, shown, sorted, digested and asked about; whatever else somebody has written
there is a ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from dagbuild.ground.digest import is_digest, is_strong
from dagbuild.model.place import is_place

DEPTH = 300
"""Levels in the metadata of a value: of what is nested deeper than 50 times, a pickle is made."""

ITEMS = 1_000_000
"""Things in one list or table, and all that is in the metadata of a value."""

LONGEST = 1 << 22
"""Letters of a text; a log is the longest."""

NAME = 4096
"""Letters of what is a name: of a node, a file, a host."""

LATEST = 32_503_680_000
"""Seconds since 1970: the year 3000. A time can be told as a date."""

LARGEST = 1 << 46
"""Bytes of a blob."""

_Check = Callable[[Any], bool]


def check_record(data: Mapping[str, Any]) -> None:
    """Raise ValueError, which says of what, unless each part of a plain record is what a record can say."""
    for name, holds in _RECORD.items():
        if not holds(data.get(name)):
            raise ValueError(f"not a record: its '{name}' is none")
    for name, holds in _MORE.items():
        if name in data and not holds(data[name]):
            raise ValueError(f"not a record: its '{name}' is none")
    _check_artifact(data.get("artifact"), ("artifact",))


def leads_outside(name: str) -> bool:
    """Tell whether the name of an observed file, folder or pattern is of something that is not in the project."""
    return name.startswith(("/", "~", "\\")) or ".." in name.split("/") or name[1:2] == ":"


def _check_artifact(data: Any, path: tuple[str, ...]) -> None:
    if not isinstance(data, dict):
        raise ValueError(f"not a record: its '{path[0]}' is none")
    for name, holds in _ARTIFACT.items():
        if not holds(data.get(name)):
            raise ValueError(f"not a record: the '{name}' of its {path[-1]} is none")
    outputs = data.get("outputs", [])
    if path[-1] == "output" and outputs:
        raise ValueError("not a record: an output has outputs")
    if not _is_list(outputs):
        raise ValueError("not a record: its outputs are none")
    for each in outputs:
        if not (isinstance(each, list) and len(each) == 4):
            raise ValueError("not a record: an output is none")
        place, digest, content, modes = each
        if not (
            _is_path(place) and not leads_outside(place) and _is_digest(digest) and _is_table(modes, _is_mode)
        ):
            raise ValueError("not a record: an output is none")
        _check_artifact(content, ("artifact", "output"))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= NAME


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and is_digest(value)


def _is_bool(value: Any) -> bool:
    return value is True or value is False


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= LARGEST


def _is_memory(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


def _is_mode(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 0o777


def _is_time(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= LATEST


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= ITEMS


def _is_table(value: Any, holds: _Check) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= ITEMS
        and all(_is_name(key) and holds(item) for key, item in value.items())
    )


def _lists(*checks: _Check, least: int | None = None) -> _Check:
    """Return the check of a list whose items are lists of just this; the last of them may be left out from `least`."""
    fewest = len(checks) if least is None else least

    def holds(value: Any) -> bool:
        return _is_list(value) and all(
            isinstance(item, list)
            and fewest <= len(item) <= len(checks)
            and all(check(each) for check, each in zip(checks, item, strict=False))
            for item in value
        )

    return holds


def _is_path(value: Any) -> bool:
    """Tell whether a text can be the name of a file, or a pattern: what the system refuses is asked of nobody."""
    if not _is_name(value) or "\0" in value:
        return False
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return all(len(part) <= 255 for part in value.split("/"))


def _is_observations(value: Any) -> bool:
    return _SEEN(value) and all(_is_path(name) for _, name, _ in value) and not any(map(_is_endless, value))


def _is_endless(seen: list[str]) -> bool:
    """Tell whether a walk would go through each folder again and again: each `**` more multiplies what it looks at."""
    return seen[0] == "listing" and seen[1].split("/").count("**") > 2


def _is_form(value: Any) -> bool:
    """Tell whether something is plain, not too much and not too deep; numbers of any size are those of a codec."""
    todo = [(value, 1)]
    count = 0
    while todo:
        item, depth = todo.pop()
        kind = type(item)
        if kind is str:
            if len(item) > LONGEST:
                return False
        elif kind is float:
            if not isfinite(item):
                return False
        elif kind is list or kind is dict:
            count += len(item)
            if depth > DEPTH or count > ITEMS:
                return False
            if kind is dict:
                if not all(map(_is_name, item)):
                    return False
                item = item.values()
            todo.extend((each, depth + 1) for each in item)
    return True


def _is_blobs(value: Any) -> bool:
    return _BLOBS(value) and len(value) <= ITEMS


def _is_meta(value: Any) -> bool:
    return isinstance(value, dict) and _is_form(value)


def _is_codec(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 200 and value.isprintable()


def _is_strong(value: Any) -> bool:
    return isinstance(value, str) and is_strong(value)


def _is_place(value: Any) -> bool:
    return isinstance(value, str) and is_place(value)


def _is_names(value: Any) -> bool:
    return _is_list(value) and all(map(_is_name, value))


def _is_proof(value: Any) -> bool:
    return isinstance(value, dict) and _is_name(value.get("signer")) and _is_name(value.get("signature"))


def _is_id(value: Any) -> bool:
    """Tell whether something says what a value is: its digest, or of a secret one that nobody can guess."""
    return _is_digest(value) or (isinstance(value, str) and _HIDDEN.fullmatch(value) is not None)


_HIDDEN = re.compile(r"hidden-[0-9a-f]{32}")


def _is_whole_table(value: Any) -> bool:
    return _is_table(value, _is_id)


_SEEN = _lists(_is_name, _is_name, _is_name)
_BLOBS = _lists(_is_digest, _is_count, _is_strong, _is_place, least=3)

_RECORD: dict[str, _Check] = {
    "node": _is_name,
    "deep": _is_digest,
    "content": _is_digest,
    "manifest": _lists(_is_name, _is_text, _is_text, _is_text, _is_text, _is_bool, least=3),
    "upstream": _is_whole_table,
    "observations": _is_observations,
    "started": _is_time,
    "duration": _is_time,
    "cpu": _is_time,
    "memory": _is_memory,
    "host": _is_name,
    "user": _is_name,
    "run": _is_name,
    "log": _is_text,
    "forced": _is_bool,
    "alias": _is_bool,
}

_MORE: dict[str, _Check] = {
    "unnamed": lambda value: value == "" or _is_digest(value),
    "excerpts": _is_whole_table,
    "watched": _is_names,
    "notes": _lists(_is_name, _is_text, _is_text, _is_text),
    "proof": _is_proof,
}

_ARTIFACT: dict[str, _Check] = {
    "codec": _is_codec,
    "meta": _is_meta,
    "blobs": _is_blobs,
    "code": _is_bool,
    "libraries": lambda value: _is_table(value, _is_name) and "" not in value,
    "names": _is_names,
    "carried": _is_name,
}
