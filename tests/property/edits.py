"""The edits of a sketch: each a small function that returns another one, by which of its things and a small number.

An edit that is `FREE` changes no meaning, so nothing may run after it. An edit that finds nothing to change returns the
sketch as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.property.layout import LAYOUTS
from tests.property.sketch import CHOICES, CONSTANTS, SETTINGS, Helper, NodeSketch, Sketch
from tests.property.ways import PLACED, WAYS


@dataclass(frozen=True)
class Edit:
    """One change: which kind, to which of the things there are, and a small number to put there."""

    kind: str
    which: int
    number: int

    def apply(self, history: Sequence[Sketch]) -> Sketch:
        """Return what becomes of the last sketch."""
        return EDITS[self.kind](self, history)


Change = Callable[[Edit, Sequence[Sketch]], Sketch]


def _whole(change: Callable[[Sketch, Edit], Mapping[str, Any]]) -> Change:
    def edit(self: Edit, history: Sequence[Sketch]) -> Sketch:
        return replace(history[-1], **change(history[-1], self))

    return edit


def _node(change: Callable[[NodeSketch, Edit], Mapping[str, Any]]) -> Change:
    def edit(self: Edit, history: Sequence[Sketch]) -> Sketch:
        nodes = list(history[-1].nodes)
        index = self.which % len(nodes)
        nodes[index] = replace(nodes[index], **change(nodes[index], self))
        return replace(history[-1], nodes=tuple(nodes))

    return edit


def _helper(change: Callable[[Helper, Edit], Mapping[str, Any]]) -> Change:
    def edit(self: Edit, history: Sequence[Sketch]) -> Sketch:
        helpers = list(history[-1].helpers)
        if helpers:
            index = self.which % len(helpers)
            helpers[index] = replace(helpers[index], **change(helpers[index], self))
        return replace(history[-1], helpers=tuple(helpers))

    return edit


def _value(group: str) -> Change:
    def change(sketch: Sketch, edit: Edit) -> Mapping[str, Any]:
        values: dict[str, int] = dict(getattr(sketch, group))
        if values:
            values[sorted(values)[edit.which % len(values)]] = edit.number
        return {group: values}

    return _whole(change)


def _toggle(layout: str) -> Change:
    return _whole(lambda sketch, _: {"layout": sketch.layout ^ {layout}})


def _flip(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Take a name out, or put it in at the end."""
    return tuple(other for other in names if other != name) if name in names else (*names, name)


def _rewire(sketch: Sketch, edit: Edit) -> Mapping[str, Any]:
    index = edit.which % len(sketch.nodes)
    known = [*sketch.inputs, *(node.name for node in sketch.nodes[:index])]
    node = sketch.nodes[index]
    node = replace(node, takes=_flip(node.takes, known[edit.number % len(known)]))
    return {"nodes": (*sketch.nodes[:index], node, *sketch.nodes[index + 1 :])}


def _node_calls(sketch: Sketch, edit: Edit) -> Mapping[str, Any]:
    index = edit.which % len(sketch.nodes)
    node = sketch.nodes[index]
    node = replace(node, calls=_flip(node.calls, sketch.helpers[edit.number % len(sketch.helpers)].name))
    return {"nodes": (*sketch.nodes[:index], node, *sketch.nodes[index + 1 :])}


def _helper_calls(sketch: Sketch, edit: Edit) -> Mapping[str, Any]:
    """A helper calls only those before it."""
    index = edit.which % len(sketch.helpers)
    if not index:
        return {}
    helper = sketch.helpers[index]
    helper = replace(helper, calls=_flip(helper.calls, sketch.helpers[edit.number % index].name))
    return {"helpers": (*sketch.helpers[:index], helper, *sketch.helpers[index + 1 :])}


def _view(sketch: Sketch, edit: Edit) -> Mapping[str, Any]:
    """Let a node be cached no more, or again; something is left to build."""
    index = edit.which % len(sketch.nodes)
    node = replace(sketch.nodes[index], view=not sketch.nodes[index].view)
    nodes = (*sketch.nodes[:index], node, *sketch.nodes[index + 1 :])
    return {"nodes": nodes} if replace(sketch, nodes=nodes).targets else {}


def _change_table(sketch: Sketch, edit: Edit) -> Mapping[str, Any]:
    """Put a number into one place of a table: a column, the index or the note."""
    tables = [place for place, node in enumerate(sketch.nodes) if node.table]
    if not tables:
        return {}
    nodes = list(sketch.nodes)
    index = tables[edit.which % len(tables)]
    cells = list(nodes[index].table or ())
    cells[edit.which % len(cells)] = edit.number
    second, third, label, note = cells
    nodes[index] = replace(nodes[index], table=(second, third, label, note))
    return {"nodes": tuple(nodes)}


def _override(sketch: Sketch, edit: Edit) -> Mapping[str, Any]:
    name = sketch.nodes[edit.which % len(sketch.nodes)].name
    return {"overrides": {**sketch.overrides, name: edit.number}}


