"""What gc and verify have to say of a store that a team shares, as lines and as JSON. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dagbuild.ground import units
from dagbuild.report.style import Style, columns
from dagbuild.store.remote_gc import RemoteGcReport, Tally
from dagbuild.store.remote_verify import Loss, RemoteVerifyReport


def tell_gc(report: RemoteGcReport, style: Style) -> Iterator[str]:
    """Yield the lines of what went, or would go."""
    if report.nodes:
        rows = [(node, f"{count:,}") for node, count in report.nodes.items()]
        yield from columns(rows, style, ("node", "records"))
    for part, why in report.unread.items():
        yield f"{style.paint('unread', 'failed')} {part}: {why}"
    if report.unread:
        yield "nobody knows what these records need, so no blob goes; `dagbuild verify --remote` tells more"
    if report.records or report.removed.count:
        verb = "would remove" if report.dry_run else "removed"
        yield f"{verb} {units.count(report.records, 'record')}, {_tally(report.removed)}"
    else:
        yield "nothing to remove"
    if report.waiting.count:
        yield f"a day after its records: {_tally(report.waiting)}"
    if report.young.count:
        yield f"younger than a day, or not known: {_tally(report.young)}"
    keeps = "would keep" if report.dry_run else "kept"
    yield f"{keeps} {units.count(report.kept_records, 'record')}, {_tally(report.kept)}"
    if report.others:
        others = units.count(report.others, "record")
        yield f"of these, nobody here may judge {others}: of signers who are not trusted, or of a newer dagbuild"
    if report.dry_run and (report.records or report.removed.count):
        yield style.paint("nothing was removed: --yes does it", "hint")


def _tally(tally: Tally) -> str:
    return f"{units.count(tally.count, 'object')}, {units.size(tally.size)}"


def tell_verify(report: RemoteVerifyReport, style: Style) -> Iterator[str]:
    """Yield the lines of what was found."""
    read = f", read {units.size(report.read)}" if report.read else ""
    objects = f"{units.count(report.objects, 'object')}, {units.size(report.size)}"
    yield f"looked at {units.count(report.records, 'record')} and {objects}{read}"
    for signer, count in report.signers.items():
        yield f"{units.count(count, 'record')} signed by {signer}"
    if report.strange:
        strange = units.count(report.strange, "record")
        yield f"{strange} of signers who are not trusted here, or of a newer dagbuild: not looked into"
    for text in report.lines:
        yield f"{style.paint('damaged', 'failed')} {text}"
    for word, losses in (("missing", report.missing), ("damaged", report.damaged)):
        for loss in losses:
            whose = f"{', '.join(loss.nodes)}, signed by {', '.join(loss.signers)}"
            yield f"{style.paint(word, 'failed')} {loss.blob.digest} of {whose}: {loss.why}"
    if report.orphaned:
        orphans = f"{units.count(report.orphaned, 'object')} that no record names, {units.size(report.orphaned_size)}"
        yield f"{orphans}: `dagbuild gc --remote` removes old ones"
    if report.clean:
        yield style.paint("nothing is damaged", "fresh")
    elif report.missing or report.damaged:
        yield style.paint("a build that wants one of these makes it again, and sends it", "hint")


def verify_to_json(report: RemoteVerifyReport) -> dict[str, Any]:
    """Return the plain form."""
    losses = (*report.missing, *report.damaged)
    return {
        "clean": report.clean,
        "records": report.records,
        "signers": dict(report.signers),
        "strange": report.strange,
        "objects": report.objects,
        "bytes": report.size,
        "read": report.read,
        "orphaned": {"count": report.orphaned, "size": report.orphaned_size},
        "damaged_records": list(report.lines),
        "missing": [_loss(loss) for loss in report.missing],
        "damaged": [_loss(loss) for loss in report.damaged],
        "nodes": sorted({node for loss in losses for node in loss.nodes}),
    }


def _loss(loss: Loss) -> dict[str, Any]:
    return {
        "blob": loss.blob.digest,
        "nodes": list(loss.nodes),
        "signers": list(loss.signers),
        "why": loss.why,
    }
