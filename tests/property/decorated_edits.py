"""The edits of a project with decorators, each of both of its forms at once."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tests.property.decorated import Decorated
from tests.property.layers import Parameterize
from tests.property.pieces import Piece

Edit = Callable[[Sequence[Decorated], random.Random], Decorated]


def _asked(project: Decorated, kind: str) -> list[str]:
    project.write_decorated()
    project.write_plain()
    return sorted(name for name in project.words.asked if kind in name)


def _number(kind: str = "") -> Edit:
    def edit(history: Sequence[Decorated], chance: random.Random) -> Decorated:
        project = history[-1]
        names = _asked(project, kind)
        if not names:
            return project
        name, number = chance.choice(names), chance.randint(1, 9)
        return replace(project, numbers={**project.numbers, name: number})

    return edit


def _given(group: str) -> Edit:
    def edit(history: Sequence[Decorated], chance: random.Random) -> Decorated:
        values: Mapping[str, int] = getattr(history[-1], group)
        values = {**values, chance.choice(sorted(values)): chance.randint(0, 9)}
        return (
            replace(history[-1], config=values) if group == "config" else replace(history[-1], inputs=values)
        )

    return edit


def _remark(history: Sequence[Decorated], chance: random.Random) -> Decorated:
    """Document a function otherwise, or put a comment into it."""
    names = sorted(name.split(".")[0] for name in _asked(history[-1], "body"))
    remarks = {**history[-1].remarks, chance.choice(names): chance.randint(1, 9)}
    return replace(history[-1], remarks=remarks)


def _rename(history: Sequence[Decorated], chance: random.Random) -> Decorated:
    """Call a function otherwise: what makes nodes, or a step."""
    _asked(history[-1], "")
    project = history[-1]
    names = sorted(project.words.titled - {"x", "y", "rate", "u", "w"})
    name = chance.choice(names)
    return replace(project, titles={**project.titles, name: f"{name}t{chance.randint(1, 3)}"})


def _entry(history: Sequence[Decorated], chance: random.Random) -> Decorated:
    """Add an entry to `parameterize` or to `parameterized_subdag`."""

    def change(piece: Piece) -> Piece:
        layers = tuple(
            replace(each, entries=(*each.entries, f"more{len(each.entries)}"))
            if isinstance(each, Parameterize) and not chance.randrange(2)
            else each
            for each in piece.layers
        )
        inner = piece.inner
        if inner is not None and inner.way == "parameterized_subdag" and not chance.randrange(2):
            inner = replace(inner, parts=(*inner.parts, f"_more{len(inner.parts)}"))
        if inner is not None:
            inner = replace(inner, pieces=tuple(map(change, inner.pieces)))
        return replace(piece, layers=layers, inner=inner)

    return replace(history[-1], pieces=tuple(map(change, history[-1].pieces)))


def _revert(history: Sequence[Decorated], chance: random.Random) -> Decorated:
    return chance.choice(history)


EDITS: Mapping[str, Edit] = {
    "anything said": _number(),
    "body": _number("body"),
    "what is given by a decorator": _number("entry"),
    "what is given to a step": _number("step"),
    "what is given to a graph within": _number("input"),
    "constant": _number("LIMIT"),
    "range of a check": _number("range"),
    "config": _given("config"),
    "input": _given("inputs"),
    "remark": _remark,
    "name": _rename,
    "entry": _entry,
    "revert": _revert,
}
"""What is done to a project, by kind."""
