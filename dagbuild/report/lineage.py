"""What a value was made from: its record, those of what it took, and so on up."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping

from dagbuild.ground import units
from dagbuild.ground.digest import Digest
from dagbuild.model.outline import show
from dagbuild.model.record import Record
from dagbuild.report.makers import Signer, name_maker, nobody
from dagbuild.report.style import Row, Style, table

_GIVEN = ("file", "config", "input", "override", "pin", "package")


def find_lineage(
    node: str,
    present: Mapping[str, Record],
    find_maker: Callable[[str, Digest, Record], Record | None],
    inputs: Container[str] = (),
) -> list[tuple[str, Record | None]]:
    """Return the node and all above it with the record that made each value, nearest first.

    `present` are the records that today's keys lead to: what a value was made of is followed there, and where that was
    another value, or is gone, to what `find_maker` gives of a node, a digest and the record that was made of it. A
    value without a record was pinned, or its record is gone; `inputs` are told by what takes them.
    """
    found: dict[tuple[str, Digest], Record | None] = {}
    top = present[node]
    todo: list[tuple[str, Digest, Record | None]] = [(node, top.artifact.digest, None)]
    for name, digest, taker in todo:  # grows while it is walked
        if (name, digest) in found:
            continue
        maker = present.get(name)
        if maker is None or maker.artifact.digest != digest:
            maker = find_maker(name, digest, taker or top)
        found[name, digest] = maker
        todo += [
            (up, was, maker) for up, was in (maker.upstream if maker else {}).items() if up not in inputs
        ]
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
