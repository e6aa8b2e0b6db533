"""What the names of a module say: constants by value, and by the statements that bind them where that says nothing.

Also the statements themselves, and a module as a whole for code that looks names up at run time.
"""

from __future__ import annotations

import ast
import logging
import sys
import threading
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from dagbuild.code.entities import Entity, showing
from dagbuild.code.normal_form import dump_nodes
from dagbuild.code.protocols import Walker
from dagbuild.code.references import absolute_name, add_references
from dagbuild.code.statements import acted_on, bound_names, clean_text, flatten, root_chain

_EXPECTED = frozenset(
    f"{kind.__module__}.{kind.__qualname__}"
    for kind in (logging.Logger, type(threading.Lock()), type(threading.RLock()), threading.local)
)
"""Values that say nothing and of which nobody expects more."""


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
    for home, node in _binding_statements(walk, names, name):
        entity.items.append(walk.statement(home, node))
        found = True
    if not all(kind in _EXPECTED for kind in opaque):
        kinds = ", ".join(sorted(opaque))
        rest = "only the statement that makes it is tracked" if found else "it is not tracked"
        entity.notes.append(f"{entity.name} ({kinds}) cannot be hashed: {rest}")


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


def _binding_statements(
    walk: Walker, names: Mapping[str, Any], name: str
) -> Iterator[tuple[Mapping[str, Any], ast.stmt]]:
    """Yield the statements that bind a name, with the globals of the module they stand in, through imports."""
    todo = [(names, name)]
    seen: set[tuple[int, str]] = set()
    while todo:
        home, wanted = todo.pop()
        if (id(home), wanted) in seen:
            continue
        seen.add((id(home), wanted))
        for text in walk.definitions.module_texts(home):
            for node in flatten(text.tree.body):
                bound = set(bound_names(node))
                if isinstance(node, ast.ImportFrom) and bound & {wanted, "*"}:
                    module = _imported(home, node)
                    original = next((a.name for a in node.names if (a.asname or a.name) == wanted), wanted)
                    if (
                        module is not None
                        and walk.origins.is_project(vars(module))
                        and original in vars(module)
                    ):
                        todo.append((vars(module), original))
                    elif wanted in bound:
                        yield home, node
                elif wanted in bound or any(root_chain(target)[:1] == (wanted,) for target in acted_on(node)):
                    yield home, node


def _imported(names: Mapping[str, Any], node: ast.ImportFrom) -> ModuleType | None:
    return sys.modules.get(absolute_name(names, node.module or "", node.level))


def fill_statement(walk: Walker, entity: Entity) -> None:
    """Fill in a statement by its form and what it refers to."""
    names, node = entity.thing
    form = dump_nodes([node])
    entity.items = ["statement", form.digest]
    add_references(walk, entity, form, names)


def fill_module(walk: Walker, entity: Entity) -> None:
    """Fill in a whole module: every function, class and constant that it has under a name."""
    names: Mapping[str, Any] = entity.thing
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
        if isinstance(value, ModuleType):
            origin = walk.origins.of_name(value.__name__)
            item = "module" if origin.kind == "project" else walk.foreign(f"module {value.__name__}", origin)
            entity.items += [name, item]
        else:
            entity.items += [name, walk.constant(names, name, value)]
