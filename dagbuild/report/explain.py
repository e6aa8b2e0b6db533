"""One node's parts beside those of the record it is compared with: what changed, what is the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dagbuild.ground import units
from dagbuild.model.outline import show
from dagbuild.model.record import Manifest, Part, Record
from dagbuild.observe.notes import find_notes
from dagbuild.observe.wording import name_observation
from dagbuild.plan.plan import Explanation
from dagbuild.plan.reasons import Cause, index_parts
from dagbuild.report.makers import Signer, name_maker, nobody
from dagbuild.report.plan_text import join, notes_to_json
from dagbuild.report.style import Row, Style, table

_NAMELESS = {"source", "node", "python", "recipe", "binding", "statement"}
_CODE = {"function", "helper", "class", "constant", "statement", "module"}
_WORDS = {
    "binding": "parameters", "statement": "code at module level", "recipe": "how it is made", "unseen": "not tracked:",
    "wide": "tracked as a whole:",
}  # fmt: skip
"""What people call kinds of parts whose own names say little outside."""

LONGEST = 40
WHOLE = 10_000
MANY = 5


def tell_explanation(found: Explanation, style: Style, signer: Signer = nobody) -> list[str]:
    """Return the lines of `explain`: the verdict, its reasons, the parts, and when the record was made."""
    step, manifest, record = found.step, found.manifest, found.record
    word = step.status.value
    lines = [f"{style.paint(step.node, 'bold')} is {style.paint(word, word)}", ""]
    # The step knows what upstream nodes do to it, the manifests what the project's own edits do.
    told = dict.fromkeys(str(reason) for reason in (*step.reasons, *found.changes))
    if step.width:
        told[f"to be computed: {step.width}"] = None
    for reason in (*told, *_tell_causes(found.causes)):
        lines.extend(style.wrap(reason, "  "))
    if told:
        lines.append("")
    if manifest.parts:
        seen = _rows_of_run(record, manifest) if record else ()
        lines.extend(table([*_rows(record.manifest if record else None, manifest), *seen], style))
        lines.append("")
    if record is not None:
        maker = f" by {name}" if (name := name_maker(record, signer)) else ""
        host = f" on {record.host}" if record.host else ""
        run = f" (run {record.run})" if record.run else ""
        taken = f" in {units.seconds(record.duration)}" if record.duration else ""
        made = f"last built {units.moment(record.started)}{maker}{host}{taken}{run}"
        lines.extend(style.paint(line, "dim") for line in style.wrap(made))
    elif manifest.parts:
        lines.append(style.paint("there is no record of it", "dim"))
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _tell_causes(causes: Sequence[Cause]) -> Iterator[str]:
    """Yield a line for each reason that a node above has of its own."""
    for cause in causes[:MANY]:
        way = [f"`{name}`" for name in reversed(cause.way)]
        by = f" (by way of {join(way, 3)})" if way else ""
        shown = cause.reasons[:MANY]
        yield from (f"`{cause.node}`{by}: {reason}" for reason in shown)
        if len(shown) < len(cause.reasons):
            yield f"`{cause.node}`{by}: and {len(cause.reasons) - len(shown):,} more reasons"
    if len(causes) > MANY:
        yield f"and {units.count(len(causes) - MANY, 'node')} more above: dagbuild status"


def explanation_to_json(found: Explanation) -> dict[str, Any]:
    """Return an explanation as plain data."""
    step, manifest, record = found.step, found.manifest, found.record
    return {
        "node": step.node,
        "status": step.status.value,
        "reasons": [
            {"text": r.text, "kind": r.kind, "where": r.where} for r in (*step.reasons, *found.changes)
        ],
        "causes": [
            {
                "node": cause.node,
                "way": list(cause.way),
                "reasons": [{"text": r.text, "kind": r.kind, "where": r.where} for r in cause.reasons],
            }
            for cause in found.causes
        ],
        "parts": [
            {
                "change": change,
                "kind": part.kind,
                "name": part.name,
                "now": show(now.text, WHOLE) if now else None,
                "before": show(was.text, WHOLE) if was else None,
                "where": part.where,
                "counts": part.counts,
            }
            for change, part, was, now in compare(record.manifest if record else None, manifest)
        ],
        "notes": notes_to_json({step.node: step.find_notes(manifest)}),
        "record": record.to_json() if record else None,
    }


def compare(old: Manifest | None, new: Manifest) -> list[tuple[str, Part, Part | None, Part | None]]:
    """Return (changed, added, removed or same; the part; as it was; as it is), changes first."""
    before, after = index_parts(old.parts if old else ()), index_parts(new.parts)
    found: list[tuple[str, Part, Part | None, Part | None]] = []
    for key in dict.fromkeys([*after, *before]):
        was, now = before.get(key), after.get(key)
        part = now or was
        assert part is not None  # the key is of one of them
        if old is None or (was and now and was.digest == now.digest):
            found.append(("same" if old else "part", part, was, now))
        else:
            found.append(("changed" if was and now else "added" if now else "removed", part, was, now))
    rank = {"changed": 0, "added": 1, "removed": 2}
    return sorted(found, key=lambda item: rank.get(item[0], 3))


def _rows(old: Manifest | None, new: Manifest) -> list[Row]:
    rows: list[Row] = []
    leaves = any(part.kind in _CODE for part in new.parts)
    for change, part, was, now in compare(old, new):
        # The digest of all code, and what says nothing but its own name, are told by the rest.
        dull = part.kind == "source" and leaves
        if dull or (change in ("same", "part") and not part.text and part.kind in _NAMELESS):
            continue
        word = _WORDS.get(part.kind, part.kind)
        name = word if part.kind in _NAMELESS else f"{word} {part.name}"
        if change == "changed" and was and now and (was.text or now.text) and was.text != now.text:
            before, after = _cut(was.text), _cut(now.text)
            text = f"{before} -> {after}" if before != after else after
        else:
            text = _cut(part.text) if part.text != part.name else ""
        note = (
            "" if part.counts or change != "changed" or part.kind != "package" else "ignored by the settings"
        )
        where = part.where if part.where and part.where != part.text else ""
        rows.append(Row(change, name, "  ".join(filter(None, (text, where, note))), change))
    return rows


def _rows_of_run(record: Record, manifest: Manifest) -> Iterator[Row]:
    """Yield a row for each thing that the run of a record was seen to read, and did that cannot be followed."""
    told = (
        f"{_READ[seen.kind]} {name_observation(seen)}"
        for seen in record.observations
        if seen.kind in _READ and seen.name
    )
    yield from (Row("seen", text, "when it ran: tracked") for text in dict.fromkeys(told))
    for note in find_notes(manifest, record)[len(manifest.notes) :]:
        yield Row(
            "seen", f"not tracked: {note.text}", "  ".join(filter(None, (_cut(note.remedy), note.where)))
        )


_READ = {"file": "read", "listing": "read", "env": "read", "code": "ran", "saved": "saved"}


def _cut(text: str) -> str:
    return show(text, LONGEST)
