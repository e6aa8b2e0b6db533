"""`dagbuild verify`: read the whole cache, or look at all of the remote, and say what is damaged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from dagbuild.cli.session import Session, json_option, with_session
from dagbuild.cli.terminal import give
from dagbuild.ground import units
from dagbuild.report.style import Style

if TYPE_CHECKING:
    from dagbuild.model.record import BlobRef
    from dagbuild.store.verify import VerifyReport

DAMAGED = 1


@click.command("verify")
@click.option(
    "--repair", is_flag=True, help="Fetch what is lost from the remote, and drop what cannot be used."
)
@click.option("--remote", is_flag=True, help="Look whether all is in the remote that its records name.")
@click.option("--read", is_flag=True, help="With --remote: read all of it, too, and compare each byte.")
@json_option
@with_session
def command(session: Session, *, repair: bool, remote: bool, read: bool, as_json: bool) -> int:
    """Read every value and record of the cache: does each match its digest, is all there that records name?

    Changes nothing without --repair. With it, what is damaged is put aside and fetched again where there is a remote;
    records whose values are lost are dropped, so that the next build makes them again.

    With --remote: are the records there whole and signed by somebody who is trusted, and are all blobs there that they
    name, in their sizes? Reads no blob without --read.

    Exit status: 0 when all is well (again), 1 when something is or was lost.
    """
    if remote:
        return _verify_remote(session, repair=repair, read=read, as_json=as_json)
    if read:
        raise click.UsageError("--read goes with --remote: of the own cache, all is read")
    report = session.maintenance.verify(repair=repair)
    if as_json:
        give(json.dumps(_to_json(report), indent=2))
    else:
        give("\n".join(_tell(report, session.out, repaired=repair)))
    return 0 if report.clean else DAMAGED


def _verify_remote(session: Session, *, repair: bool, read: bool, as_json: bool) -> int:
    from dagbuild.report.remote_text import tell_verify, verify_to_json

    if repair:
        raise click.UsageError(
            "--repair mends the cache: what the remote lacks, the next build that wants it sends"
        )
    report = session.maintenance.verify_remote(read=read)
    told = verify_to_json(report)
    give(json.dumps(told, indent=2) if as_json else "\n".join(tell_verify(report, session.out)))
    return 0 if report.clean else DAMAGED


def _tell(report: VerifyReport, style: Style, *, repaired: bool) -> Iterator[str]:
    read = f"{units.count(report.blobs, 'blob')}, {units.size(report.size)}"
    yield f"read {units.count(report.records, 'record')} and {read}"
    for ref in report.damaged:
        yield _line("damaged", ref, report.nodes.get(ref, ()), style)
    for ref, nodes in report.missing:
        yield _line("missing", ref, nodes, style)
    for text in report.lines:
        yield f"{style.paint('damaged', 'failed')} {text}"
    for path in report.changed:
        what = (
            "removed: the next use makes it again"
            if repaired
            else "somebody has written to this copy of a file"
        )
        yield f"{style.paint('changed', 'stale')} {path}: {what}"
    if report.orphaned:
        size = units.size(sum(ref.size for ref in report.orphaned))
        yield f"{units.count(len(report.orphaned), 'blob')} that nothing needs, {size}: `dagbuild gc` removes old ones"
    if report.away:
        yield f"{units.count(len(report.away), 'blob')} in the remote only: fetched when needed"
    if report.fetched:
        yield f"fetched {units.count(len(report.fetched), 'blob')} from the remote"
    if report.dropped:
        yield f"dropped {units.count(report.dropped, 'record')}: the next build makes the values again"
    if report.clean:
        yield style.paint("nothing is damaged" if not report.damaged else "all is well again", "fresh")
    elif not repaired:
        yield style.paint("`dagbuild verify --repair` fetches what the remote has and drops the rest", "hint")


def _line(word: str, ref: BlobRef, nodes: Iterable[str], style: Style) -> str:
    return f"{style.paint(word, 'failed')} {ref.digest} of {', '.join(nodes) or 'no node'}"


def _to_json(report: VerifyReport) -> dict[str, object]:
    hurt = {node for ref in report.lost for node in report.nodes.get(ref, ())}
    hurt |= {node for _, nodes in report.missing for node in nodes}
    return {
        "clean": report.clean,
        "records": report.records,
        "blobs": report.blobs,
        "bytes": report.size,
        "damaged": [ref.digest for ref in report.damaged],
        "missing": [ref.digest for ref, _ in report.missing],
        "orphaned": [ref.digest for ref in report.orphaned],
        "remote_only": [ref.digest for ref in report.away],
        "changed_copies": [str(path) for path in report.changed],
        "damaged_records": list(report.lines),
        "fetched": [ref.digest for ref in report.fetched],
        "dropped": report.dropped,
        "nodes": sorted(hurt),
    }
