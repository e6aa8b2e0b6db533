"""Settings said outside the file: values on the command line and in the environment, as typed paths.

`region` is a config value (or an input, where the file has it there); `cache.size`, `inputs.year` and
`executor.kind` name their table. Values are read as TOML; what is no TOML is a text.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dagbuild.ground.digits import any_length
from dagbuild.ground.errors import Problem, did_you_mean
from dagbuild.settings.lines import split_dotted
from dagbuild.settings.schema import FREE, TABLES, name_kind

PREFIX = "DAGBUILD_SET_"

VARIABLES: dict[str, tuple[str, str]] = {
    "DAGBUILD_CACHE": ("cache", "folder"),
    "DAGBUILD_CACHE_SIZE": ("cache", "size"),
    "DAGBUILD_REMOTE": ("remote", "url"),
    "DAGBUILD_REMOTE_MODE": ("remote", "mode"),
    "DAGBUILD_REMOTE_UNSIGNED": ("remote", "unsigned"),
    "DAGBUILD_REMOTE_WRITE": ("remote", "write"),
    "DAGBUILD_EXECUTOR": ("executor", "kind"),
    "DAGBUILD_JOBS": ("executor", "jobs"),
    "DAGBUILD_EXECUTOR_ADDRESS": ("executor", "address"),
}
TYPED = ("DAGBUILD_CACHE_SIZE", "DAGBUILD_JOBS")
"""Those that are numbers, or may be."""

OTHERS = ("DAGBUILD_PROFILE", "DAGBUILD_PROJECT", "DAGBUILD_WORKER_CACHE", "DAGBUILD_KEY")
NOT_OURS = "DAGBUILD_TEST_"


@dataclass(frozen=True, slots=True)
class Override:
    """One value from outside the file: the path it sets, where it was said, and its text where a value may be read."""

    path: tuple[str, ...]
    value: Any
    where: str
    text: str | None = None


def parse_value(text: str) -> Any:
    """Return the TOML value that a text spells, or the text itself."""
    if "\n" in text:
        return text
    try:
        with any_length():
            return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def from_command_line(given: Mapping[str, str], known: Mapping[str, Mapping[str, Any]]) -> list[Override]:
    """Return what `--set` says; `known` are the config and inputs of the file, by table."""
    return [
        Override(_resolve(_split(key), known), parse_value(text), f"--set {key}", text)
        for key, text in given.items()
    ]


def from_environment(
    environ: Mapping[str, str], known: Mapping[str, Mapping[str, Any]]
) -> tuple[list[Override], list[Problem]]:
    """Return what the environment says, and a problem for each variable that is ours and unknown."""
    found: list[Override] = []
    problems: list[Problem] = []
    for name in sorted(environ):
        text = environ[name]
        if name.startswith(PREFIX):
            words = tuple(name[len(PREFIX) :].split("__"))
            found.append(Override(_resolve(_match_case(words, known), known), parse_value(text), name, text))
        elif name == "DAGBUILD_REMOTE" and text == "off":
            found.append(Override(("remote", "mode"), "off", name))
        elif name in VARIABLES:
            value = parse_value(text) if name in TYPED else text
            found.append(Override(VARIABLES[name], value, name))
        elif name.startswith("DAGBUILD_") and name not in OTHERS and not name.startswith(NOT_OURS):
            hint = did_you_mean(name, (*VARIABLES, *OTHERS)) or f"to set a config value, name it {PREFIX}key"
            problems.append(Problem("dagbuild knows no environment variable of this name", name, hint))
    return found, problems


def find_invented(
    override: Override, tables: Mapping[str, Mapping[str, Any]], known: Mapping[str, Mapping[str, Any]]
) -> Problem | None:
    """Return what is wrong with a path that leads, inside of a value of the project's, to a key that it has not.

    `tables` hold what was said so far, `known` what the file has: a table that is made up outside of it, key by key,
    has no keys yet.
    """
    table, *keys = override.path
    made_up = keys[0] not in known.get(table, {})
    held: Any = tables.get(table, {}) if table in FREE else {}
    for at, key in enumerate(keys):
        named = ".".join(keys[:at])
        if at and not isinstance(held, Mapping):
            return Problem(f"'{named}' is {name_kind(held)}, which has no key '{key}'", override.where)
        if key in held:
            held = held[key]
            continue
        if not at or made_up:
            return None  # whether a node reads it is for the graph to say
        hint = did_you_mean(key, held) or f"to give it all its keys, write --set '{named}={{...}}'"
        return Problem(f"'{named}' has no key '{key}'", override.where, hint)
    return None


def _split(key: str) -> tuple[str, ...]:
    return split_dotted(key) if {'"', "'"} & set(key) else tuple(key.split("."))


def _resolve(path: tuple[str, ...], known: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    if len(path) > 1 and path[0] in (*TABLES, *FREE):
        return path
    if path[0] in known["inputs"] and path[0] not in known["config"]:
        return ("inputs", *path)
    return ("config", *path)


def _match_case(words: tuple[str, ...], known: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Spell the words as the file does: a shell's variables are often in capitals, its keys are not."""
    if len(words) > 1 and words[0].lower() in (*TABLES, *FREE):
        head, rest = words[0].lower(), words[1:]
        names = known.get(head) or TABLES.get(head, {})
        return (head, *_match_case_in(rest, names))
    return _match_case_in(words, {**known["inputs"], **known["config"]})


def _match_case_in(words: tuple[str, ...], names: Mapping[str, Any]) -> tuple[str, ...]:
    if words[0] in names:
        return words
    same = [name for name in names if name.lower() == words[0].lower()]
    return (same[0], *words[1:]) if same else words
