"""What a command works with: the options that say which project, and the project, opened late."""

from __future__ import annotations

import functools
import os
import shlex
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagbuild.cli.commands import COMMANDS
from dagbuild.cli.terminal import giving_alone, is_live, say, style_of
from dagbuild.ground.errors import InputError, Problem, SettingsError, did_you_mean
from dagbuild.ground.quiet import start_quietly
from dagbuild.ground.secrets import clean
from dagbuild.report.style import Style, visible
from dagbuild.shortcut import answers

if TYPE_CHECKING:
    from dagbuild.plan.events import Event
    from dagbuild.plan.plan import Plan, Status
    from dagbuild.project.maintenance import Maintenance
    from dagbuild.project.project import Project
    from dagbuild.settings import Settings

SLOW = 0.5
"""Seconds of an import after which a terminal is told."""

IMPLICIT = "dagbuild.implicit"
"""In the context's `meta`: no command was named, so the words may be misspelt commands."""


@dataclass(frozen=True, slots=True)
class Given:
    """The options that say which project and with which settings."""

    project: str | None = None
    profile: str | None = None
    sets: tuple[str, ...] = ()
    fetches: bool = True


class Session:
    """One run of a command."""

    def __init__(self, given: Given, *, implicit: bool = False) -> None:
        self.given = given
        self.implicit = implicit
        self.out: Style = style_of(sys.stdout)
        self.err: Style = style_of(sys.stderr)
        self._imported = threading.Event()
        self.told = False  # something besides the answer was said
        self._lasts = True  # what was asked for does not hang on how nodes stand

    @functools.cached_property
    def settings(self) -> Settings:
        """The project's settings; raises SettingsError."""
        from dagbuild.settings import load_settings

        settings = load_settings(self._path, profile=self.given.profile, overrides=self._overrides())
        return settings if self.given.fetches else settings.without_fetching()

    @property
    def _path(self) -> Path:
        return Path(self.given.project or os.environ.get("DAGBUILD_PROJECT") or ".")

    @functools.cached_property
    def project(self) -> Project:
        """The project, its modules imported; raises a UserError with all that is wrong."""
        from dagbuild.project.project import Project

        settings = self.settings
        project = Project(settings, listener=self.listen)
        click.get_current_context().call_on_close(project.close)
        return project

    @functools.cached_property
    def maintenance(self) -> Maintenance:
        """The project's stores; imports none of its modules."""
        from dagbuild.project.maintenance import Maintenance

        maintenance = Maintenance(self.settings, self._warn)
        click.get_current_context().call_on_close(maintenance.close)
        return maintenance

    def choose(self, words: Iterable[str]) -> tuple[str, ...]:
        """Return the names that words stand for, `tag:report` or `+forecast`, for instance; without words none.

        Raises InputError for all that stand for nothing. Where no node stands as words ask, that is said, and the
        command ends.
        """
        from dagbuild.plan.selection import is_selection, select

        words = tuple(words)
        if not any(map(is_selection, words)):
            self.check_names(words)
            return words
        chosen = select(self.project.graph, words, self._find_status)
        self.check_names(chosen)
        if not chosen:
            say(f"no node is {' or '.join(words)}: nothing to do")
            click.get_current_context().exit()
        return chosen

    def _find_status(self) -> dict[str, Status]:
        self._lasts = False
        return {name: step.status for name, step in self.project.status().steps.items()}

    def check_names(self, names: Iterable[str]) -> None:
        """Raise InputError for all names that are no node or input, with what each was likely meant to be."""
        graph = self.project.graph
        known = [*graph.nodes, *graph.inputs]
        problems = [
            Problem(f"there is no {'target or command' if self.implicit else 'node'} '{name}'", None, hint)
            for name in names
            if name not in graph
            for hint in [
                did_you_mean(name, known) or self.near_command(name) or "dagbuild list shows every node"
            ]
        ]
        if problems:
            raise InputError.of(problems)

    def near_command(self, word: str) -> str | None:
        """Return a hint when a word that stands where a command may is nearly one."""
        hint = did_you_mean(word, COMMANDS) if self.implicit else None
        return hint.replace("did you mean", "did you mean the command") if hint else None

    def command(self, name: str, *options: str) -> str:
        """Return a command line of the same project and settings, as the user would type it."""
        words = ["dagbuild"]
        if self.given.project:
            words += ["--project", self.given.project]
        if self.given.profile:
            words += ["--profile", self.given.profile]
        for text in self.given.sets:
            words += ["--set", text]
        if not self.given.fetches:
            options = ("--no-fetch", *options)
        return shlex.join([*words, name, *options])

    def remember(self, lines: Iterable[str], status: int, plan: Plan, steps: Iterable[Any]) -> None:
        """Keep what was given on standard output for as long as it stays the answer to this command line."""
        asked = answers.asked
        if asked is None or self.told or not self._lasts:
            return
        records = [step.record for step in steps if step.record is not None]
        basis = self.project.list_answer_basis(plan, records)
        if basis is not None:
            asked.remember("".join(f"{visible(clean(line))}\n" for line in lines), status, basis)

    def _overrides(self) -> dict[str, str]:
        overrides: dict[str, str] = {}
        for text in self.given.sets:
            key, equals, value = text.partition("=")
            if not equals or not key.strip():
                raise SettingsError(f"--set '{text}' has no '='", hint="write --set key=value")
            overrides[key.strip()] = value
        return overrides

    def listen(self, event: Event) -> None:
        """Tell what the store has to say outside a build, and in a terminal that the project is imported for long."""
        from dagbuild.plan.events import Importing

        if isinstance(event, Importing):
            self._imported.set()
            if not event.done and is_live():
                self._imported = threading.Event()
                start_quietly(functools.partial(self._say_importing, self._imported), "dagbuild-importing")
            return
        text = getattr(event, "text", None)
        if text is not None:
            self._warn(text)

    def _say_importing(self, imported: threading.Event) -> None:
        if not imported.wait(SLOW):
            say(self.err.paint("importing the project ...", "dim"))

    def _warn(self, text: str) -> None:
        self.told = True
        say(f"{self.err.paint('warning', 'warning')}: {text}")


def with_session(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that say which project, and a Session as its first argument."""

    @click.option("-C", "--project", metavar="DIR", hidden=True)
    @click.option("--profile", metavar="NAME", help="Settings of [profile.NAME].")
    @click.option("--set", "sets", metavar="KEY=VALUE", multiple=True, help="A config value or setting.")
    @functools.wraps(function)
    def wrapper(project: str | None, profile: str | None, sets: tuple[str, ...], **options: Any) -> int:
        ctx = click.get_current_context()
        before: Given = ctx.obj or Given()
        given = Given(
            project or before.project,
            profile or before.profile,
            (*before.sets, *sets),
            not options.pop("no_fetch", False),
        )
        session = Session(given, implicit=bool(ctx.meta.get(IMPLICIT)))
        with giving_alone():  # what the project's modules and nodes print is no part of what a command gives
            return function(session, **options)

    return wrapper


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
all_option = click.option("-a", "--all", "everything", is_flag=True, help="Show every node.")
no_fetch_option = click.option(
    "--no-fetch", is_flag=True, help="Take nothing from the remote: what lies there only is computed here."
)
override_option = click.option(
    "--override",
    "overrides",
    metavar="NODE=FILE",
    multiple=True,
    help="A value in the node's place: a file (csv, parquet, json, xlsx, npy, pickle, txt) or a literal.",
)
