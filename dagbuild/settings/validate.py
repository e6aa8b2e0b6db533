"""Read the tables of dagbuild.toml by the schema, and collect all that is wrong with them."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagbuild.ground.digits import any_length
from dagbuild.ground.errors import Problem, SettingsError, did_you_mean
from dagbuild.settings.lines import find_line, find_lines
from dagbuild.settings.model import Pin
from dagbuild.settings.overrides import Override
from dagbuild.settings.schema import FREE, PIN, SHORT, TABLES, Refused, pin, read_pinned

TOP = ("modules", "targets", *TABLES, *FREE, "profile", "pins")
"""What may stand at the top of the file."""

IN_PROFILE = ("targets", *FREE, "executor", "cache", "remote", "build")
"""What a profile may say."""

Tables = dict[str, dict[str, Any]]


class Checker:
    """Reads tables by the schema and collects what is wrong with them."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._lines: dict[tuple[str, ...], int] = {}

    def parse(self) -> dict[str, Any]:
        """Return the file as TOML; raises SettingsError when it is none."""
        try:
            text = self.file.read_text(
                encoding="utf-8-sig"
            )  # some editors write a mark before the first letter
            self._lines = find_lines(text)
            with any_length():
                return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            message, _, place = str(error).partition(" (at ")
            line = re.search(r"line (\d+)", place)
            raise SettingsError(
                f"not valid TOML: {message[:1].lower()}{message[1:]}",
                where=f"{short_path(self.file)}:{line[1]}" if line else short_path(self.file),
                hint='texts stand in quotes, tables in [brackets], as in region = "UK"',
            ) from None
        except UnicodeDecodeError:
            raise SettingsError("not UTF-8 text", where=short_path(self.file)) from None
        except RecursionError:
            raise SettingsError("nested too deeply", where=short_path(self.file)) from None
        except OSError as error:
            raise SettingsError(f"cannot be read: {error.strerror}", where=short_path(self.file)) from None

    def at(self, path: tuple[str, ...]) -> str:
        """Return "dagbuild.toml:12" for a path of keys."""
        line = find_line(self._lines, path)
        return f"{short_path(self.file)}:{line}" if line else short_path(self.file)

    def read_tables(self, data: Mapping[str, Any], path: tuple[str, ...], allowed: tuple[str, ...]) -> Tables:
        """Return the checked tables of the file or of one profile."""
        tables: Tables = {}
        for name, value in data.items():
            here = (*path, name)
            if name not in allowed:
                self._unknown(name, here, allowed, _in_table(name) if not path else None)
            elif name in ("modules", "targets"):
                self._put(tables, "project", name, value, here)
            elif name in FREE or name in TABLES:
                self._read_table(tables, name, value, here)
        return tables

    def _read_table(self, tables: Tables, name: str, value: Any, here: tuple[str, ...]) -> None:
        if name in SHORT and isinstance(value, str):
            value = {SHORT[name]: value}
        if not isinstance(value, dict):
            self.problems.append(Problem(f"'{name}' is a table: write [{'.'.join(here)}]", self.at(here)))
        elif name in FREE:
            tables.setdefault(name, {}).update(value)
        else:
            for key, item in value.items():
                if key in TABLES[name]:
                    self._put(tables, name, key, item, (*here, key))
                else:
                    self._unknown(key, (*here, key), tuple(TABLES[name]), None)

    def _put(self, tables: Tables, name: str, key: str, value: Any, where: str | tuple[str, ...]) -> None:
        """Check a value and put it into its table; `where` is a place in words, or the path in the file."""
        try:
            tables.setdefault(name, {})[key] = TABLES[name][key](value)
        except Refused as refused:
            said = ".".join((key, *refused.below))
            place = where if isinstance(where, str) else self.at((*where, *refused.below))
            self.problems.append(Problem(f"'{said}' {refused.message}", place, refused.hint))

    def _unknown(self, name: str, path: tuple[str, ...], allowed: tuple[str, ...], hint: str | None) -> None:
        table = ".".join(path[:-1])
        message = f"[{table}] has no key '{name}'" if table else f"there is no setting '{name}'"
        hint = did_you_mean(name, allowed) or hint or f"it may be {', '.join(allowed)}"
        self.problems.append(Problem(message, self.at(path), hint))

    def read_profiles(self, data: Any) -> dict[str, Tables]:
        """Return the checked tables of every profile, chosen or not."""
        if not isinstance(data, dict):
            self.problems.append(Problem("'profile' is a table: write [profile.NAME]", self.at(("profile",))))
            return {}
        profiles: dict[str, Tables] = {}
        for name, value in data.items():
            if isinstance(value, dict):
                profiles[name] = self.read_tables(value, ("profile", name), IN_PROFILE)
            else:
                hint = f"write [profile.NAME] and '{name}' below it"
                self.problems.append(
                    Problem("'profile' holds a table for each name", self.at(("profile", name)), hint)
                )
        return profiles

    def read_pins(self, data: Any) -> dict[str, Pin]:
        """Return the checked pins by node name."""
        if not isinstance(data, dict):
            self.problems.append(Problem("'pins' is a table: write [pins.NODE]", self.at(("pins",))))
            return {}
        pins: dict[str, Pin] = {}
        for name, value in data.items():
            where = self.at(("pins", name))
            try:
                if not isinstance(value, dict):
                    raise Refused("is not what `dagbuild pin` writes", "run `dagbuild pin` again")
                fields: dict[str, Any] = {}
                for key, item in value.items():
                    if key not in PIN:
                        raise Refused(f"has no key '{key}'", did_you_mean(key, PIN))
                    fields[key] = PIN[key](item)
                pins[name] = pin(fields, read_pinned(self.file.parent, name))
            except Refused as refused:
                self.problems.append(Problem(f"pin '{name}' {refused.message}", where, refused.hint))
        return pins

    def read_override(self, override: Override) -> Tables:
        """Return the tables that one value from outside the file sets."""
        name, *keys = override.path
        tables: Tables = {}
        if not all(keys):
            self.problems.append(Problem("a key is missing", override.where, "write --set key=value"))
        elif name in FREE:
            nested: Any = override.value
            for key in reversed(keys):
                nested = {key: nested}
            tables[name] = nested
        elif keys[0] not in TABLES[name]:
            hint = did_you_mean(keys[0], TABLES[name]) or f"it may be {', '.join(TABLES[name])}"
            self.problems.append(Problem(f"[{name}] has no key '{keys[0]}'", override.where, hint))
        else:
            value = override.value
            for key in reversed(keys[1:]):
                value = {key: value}
            self._put(tables, name, keys[0], value, override.where)
        return tables


def _in_table(name: str) -> str | None:
    """Say where a key belongs that stands at the top and is known further down."""
    for table, rules in TABLES.items():
        if name in rules:
            return f"it belongs under [{table}]"
    return None


def short_path(file: Path) -> str:
    """Name the file as a person in this folder would."""
    try:
        near = os.path.relpath(file)
    except ValueError:  # another drive
        return str(file)
    return str(file) if near.startswith(f"..{os.sep}..") else near
