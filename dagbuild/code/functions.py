"""What a function of the project says: its normal form and all that the loaded function holds.

That is its defaults, closure cells, attributes and decorators, what it wraps, and every name of a module that it
refers to. Without a text, the bytecode stands in, and a note says so.
"""

from __future__ import annotations

import ast
import dis
from collections.abc import Iterator
from functools import partial
from types import CellType, CodeType, FunctionType
from typing import Any

from dagbuild.code.entities import Entity, Item, Told, Unordered
from dagbuild.code.handing import PLAIN, find_words, words_of_callee
from dagbuild.code.normal_form import FunctionForm, NormalForm
from dagbuild.code.protocols import Walker
from dagbuild.code.references import MISSING, add_code, add_references, add_texts, find_object
from dagbuild.code.scopes import Chain
from dagbuild.code.statements import clean_text
from dagbuild.code.texts import texts_in
from dagbuild.ground.bytecode import iter_codes
from dagbuild.model.record import WIDE, Note

_NO_ANNOTATIONS = frozenset({"setter", "getter", "deleter"})


def start(walk: Walker, function: FunctionType) -> Entity:
    """Return the entity of a function, not filled in yet."""
    code = function.__code__
    module = function.__globals__.get("__name__")
    where = walk.where(code.co_filename, code.co_firstlineno)
    return Entity("helper", f"{module}.{code.co_qualname}", function, where)


def fill(walk: Walker, entity: Entity) -> None:
    """Fill in a function of the project."""
    _fill(walk, entity, walk.definitions.function_form(entity.thing))


def fill_node(walk: Walker, entity: Entity) -> None:
    """Fill in a function of the project whose parameters count by their places."""
    _fill(walk, entity, walk.definitions.node_form(entity.thing))


def _fill(walk: Walker, entity: Entity, form: FunctionForm | None) -> None:
    function: FunctionType = entity.thing
    names = function.__globals__
    hidden = function.__code__.co_freevars
    entity.items.append("function")
    if form is None:
        _fill_from_bytecode(walk, entity, function)
    else:
        add_code(walk, entity, form.body, names, hidden)
        if words := find_words(walk, names, form.body):
            entity.marks |= words
        entity.words = form.body.words
        _add_decorators(walk, entity, form, names)
    entity.shown.append(partial(_show, walk, function, form))
    _add_defaults(walk, entity, function, form)
    if function.__closure__:
        cells = Entity(thing=function)
        entity.aside += ((len(entity.items), len(entity.items) + 2),)
        entity.items += ["cells", cells]
        _fill_cells(walk, cells, function)
        walk.hold(cells, [*cells.items])
        for name, cell in zip(function.__code__.co_freevars, function.__closure__, strict=True):
            if cell != CellType():
                entity.told += (Told("cells", name, cell.cell_contents, function.__globals__, None),)
    _add_attributes(walk, entity, function)
    add_texts(walk, entity, [text for value in _held_by(function) for text in texts_in(value)], names)
    side = walk.effects(names)
    if side is not None:
        entity.items.append(side)


def _held_by(function: FunctionType) -> Iterator[Any]:
    """Yield the values of a function's defaults and of what it closes over."""
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    yield from (cell.cell_contents for cell in function.__closure__ or () if cell != CellType())


def _show(walk: Walker, function: FunctionType, form: FunctionForm | None, kind: str) -> str:
    """Return what code sees of a function that looks at more than what it does."""
    match kind:
        case "name":
            return f"{function.__name__} {function.__qualname__}"
        case "home":
            return str(function.__module__)
        case "order":
            return " ".join(map(str, function.__dict__))
        case "doc":
            return f"{form.docs if form else ''}\n{clean_text(function.__doc__)}".strip()
        case "annotations" if form and form.annotations:
            return form.annotations.digest
        case "locals" if form:
            return form.locals
        case "source" if form and (node := form.find()):
            file = function.__code__.co_filename
            return walk.definitions.raw_text(file, function.__globals__, node)
    return ""


def fill_foreign(walk: Walker, entity: Entity) -> None:
    """Fill in a function that a library made: what counts is what it holds of the project's."""
    function: FunctionType = entity.thing
    origin = walk.origins.of_globals(function.__globals__)
    entity.items = [
        walk.foreign(f"module {function.__globals__.get('__name__')}", origin),
        function.__code__.co_qualname,
    ]
    registry = function.__dict__.get("registry")
    if registry is not None and function.__globals__.get("__name__") == "functools":
        # singledispatch: its closure holds weak references and a cache.
        pairs = tuple(Unordered((walk.refer(cls), walk.refer(f))) for cls, f in registry.items())
        entity.items.append(Unordered(pairs))
        return
    _fill_cells(walk, entity, function)
    for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        entity.items.append(walk.refer(value))
    _add_attributes(walk, entity, function)


def _fill_cells(walk: Walker, entity: Entity, function: FunctionType) -> None:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            entity.items += [name, walk.refer(cell.cell_contents)]
        except ValueError:
            entity.items += [name, "empty"]


def _add_defaults(walk: Walker, entity: Entity, function: FunctionType, form: FunctionForm | None) -> None:
    values: list[Item] = [walk.refer(value) for value in function.__defaults__ or ()]
    for name, value in (function.__kwdefaults__ or {}).items():
        values += [name, walk.refer(value)]
    if not values:
        return
    walk.hold(entity, values)
    start = len(entity.items)
    entity.told += tuple(_tell_defaults(walk, function))
    entity.items += ["defaults", *values]
    if form and form.defaults and any(isinstance(value, Entity) and not value.kind for value in values):
        # The value may turn out to say nothing; the expression that makes it always says something.
        entity.items.append(form.defaults.digest)
        add_references(walk, entity, form.defaults, function.__globals__, function.__code__.co_freevars)
    entity.aside += ((start, len(entity.items)),)


