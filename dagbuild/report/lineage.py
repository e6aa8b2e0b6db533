"""What a value was made from: its record, those of what it took, and so on up."""

from __future__ import annotations

from collections.abc import Container, Iterable

from dagbuild.ground.digest import Digest
from dagbuild.model.outline import show
from dagbuild.model.record import Record
from dagbuild.report import units
from dagbuild.report.makers import Signer, name_maker, nobody
from dagbuild.report.style import Row, Style, table

_GIVEN = ("file", "config", "input", "override", "pin", "package")


def find_lineage(
    node: str, digest: Digest, records: Iterable[Record], inputs: Container[str] = ()
) -> list[tuple[str, Record | None]]:
    """Return the node and all above it with the record that made each value, nearest first.

    A value without a record was pinned, or its record is gone; `inputs` are told by what takes them.
    """
    makers: dict[tuple[str, Digest], Record] = {}
    for record in records:
        known = makers.get((record.node, record.artifact.digest))
        if known is None or (known.alias and not record.alias):
            makers[record.node, record.artifact.digest] = record
    found: dict[tuple[str, Digest], Record | None] = {}
    todo = [(node, digest)]
    for value in todo:  # grows while it is walked
        if value in found:
            continue
        maker = makers.get(value)
        found[value] = maker
        todo.extend(
            (name, up) for name, up in (maker.upstream if maker else {}).items() if name not in inputs
        )
    return [(name, maker) for (name, _), maker in found.items()]


def tell_lineage(
    lines: Iterable[tuple[str, Record | None]], style: Style, signer: Signer = nobody
) -> list[str]:
    """Return the lines of `lineage`: each value, when and by whom it was made, and what was given to it."""
    rows: list[Row] = []
    for name, record in lines:
        if record is None:
            rows.append(Row(name, "given: no record tells how it was made", "", "dim"))
            continue
        maker = f" by {made_by}" if (made_by := name_maker(record, signer)) else ""
        made = f"{units.moment(record.started)}{maker} in {units.seconds(record.duration)}"
        rows.append(Row(name, record.artifact.digest[:13], made, "bold"))
        if record.upstream:
            rows.append(Row(name, "from", ", ".join(record.upstream)))
        for part in record.manifest.parts:
            if part.kind in _GIVEN:
                text = "" if part.text == part.name else show(part.text)
                rows.append(Row(name, part.kind, f"{part.name} {text}".strip()))
    return table(rows, style)