def _release(sketch: Sketch, _: Edit) -> Mapping[str, Any]:
    left = sorted(sketch.overrides)[1:]
    return {"overrides": {name: sketch.overrides[name] for name in left}}


def _rename_files(sketch: Sketch, edit: Edit) -> Mapping[str, Any]:
    files = tuple(f"{name.partition('_')[0]}_{edit.number}" for name in sketch.files)
    return {
        "files": files,
        "tools": tuple(f"{name.partition('_')[0]}_{edit.which % 3}" for name in sketch.tools),
    }


def _forget_setting(sketch: Sketch, edit: Edit) -> Mapping[str, Any]:
    """Take a value out of the config, so that the parameter's default counts; or put it back."""
    config = dict(sketch.config)
    name = SETTINGS[edit.which % len(SETTINGS)]
    if config.pop(name, None) is None:
        config[name] = edit.number
    return {"config": config}


def _reorder(sketch: Sketch, _: Edit) -> Mapping[str, Any]:
    """Let definitions stand in another order, if that decides nothing that importing does."""
    return {} if any(way.fixed for way in sketch.ways) else {"turned": not sketch.turned}


def _move_helper(helper: Helper, edit: Edit) -> Mapping[str, Any]:
    return {} if WAYS[helper.way].fixed else {"file": edit.number % 2}


def _change_way(helper: Helper, edit: Edit) -> Mapping[str, Any]:
    """Write a helper in another way, of those that show where this one shows."""
    if helper.way in PLACED:
        return {}
    alone = WAYS[helper.way].alone
    alike = [name for name in WAYS if name not in PLACED and (alone or not WAYS[name].alone)]
    return {"way": alike[(alike.index(helper.way) + 1 + edit.number) % len(alike)]}


MEANT: Mapping[str, Change] = {
    "body": _node(lambda node, edit: {"number": edit.number}),
    "same value": _node(lambda node, _: {"turned": not node.turned}),
    "dotted": _node(lambda node, _: {"dotted": not node.dotted}),
    "named value": _node(lambda node, _: {"named": not node.named}),
    "default": _node(lambda node, edit: {"default": edit.number}),
    "setting read": _node(lambda node, edit: {"setting": (None, *SETTINGS)[edit.number % 3]}),
    "view": _whole(_view),
    "table or number": _node(lambda node, edit: {"table": None if node.table else (edit.number, 1, 0, 2)}),
    "node constant": _node(
        lambda node, edit: {"constants": _flip(node.constants, CONSTANTS[edit.number % len(CONSTANTS)])}
    ),
    "node calls": _whole(_node_calls),
    "rewire": _whole(_rewire),
    "order of parameters": _node(lambda node, _: {"takes": tuple(reversed(node.takes))}),
    "table": _whole(_change_table),
    "columns": _node(lambda node, edit: {"columns": CHOICES[edit.number]}),
    "helper": _helper(lambda helper, edit: {"number": edit.number}),
    "helper way": _helper(_change_way),
    "helper same value": _helper(lambda helper, _: {"turned": not helper.turned}),
    "helper constant": _helper(
        lambda helper, edit: {"constants": _flip(helper.constants, CONSTANTS[edit.number % len(CONSTANTS)])}
    ),
    "helper calls": _whole(_helper_calls),
    "constant": _value("constants"),
    "config": _value("config"),
    "setting": _whole(_forget_setting),
    "input": _value("inputs"),
    "override": _whole(_override),
    "release": _whole(_release),
    "revert": lambda edit, history: history[edit.which % len(history)],
}
"""Edits that may change what the values are."""

FREE: Mapping[str, Change] = {
    "nothing": lambda _, history: history[-1],
    "local": _node(lambda node, edit: {"local": f"value_{edit.number}"}),
    "node remark": _node(lambda node, edit: {"remark": f"remark {edit.number}"}),
    "node name": _node(lambda node, edit: {"title": f"{node.name}_{edit.number}"}),
    "node file": _node(lambda node, edit: {"file": edit.number % 2}),
    "helper local": _helper(lambda helper, edit: {"local": f"value_{edit.number}"}),
    "helper remark": _helper(lambda helper, edit: {"remark": f"remark {edit.number}"}),
    "helper docstring": _helper(lambda helper, edit: {"docstring": f"Say {edit.number}."}),
    "helper annotation": _helper(lambda helper, _: {"annotated": not helper.annotated}),
    "helper name": _helper(lambda helper, edit: {"title": f"{helper.name}_{edit.number}"}),
    "private names": _helper(lambda helper, edit: {"own": f"it_{edit.number}"}),
    "helper file": _helper(_move_helper),
    "file names": _whole(_rename_files),
    "order of definitions": _whole(_reorder),
    "spare things": _whole(lambda _, edit: {"spare": edit.number}),
    "touch": _whole(lambda _, edit: {"touched": edit.number}),
    "copy": _whole(lambda _, edit: {"place": edit.number}),
    **{name: _toggle(name) for name in LAYOUTS},
}
"""Edits that change no meaning."""

EDITS: Mapping[str, Change] = {**MEANT, **FREE}
