"""`dagbuild gc`: make room in the cache, or in the remote."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from dagbuild.cli.session import Session, json_option, with_session
from dagbuild.cli.terminal import give
from dagbuild.ground import units
from dagbuild.report.style import Style, columns

if TYPE_CHECKING:
    from dagbuild.store.gc import GcReport

_AGE = re.compile(r"(\d+(?:\.\d+)?) ?(h|d|w)")
_SECONDS = {"h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}


def _read_size(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    from dagbuild.settings.schema import Refused, size

    try:
        return None if text is None else 0 if text == "0" else size(text)
    except Refused as refused:
        raise click.BadParameter(refused.message) from None


def _read_age(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    if text is None:
        return None
    match = _AGE.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"wants an age like 12h, 30d or 8w, not '{text}'")
    return float(match[1]) * _SECONDS[match[2]]


@click.command("gc")
@click.option(
    "--size",
    metavar="SIZE",
    callback=_read_size,
    help="Bring the cache below this, like 5GB. [default: `size` of [cache]]",
)
@click.option(
    "--older-than",
    "age",
    metavar="AGE",
    callback=_read_age,
    help="Remove what was not used for so long, like 30d; of the remote, what was made before.",
)
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@click.option(
    "--remote", is_flag=True, help="Make room in the remote; says what would go, unless told --yes."
)
@click.option("--yes", is_flag=True, help="With --remote: remove it, for everybody.")
@json_option
@with_session
def command(
    session: Session,
    *,
    size: int | None,
    age: float | None,
    dry_run: bool,
    remote: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Remove values until the cache is below SIZE: what is old, large and quick to make again goes first.

    Kept whatever the size: what a pin names, what the last runs made or used, what a running build may need, and what
    was used within a day.

    With --remote: remove from the remote the records that are older than AGE, and the blobs that no record has named
    for a day. Kept whatever the age: what is pinned, here or on the default branch, what was accepted, of each node the
    newest record of each signer, and what cannot be judged here. Without AGE no record goes.
    """
    if remote:
        return _collect_remote(session, size, age, dry_run=dry_run or not yes, as_json=as_json)
    if yes:
        raise click.UsageError("--yes goes with --remote: of the own cache, gc removes what it may")
    report = session.maintenance.collect_garbage(size=size, age=age, dry_run=dry_run)
    if as_json:
        give(json.dumps(_to_json(report), indent=2))
        return 0
    budget = session.settings.cache.size if size is None else size
    give("\n".join(_tell(report, session.out, budget)))
    if budget is None and age is None:
        give(
            session.out.paint(
                "no budget is set: give --size, or write size under [cache] in dagbuild.toml", "hint"
            )
        )
    return 0


def _collect_remote(
    session: Session, size: int | None, age: float | None, *, dry_run: bool, as_json: bool
) -> int:
    from dagbuild.report.remote_text import tell_gc

    if size is not None:
        raise click.UsageError("--size is the cache's: of the remote, --older-than says what goes")
    report = session.maintenance.collect_remote_garbage(age=age, dry_run=dry_run)
    give(json.dumps(asdict(report), indent=2) if as_json else "\n".join(tell_gc(report, session.out)))
    return 0


def _tell(report: GcReport, style: Style, budget: int | None) -> Iterator[str]:
    if report.removals:
        rows = [
            (", ".join(r.nodes), units.size(r.freed), units.moment(r.used), units.seconds(r.cost))
            for r in report.removals
        ]
        yield from columns(rows, style, ("node", "frees", "last used", "took"))
    if report.orphaned:
        yield f"what no record names: {units.size(report.orphaned)}"
    if report.copied:
        yield f"copies of files that nodes made: {units.size(report.copied)}"
    verb = "would free" if report.dry_run else "freed"
    values = units.count(len(report.removals), "value")
    if report.removals or report.orphaned or report.copied:
        yield f"{verb} {units.size(report.freed)}: {values}, {units.count(report.blobs, 'blob')}"
    else:
        yield "nothing to remove"
    keeps = "would keep" if report.dry_run else "kept"
    over = budget is not None and report.kept > budget
    why = (
        f", more than {units.size(budget or 0)}: pins, the last runs and the last day need it" if over else ""
    )
    yield f"{keeps} {units.size(report.kept)}{why}"


def _to_json(report: GcReport) -> dict[str, Any]:
    return {
        "dry_run": report.dry_run,
        "freed": report.freed,
        "kept": report.kept,
        "records": report.records,
        "blobs": report.blobs,
        "orphaned": report.orphaned,
        "copied": report.copied,
        "removed": [
            {"nodes": list(r.nodes), "freed": r.freed, "used": r.used, "seconds": r.cost}
            for r in report.removals
        ],
    }