def _tell_defaults(walk: Walker, function: FunctionType) -> Iterator[Told]:
    code, found = function.__code__, walk.definitions.find_function(function)
    given = found.args if found is not None else None
    values = function.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(values) : code.co_argcount]
    sources: list[ast.expr | None] = [*given.defaults] if given is not None else []
    known = sources if len(sources) == len(values) else [None] * len(values)
    for name, value, source in zip(names, values, known, strict=True):
        yield Told("defaults", name, value, function.__globals__, (source,))
    keywords = (
        {arg.arg: each for arg, each in zip(given.kwonlyargs, given.kw_defaults, strict=True)}
        if given
        else {}
    )
    for name, value in (function.__kwdefaults__ or {}).items():
        yield Told("defaults", name, value, function.__globals__, (keywords.get(name),))


def _add_attributes(walk: Walker, entity: Entity, function: FunctionType) -> None:
    held = [cell.cell_contents for cell in function.__closure__ or () if cell != CellType()]
    for name, value in sorted(function.__dict__.items()):
        if name == "__wrapped__" and any(value is other for other in held):
            continue  # not every Python sets it, and the cell says it
        if "dagbuild" not in name and name != "__signature__":
            entity.items += [name, walk.refer(value)]


def _add_decorators(walk: Walker, entity: Entity, form: FunctionForm, names: dict[str, Any]) -> None:
    acting = [piece for piece in form.decorators if not is_ours(walk, piece, names)]
    for piece in acting:
        start = len(entity.items)
        entity.items += ["decorator", piece.digest]
        add_references(walk, entity, piece, names)
        entity.marks |= words_of_callee(walk, names, piece.caller)
        entity.told += (Told("decorators", piece.caller[-1] if piece.caller else "", piece, names, ()),)
        entity.aside += ((start, len(entity.items)),)
    if any(_reads_annotations(piece, names) for piece in acting) and form.annotations:
        entity.items += ["annotations", form.annotations.digest]
        add_references(walk, entity, form.annotations, names)


def is_plain(walk: Walker, function: FunctionType) -> bool:
    """Tell whether a function is just what its text says: no decorator got to see it or its name."""
    decorators = walk.definitions.decorators(function)
    if decorators is None or hasattr(function, "__wrapped__"):
        return False
    return all(is_ours(walk, piece, function.__globals__) for piece in decorators)


def is_ours(walk: Walker, decorator: NormalForm, names: dict[str, Any]) -> bool:
    """Tell whether a decorator is one of dagbuild's: its values reach the fingerprint through the node."""
    chain = decorator.caller
    for end in range(len(chain), 0, -1):
        found = find_object(names, chain[:end])
        if found is MISSING:
            continue
        module = getattr(found, "__module__", None) or getattr(found, "__name__", None)
        kind = type(found).__module__
        return any(isinstance(m, str) and walk.origins.of_name(m).kind == "dagbuild" for m in (module, kind))
    return False


def _reads_annotations(decorator: NormalForm, names: dict[str, Any]) -> bool:
    chain = decorator.caller
    if chain[-1:] and chain[-1] in _NO_ANNOTATIONS:
        return False
    found = find_object(names, chain)
    if found is MISSING:
        return not (len(chain) == 1 and chain[0] in {"staticmethod", "classmethod", "property"})
    module = str(getattr(found, "__module__", ""))
    return module.partition(".")[0] not in PLAIN or "dispatch" in getattr(found, "__name__", "")


# -- without a text ----------------------------------------------------------------------------------


def _fill_from_bytecode(walk: Walker, entity: Entity, function: FunctionType) -> None:
    text = f"has no source: the bytecode of {entity.name} counts, which is bound to this Python version"
    entity.notes.append(Note(WIDE, text, entity.where))
    entity.items += ["bytecode", *_spell_code(walk, function)]
    form = NormalForm((), chains=tuple(sorted(set(_loaded_chains(function.__code__)))))
    add_references(walk, entity, form, function.__globals__)


def _spell_code(walk: Walker, function: FunctionType) -> Iterator[Item]:
    todo = [function.__code__]
    while todo:
        code = todo.pop()
        yield code.co_code.hex()
        yield f"{code.co_argcount},{code.co_posonlyargcount},{code.co_kwonlyargcount},{code.co_flags}"
        yield code.co_exceptiontable.hex()
        yield " ".join(code.co_names)
        for index, constant in enumerate(code.co_consts):
            if index == 0 and isinstance(constant, str) and constant == function.__doc__:
                continue
            if isinstance(constant, CodeType):
                todo.append(constant)
            else:
                yield walk.refer(constant)


def _loaded_chains(code: CodeType) -> Iterator[Chain]:
    for part in iter_codes(code):
        chain: Chain = ()
        for instruction in dis.get_instructions(part):
            if instruction.opname in {"LOAD_GLOBAL", "LOAD_NAME"}:
                if chain:
                    yield chain
                chain = (instruction.argval,)
            elif instruction.opname in {"LOAD_ATTR", "LOAD_METHOD"} and chain:
                chain = (*chain, instruction.argval)
            elif chain:
                yield chain
                chain = ()
        if chain:
            yield chain
