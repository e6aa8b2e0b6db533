"""`dagbuild TARGET...` and `dagbuild build TARGET...`."""

from __future__ import annotations

import contextlib
import faulthandler
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from dagbuild.cli.session import Session, json_option, no_fetch_option, override_option, with_session
from dagbuild.cli.terminal import give, is_live, say
from dagbuild.ground.digits import tell
from dagbuild.ground.errors import InputError, SettingsError
from dagbuild.ground.override import override
from dagbuild.settings import EXECUTORS, MOST_JOBS, is_foreign

if TYPE_CHECKING:
    from dagbuild.artifacts import Artifacts
    from dagbuild.model.record import Artifact
    from dagbuild.plan.events import BuildResult, Listener
    from dagbuild.project.project import Project
    from dagbuild.report.failures import Telling

FAILED, INTERRUPTED = 1, 130
SHORT = 60


class _Kind(click.Choice[str]):
    """An executor of ours, or "module:Class" of another."""

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return value if isinstance(value, str) and is_foreign(value) else super().convert(value, param, ctx)


@click.command("build")
@click.argument("targets", nargs=-1, metavar="TARGET...")
@click.option("-o", "--output", metavar="FILE", help="Write the target's value to a file.")
@click.option("--force", metavar="NODE", multiple=True, help="Compute this node even if it is fresh.")
@click.option("-k", "--keep-going", is_flag=True, help="Go on with what a failed node does not block.")
@click.option("--executor", type=_Kind(EXECUTORS), help="Where to run; or module:Class.")
@click.option(
    "-j", "--jobs", type=click.IntRange(1, MOST_JOBS), metavar="N", help="Run so many nodes at a time here."
)
@click.option("-v", "--verbose", is_flag=True, help="Show what nodes print behind their names, as it comes.")
@click.option("--logs", is_flag=True, help="Show again what reused nodes printed when they ran.")
@click.option(
    "--traceback", is_flag=True, help="Show all frames of what failed, libraries' and dagbuild's, too."
)
@click.option("--events", metavar="FILE", help="Write what happens to a file, as it happens: JSON lines.")
@no_fetch_option
@override_option
@json_option
@with_session
def command(
    session: Session,
    *,
    targets: tuple[str, ...],
    output: str | None,
    force: tuple[str, ...],
    keep_going: bool,
    executor: str | None,
    jobs: int | None,
    verbose: bool,
    logs: bool,
    traceback: bool,
    events: str | None,
    overrides: tuple[str, ...],
    as_json: bool,
) -> int:
    """Build targets: reuse what is right, fetch what colleagues have, compute the rest.

    Without TARGET: those of `targets` in dagbuild.toml, or every node that no other takes.
    """
    from dagbuild.cli.event_file import also_written
    from dagbuild.cli.given import read_overrides
    from dagbuild.plan.events import How
    from dagbuild.project.exchange import write_file
    from dagbuild.report.failures import Telling

    _claim_process()
    project = _open(session, targets)
    chosen, force = session.choose(project.targets(targets)), session.choose(force)
    if output is not None and len(chosen) != 1:
        raise InputError(f"-o takes the value of one target, and there are {len(chosen)}", hint="name one")
    values = read_overrides(overrides, project.graph.nodes)
    override_words = [word for text in overrides for word in ("--override", text)]
    words = [
        *override_words,
        *(["--executor", executor] if executor else []),
        *(["-j", str(jobs)] if jobs else []),
    ]

    build = partial(
        project.build,
        chosen,
        overrides=values,
        force=force,
        keep_going=keep_going,
        values=output is not None,
        executor=executor,
        jobs=jobs,
        verbose=verbose,
    )
    telling = Telling(
        again=lambda node: session.command(
            "build", *words, *(("--force", node) if node in force else ()), node
        ),
        debug=lambda node: session.command("debug", *override_words, node),
        traceback=traceback,
    )
    lines: list[str] = []
    with also_written(events, logs=logs) as heard:
        if as_json:
            from dagbuild.report.jsonl import JsonLines

            result = build(on_event=heard(JsonLines(give, logs=logs)))
        else:
            result, lines = _build_told(session, build, heard, targets=chosen, logs=logs, telling=telling)
    if result.interrupted:
        return INTERRUPTED
    if result.failed:
        return FAILED
    if output is not None:
        write_file(result.values[chosen[0]], output, chosen[0])
        say(f"wrote {output}")
    elif lines and not (
        force
        or overrides
        or executor
        or logs
        or events
        or result.names(How.COMPUTED)
        or result.names(How.RESTORED)
    ):
        session.remember(lines, 0, result.plan, result.steps.values())
    return 0


def _claim_process() -> None:
    """Let no node end this process in silence, as it is there for the build alone."""
    from dagbuild.executors import exits

    exits.claim_process()
    if not faulthandler.is_enabled():
        with contextlib.suppress(OSError, ValueError, AttributeError):  # standard error is no file
            faulthandler.enable(sys.stderr)  # a crash in native code shows the user's frames


def _open(session: Session, targets: tuple[str, ...]) -> Project:
    try:
        return session.project
    except SettingsError as error:
        # `dagbuild statsu` where there is no project is a slip of the fingers all the same.
        problem = error.problems[0]
        hint = session.near_command(targets[0]) if targets and problem.where is None else None
        if hint is None:
            raise
        raise SettingsError(problem.message, hint=hint) from None


def _build_told(
    session: Session,
    build: Callable[..., BuildResult],
    heard: Callable[[Listener], Listener],
    *,
    targets: tuple[str, ...],
    logs: bool,
    telling: Telling,
) -> tuple[BuildResult, list[str]]:
    """Build, say how it went, and return the result and the closing lines."""
    from dagbuild.plan.events import Event, Notice
    from dagbuild.report.console import open_report
    from dagbuild.report.plan_text import tell_untracked
    from dagbuild.report.summary import tell_result, tell_values

    live = is_live()
    with open_report(say, session.err, live=live, telling=telling, logs=logs) as report:

        def listen(event: Event) -> None:
            session.told = session.told or isinstance(event, Notice)
            report(event)

        result = build(on_event=heard(listen))
    lines = tell_result(result, targets, session.out)
    lines += tell_values(result, targets, _describer(session.project.artifacts), session.out)
    lines += tell_untracked(result.find_notes())
    for line in lines:
        give(line)
    return result, lines


def _describer(artifacts: Artifacts) -> Callable[[Artifact], Mapping[str, Any]]:
    """Return what describes a stored value; one that is small enough to be said is said."""
    from dagbuild.codecs.in_record import is_in_record

    def describe(artifact: Artifact) -> Mapping[str, Any]:
        if is_in_record(artifact):
            text = tell(artifacts.load(artifact))
            if len(text) <= SHORT and "\n" not in text:
                return {"value": text}
        return artifacts.describe(artifact)

    return describe
