"""What the names of a module say: constants by value, and by the statements that bind them where that says nothing.

Also the statements themselves, and a module as a whole for code that looks names up at run time.
"""

from __future__ import annotations

import ast
import logging
import threading
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from dagbuild.code.entities import Entity, showing
from dagbuild.code.making import find_makers
from dagbuild.code.normal_form import dump_nodes
from dagbuild.code.protocols import Walker
from dagbuild.code.references import add_references
from dagbuild.code.statements import bound_names, clean_text, flatten
from dagbuild.code.wrappers import SAID_BY_STATEMENT
from dagbuild.model.record import UNSEEN, Note

_EXPECTED = {SAID_BY_STATEMENT}.union(
    f"{kind.__module__}.{kind.__qualname__}"
    for kind in (logging.Logger, type(threading.Lock()), type(threading.RLock()), threading.local)
)
"""Values that say nothing and of which nobody expects more."""

_SAY_MORE = "make it in the nodes that use it, from inputs and config values"


def start_constant(names: Mapping[str, Any], name: str, value: Any) -> Entity:
    """Return the entity of a name of a module that is bound to a value."""
    entity = Entity("constant", f"{names.get('__name__')}.{name}", (names, name, value))
    if isinstance(value, str):
        entity.strings = (value,)
    return entity


def fill_constant(walk: Walker, entity: Entity) -> None:
    """Fill in a constant by its value."""
    item = walk.refer(entity.thing[2])
    entity.items = ["constant", item]
    walk.hold(entity, [item])


def fall_back(walk: Walker, entity: Entity) -> None:
    """Add the statements that bind a constant or attribute, where something in its value says nothing."""
    opaque = _find_opaque(entity)
    if not opaque:
        return
    if not entity.kind:  # an attribute of a class
        names, statement = entity.thing
        entity.items.append(walk.statement(names, statement, kind=""))
        return
    names, name, _ = entity.thing
    found = False
    unexpected = not all(kind in _EXPECTED for kind in opaque)
    for home, node in find_makers(walk, names, name, thorough=unexpected):
        entity.items.append(walk.statement(home, node))
        found = True
    if unexpected:
        kinds = ", ".join(sorted(opaque))
        rest = "only the statement that makes it counts" if found else "it does not count"
        text = f"holds what says nothing of itself: {entity.name} ({kinds}); {rest}"
        entity.notes.append(Note(UNSEEN, text, entity.where, _SAY_MORE))


def _find_opaque(entity: Entity) -> set[str]:
    """Return the types of values that say nothing, as far as values alone lead."""
    found: set[str] = set()
    seen = {entity}
    todo = [entity]
    while todo:
        here = todo.pop()
        if here.opaque:
            found.add(here.opaque)
        for other in here.neighbours():
            if other in seen:
                continue
            if not other.kind:
                seen.add(other)
                todo.append(other)
            elif other.kind == "helper":
                # A function that a call made: what it closes over is part of the value.
                for cell in other.neighbours():
                    if cell.thing is other.thing and not cell.kind and cell not in seen:
                        seen.add(cell)
                        todo.append(cell)
    return found


def fill_statement(walk: Walker, entity: Entity) -> None:
    """Fill in a statement by its form and what it refers to."""
    names, node = entity.thing
    form = dump_nodes([node])
    entity.items = ["statement", form.digest]
    add_references(walk, entity, form, names, _passing(node))


def _passing(node: ast.stmt) -> set[str]:
    """Return the names that a statement binds before it uses them: what they are left bound to says nothing of it."""
    passing: set[str] = set()
    for part in flatten([node]):
        if not isinstance(part, ast.For | ast.AsyncFor | ast.With | ast.AsyncWith):
            continue
        given = (
            [part.iter] if isinstance(part, ast.For | ast.AsyncFor) else [i.context_expr for i in part.items]
        )
        used = {each.id for head in given for each in ast.walk(head) if isinstance(each, ast.Name)}
        passing |= set(bound_names(part)) - used
    return passing


def _is_left_over(walk: Walker, names: Mapping[str, Any], name: str) -> bool:
    """Tell whether a name is only what a loop of the module was left with."""
    found = [
        each for text in walk.definitions.module_texts(names) for each in text.bindings(name) if not each.acts
    ]
    return bool(found) and all(isinstance(each.node, ast.For | ast.AsyncFor) for each in found)


def fill_module(walk: Walker, entity: Entity) -> None:
    """Fill in a whole module: every function, class and constant that it has under a name, and modules below it.

    Other modules that it has under a name it only uses.
    """
    names: Mapping[str, Any] = entity.thing
    below = f"{names.get('__name__')}."
    entity.items.append("module")
    own = [name for name in names if not (name.startswith("__") and name.endswith("__"))]
    texts = walk.definitions.module_texts(names)
    shown = showing(
        order=lambda: " ".join(own),
        doc=lambda: clean_text(names.get("__doc__")),
        source=lambda: "".join(text.text for text in texts),
    )
    entity.shown.append(shown)
    for name in sorted(own):
        value = names[name]
        if _is_left_over(walk, names, name):
            continue
        if isinstance(value, ModuleType):
            origin = walk.origins.of_name(value.__name__)
            if origin.kind != "project":
                item = walk.foreign(f"module {value.__name__}", origin)
            else:
                item = walk.whole_module(vars(value)) if value.__name__.startswith(below) else "module"
            entity.items += [name, item]
        else:
            entity.items += [name, walk.constant(names, name, value)]
