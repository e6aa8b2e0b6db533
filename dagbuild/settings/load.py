"""Find dagbuild.toml, check it whole, and lay profile, environment and command line over it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dagbuild.ground.errors import Problem, SettingsError, did_you_mean
from dagbuild.ground.home import expand_user
from dagbuild.settings.model import (
    CacheSettings,
    ExecutorSettings,
    Pin,
    RemoteSettings,
    Settings,
    VariableSettings,
)
from dagbuild.settings.overrides import find_invented, from_command_line, from_environment
from dagbuild.settings.schema import FREE
from dagbuild.settings.validate import TOP, Checker, Tables, short_path

FILE_NAME = "dagbuild.toml"


def find_settings(start: Path) -> Path:
    """Return the dagbuild.toml of the folder or of the nearest one above it; raises SettingsError."""
    start = start.absolute()
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    raise SettingsError(
        f"no {FILE_NAME} in '{start}' or in any folder above it",
        hint="`dagbuild init` makes a small project here, or name one with --project DIR",
    )


def load_settings(
    path: str | Path = ".",
    profile: str | None = None,
    overrides: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings of a dagbuild.toml, or of the one found upward from a folder.

    `overrides` are the texts of `--set`, by key; `environ` is the environment, this process's unless given.
    Raises SettingsError with every mistake.
    """
    file = _locate(Path(path))
    environ = os.environ if environ is None else environ
    checker = Checker(file)
    data = checker.parse()
    tables = checker.read_tables(data, (), TOP)
    profiles = checker.read_profiles(data.get("profile", {}))
    pins = checker.read_pins(data.get("pins", {}))

    chosen = profile or environ.get("DAGBUILD_PROFILE") or None
    if chosen is not None:
        if chosen in profiles:
            _merge(tables, profiles[chosen])
        else:
            said = "--profile" if profile else "DAGBUILD_PROFILE"
            hint = did_you_mean(chosen, profiles) or f"write [profile.{chosen}] in {FILE_NAME}"
            checker.problems.append(Problem(f"there is no profile '{chosen}'", said, hint))
    known = {name: tables.get(name, {}) for name in FREE}
    from_variables, problems = from_environment(environ, known)
    checker.problems.extend(problems)
    unfiled: dict[str, str] = {}
    texts: dict[tuple[str, ...], str] = {}
    for override in (*from_variables, *from_command_line(overrides or {}, known)):
        if problem := find_invented(override, tables, known):
            checker.problems.append(problem)
            continue
        _merge(tables, checker.read_override(override))
        table, name, *_ = override.path
        if table == "config" and not any(name in known[table] for table in FREE):
            unfiled[name] = override.where
        texts = {path: text for path, text in texts.items() if not _overlap(path, override.path)}
        if override.path[0] in FREE and override.text is not None:
            texts[override.path] = override.text

    settings = _assemble(checker, tables, pins, chosen, texts)
    if checker.problems:
        raise SettingsError.of(checker.problems)
    return replace(settings, said=unfiled)


def _locate(path: Path) -> Path:
    if path.is_file():
        return path.absolute()
    if path.is_dir():
        return find_settings(path)
    raise SettingsError(f"there is no folder '{path}'", hint=f"--project wants the folder of a {FILE_NAME}")


def _merge(below: Any, above: Mapping[str, Any]) -> None:
    """Lay tables over tables, in place; values that are tables are laid over one another too."""
    todo = [(below, above)]
    while todo:
        under, over = todo.pop()
        for key, value in over.items():
            if isinstance(value, dict) and isinstance(under.get(key), dict):
                under[key] = dict(under[key])
                todo.append((under[key], value))
            else:
                under[key] = value


def _overlap(path: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Tell whether one of two paths leads to the other: what is set last says all of it."""
    return all(one == two for one, two in zip(path, other, strict=False))


def _assemble(
    checker: Checker,
    tables: Tables,
    pins: dict[str, Pin],
    profile: str | None,
    texts: Mapping[tuple[str, ...], str],
) -> Settings:
    root = checker.file.parent
    project = tables.get("project", {})
    if "modules" not in project and not any("'modules'" in problem.message for problem in checker.problems):
        files = sorted(path.stem for path in root.glob("*.py") if path.stem.isidentifier())
        example = ", ".join(f'"{name}"' for name in files[:4]) or '"features"'
        hint = f"write modules = [{example}] at the top"
        checker.problems.append(Problem("the project names no modules", short_path(checker.file), hint))
    cache = dict(tables.get("cache", {}))
    folder = expand_user(cache.pop("folder", "cache"))
    remote = tables.get("remote", {})
    if remote and "url" not in remote and remote.get("mode") != "off" and not checker.problems:
        checker.problems.append(
            Problem("[remote] has no 'url'", checker.at(("remote",)), 'write url = "s3://..."')
        )
    return Settings(
        root=root,
        modules=project.get("modules", ()),
        cache=CacheSettings(root / folder, **cache),
        file=checker.file,
        targets=project.get("targets", ()),
        config=tables.get("config", {}),
        inputs=tables.get("inputs", {}),
        pins=pins,
        remote=RemoteSettings(**remote) if "url" in remote else None,
        executor=ExecutorSettings(**tables.get("executor", {})),
        variables=VariableSettings(**tables.get("variables", {})),
        packages=tables.get("build", {}).get("packages", {"*": "exact"}),
        undeclared=tables.get("build", {}).get("undeclared", "track"),
        returns=tables.get("build", {}).get("returns", "warn"),
        unseen=tables.get("build", {}).get("unseen", "track"),
        profile=profile,
        texts=texts,
    )
