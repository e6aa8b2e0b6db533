"""What a class of the project says: bases, metaclass, methods, attributes and what its fields are made from.

Methods and attributes are taken from the loaded class, so patches are seen; what a library, `dataclass`, `Enum` or
`NamedTuple` generated is left out in favour of what it was generated from, which is the same in every Python.
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import sys
from collections.abc import Container, Iterator, Mapping
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any, Generic, Protocol

from dagbuild.code.entities import Entity, Told, showing
from dagbuild.code.functions import is_ours
from dagbuild.code.handing import find_readers, words_of_callee
from dagbuild.code.normal_form import dump_class_body, dump_nodes
from dagbuild.code.parsed import first_line
from dagbuild.code.protocols import Walker
from dagbuild.code.references import add_references, find_object
from dagbuild.code.statements import bound_names, clean_text, root_chain

SAYS_NOTHING = frozenset(
    {
        "__doc__", "__module__", "__qualname__", "__dict__", "__weakref__", "__firstlineno__", "__annotations__",
        "__static_attributes__", "__annotate__", "__annotate_func__", "__annotations_cache__", "__parameters__",
        "__type_params__", "__abstractmethods__", "_abc_impl", "__match_args__", "__signature__",
        "__conditional_annotations__", "__classcell__", "__classdictcell__", "_is_protocol", "__protocol_attrs__",
        "__non_callable_proto_members__",
    }
)  # fmt: skip
_BY_HAND = frozenset(
    {"__match_args__", "__signature__", "__abstractmethods__", "__annotations__", "__parameters__"}
)
"""Of these, what the class statement itself binds is no work of Python's or a library's, and does say something."""
_DATACLASS_OPTIONS = ("init", "repr", "eq", "order", "unsafe_hash", "frozen")
_FIELD_OPTIONS = ("init", "repr", "hash", "compare", "kw_only")


def start(_: Walker, cls: type) -> Entity:
    """Return the entity of a class, not filled in yet."""
    return Entity("class", f"{cls.__module__}.{cls.__qualname__}", cls, "")


def fill_foreign(walk: Walker, entity: Entity) -> None:
    """Fill in a class that a library made at run time: what counts is what it holds of the project's."""
    cls: type = entity.thing
    origin = walk.origin_of_type(cls)
    entity.items = [walk.foreign(f"class {cls.__qualname__}", origin)]
    entity.items += [walk.refer(base) for base in cls.__bases__]
    for name, value in _attributes(cls):
        if isinstance(value, FunctionType | str | int | float | staticmethod | classmethod | property):
            entity.items += [name, walk.refer(value)]


def fill(walk: Walker, entity: Entity) -> None:
    """Fill in a class of the project."""
    cls: type = entity.thing
    names = _globals_of(walk, cls)
    file = str(names.get("__file__") or "")
    node = walk.definitions.find_class(cls, names)
    if node is not None:
        # Of methods that `dataclass` makes, one has no file, and another that of `dataclasses` (Python 3.11).
        own = (f for f in _functions(cls) if f.__globals__ is names and walk.definitions.find_function(f))
        file = next((f.__code__.co_filename for f in own), file)
        entity.where = walk.where(file, first_line(node))
    entity.items += [
        "class",
        cls.__name__,
        walk.refer(type(cls)),
        *(walk.refer(base) for base in cls.__bases__),
    ]
    shown = showing(
        name=lambda: f"{cls.__name__} {cls.__qualname__}",
        home=lambda: str(cls.__module__),
        doc=lambda: _docstring(cls, node),
        order=lambda: " ".join(name for name in vars(cls) if name in counted),
        source=lambda: walk.definitions.raw_text(file, names, node) if node is not None else "",
    )
    entity.shown.append(shown)
    entity.readers = find_readers(walk, cls)
    generated = _is_generated_by_library(walk, cls) or bool(node and _library_decorators(walk, node, names))
    bound = _add_body(walk, entity, node, names) if node is not None else {}
    if "__repr__" in vars(cls) and "__repr__" not in bound and cls.__qualname__ != cls.__name__:
        entity.items += ["path", cls.__qualname__]  # `dataclass` and attrs make a repr that shows it
    counted = set(bound)
    if node is not None:
        _add_annotations(walk, entity, node, names)
    _add_fields(walk, entity, cls, names, bound)
    given = _given_by_hand(walk, cls, names) if generated else frozenset()
    for name, value in _attributes(cls, bound):
        if _counts(walk, cls, name, value, own=name in bound or name in given, generated=generated):
            counted.add(name)
            start = len(entity.items)
            entity.items += [name, walk.attribute(names, bound.get(name), value)]
            if not hasattr(type(value), "__get__"):
                _tell(entity, start, Told("attributes", name, value, names, (_made_by(bound.get(name)),)))
    for name, statement in bound.items():
        if isinstance(statement, ast.Assign) and (generated or name not in vars(cls)):
            # Something made the class out of its body and kept what it likes.
            entity.items += [name, walk.statement(names, statement, kind="")]
    side = walk.effects(names) if names else None
    if side is not None:
        entity.items.append(side)


def _tell(entity: Entity, start: int, told: Told) -> None:
    """Note that the items from `start` on say no more than a named value."""
    entity.told += (told,)
    entity.aside += ((start, len(entity.items)),)


def _made_by(statement: ast.stmt | None) -> ast.AST | None:
    return statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else statement


def _docstring(cls: type, node: ast.ClassDef | None) -> str:
    """Return the docstring that stands in the text, and the one that the class has been given instead of it.

    What `dataclass`, `Enum` and others write where there is none is not the same in every Python.
    """
    written = (ast.get_docstring(node) or "") if node is not None else ""
    made = type(cls) is not type or dataclasses.is_dataclass(cls) or _is_named_tuple(cls)
    held = "" if made and not written else clean_text(vars(cls).get("__doc__"))
    return written if written == held else f"{written}\n{held}"


def _globals_of(walk: Walker, cls: type) -> Mapping[str, Any]:
    for function in _functions(cls):
        if function.__module__ == cls.__module__ and walk.origins.is_project(function.__globals__):
            return function.__globals__
    module = sys.modules.get(cls.__module__)
    return vars(module) if module is not None else {}


def _functions(cls: type) -> Iterator[FunctionType]:
    for value in vars(cls).values():
        if isinstance(value, FunctionType) and value.__qualname__.startswith(cls.__qualname__ + "."):
            yield value


# -- what the class statement says ---------------------------------------------------------------------


def _add_body(
    walk: Walker, entity: Entity, node: ast.ClassDef, names: Mapping[str, Any]
) -> dict[str, ast.stmt]:
    """Add decorators, keywords and statements that bind nothing; return the names that the body binds, and where."""
    plain = dict(names)
    for decorator in node.decorator_list:
        form = dump_nodes([decorator])
        if not is_ours(walk, form, plain):
            entity.items += ["decorator", form.digest]
            entity.marks |= words_of_callee(walk, names, form.caller)
            add_references(walk, entity, form, names)
    if node.keywords:
        form = dump_nodes([keyword.value for keyword in node.keywords])
        entity.items += ["keywords", *(str(k.arg) for k in node.keywords), form.digest]
        add_references(walk, entity, form, names)
    untold = [base for base in node.bases if not _is_told_base(entity.thing, base, names)]
    if untold:
        form = dump_nodes(untold)
        entity.items += ["bases", form.digest]
        add_references(walk, entity, form, names)
    acting = [s for s in node.body if not isinstance(s, _BINDING) and not _is_constant(s)]
    if acting:
        form = dump_class_body([*acting])
        entity.items += ["body", form.digest]
        add_references(walk, entity, form, names)
    return {name: statement for statement in node.body for name in bound_names(statement)}


def _is_told_base(cls: type, base: ast.expr, names: Mapping[str, Any]) -> bool:
    """Tell whether the loaded class says as much of a base as the statement: not what `Row[Price]` is a row of.

    Nor which classes a TypedDict, or what a metaclass makes, was made from.
    """
    found = find_object(names, root_chain(base))
    if isinstance(base, ast.Subscript):
        return found in (Generic, Protocol)
    return isinstance(base, ast.Call) or not isinstance(found, type) or found in cls.__mro__


def _add_annotations(walk: Walker, entity: Entity, node: ast.ClassDef, names: Mapping[str, Any]) -> None:
    """Add annotations, with what they are assigned, where they act."""
    annotated = [s for s in node.body if isinstance(s, ast.AnnAssign)]
    if annotated:
        form = dump_class_body([*annotated])
        if _annotations_act(walk, entity.thing, node):
            # What a field is assigned is told with the field.
            entity.aside += ((len(entity.items), len(entity.items) + 2),)
            entity.items += ["fields", form.digest]
            add_references(walk, entity, form, names)
        entity.shown.append(showing(annotations=lambda: form.digest))


_BINDING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.Pass)


def _is_constant(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _annotations_act(walk: Walker, cls: type, node: ast.ClassDef) -> bool:
    """Tell whether something makes the class out of its annotations."""
    if node.decorator_list or type(cls) is not type or _is_named_tuple(cls):
        return True
    bases = cls.__mro__[1:-1]
    return any("__init_subclass__" in vars(base) or not walk.is_project_type(base) for base in bases)


def _library_decorators(walk: Walker, node: ast.ClassDef, names: Mapping[str, Any]) -> bool:
    for decorator in node.decorator_list:
        chain = dump_nodes([decorator]).caller
        found = names.get(chain[0]) if chain else None
        module = getattr(found, "__module__", None) or getattr(found, "__name__", None)
        if isinstance(module, str) and walk.origins.of_name(module).kind == "package":
            return True
    return False


def _is_generated_by_library(walk: Walker, cls: type) -> bool:
    """Tell whether a library's metaclass or base may have added attributes of its own making."""
    makers: list[type] = [*type(cls).mro(type(cls))]
    makers += [base for base in cls.__mro__ if "__init_subclass__" in vars(base)]
    return any(walk.origin_of_type(maker).kind == "package" for maker in makers)


# -- what the loaded class says --------------------------------------------------------------------------


def _attributes(cls: type, bound: Container[str] = ()) -> list[tuple[str, Any]]:
    return sorted(
        (name, value)
        for name, value in vars(cls).items()
        if name not in SAYS_NOTHING or (name in _BY_HAND and name in bound)
    )


def _given_by_hand(walk: Walker, cls: type, names: Mapping[str, Any]) -> frozenset[str]:
    """Return the attributes that the module sets on the class outside of its statement."""
    bindings = (each for text in walk.definitions.module_texts(names) for each in text.bindings(cls.__name__))
    nodes = (each.node for each in bindings if each.acts)
    targets = (target for node in nodes if isinstance(node, ast.Assign) for target in node.targets)
    return frozenset(target.attr for target in targets if isinstance(target, ast.Attribute))


def _counts(walk: Walker, cls: type, name: str, value: Any, *, own: bool, generated: bool) -> bool:
    """Tell whether an attribute says something that nothing else says; `own` ones stand in the class statement."""
    if isinstance(value, FunctionType):
        return own or not _is_generated(walk, cls, value)
    if isinstance(value, GetSetDescriptorType | MemberDescriptorType) or _is_field(cls, name):
        return False
    if own:
        return True
    if name.startswith("__") or generated or issubclass(cls, enum.Enum) or _is_named_tuple(cls):
        found = (getattr(value, attribute, None) for attribute in ("__func__", "fget", "func"))
        functions = [f for f in found if isinstance(f, FunctionType)]
        return any(
            walk.origins.is_project(f.__globals__) and not _is_generated(walk, cls, f) for f in functions
        )
    return True


def _is_field(cls: type, name: str) -> bool:
    """Tell whether an attribute is told by `_add_fields`."""
    if issubclass(cls, enum.Enum):
        return name in cls.__members__
    return dataclasses.is_dataclass(cls) and (
        name.startswith("__dataclass") or name in cls.__dataclass_fields__
    )


def _is_named_tuple(cls: type) -> bool:
    return issubclass(cls, tuple) and "_fields" in vars(cls)


def _is_generated(walk: Walker, cls: type, function: FunctionType) -> bool:
    """Tell whether a method was made by `dataclass`, `NamedTuple`, `Enum` or a library."""
    code = function.__code__
    if code.co_qualname.startswith("__create_fn__") or code.co_filename.startswith("<attrs generated"):
        return True
    if code.co_filename == "<string>" and (dataclasses.is_dataclass(cls) or _is_named_tuple(cls)):
        return True
    if walk.origins.is_project(function.__globals__):
        return False
    wrapped = getattr(function, "__wrapped__", None)
    return not (isinstance(wrapped, FunctionType) and not _is_generated(walk, cls, wrapped))


def _add_fields(
    walk: Walker, entity: Entity, cls: type, names: Mapping[str, Any], bound: Mapping[str, ast.stmt]
) -> None:
    """Add what generated methods are generated from."""
    if issubclass(cls, enum.Enum):
        for name, member in cls.__members__.items():
            start = len(entity.items)
            entity.items += ["member", name, member.name, walk.refer(member.value)]
            _tell(entity, start, Told("members", name, member.value, names, (_made_by(bound.get(name)),)))
    if "__dataclass_fields__" in vars(cls):
        options = vars(cls).get("__dataclass_params__")
        entity.items += [f"{name}={getattr(options, name, None)}" for name in _DATACLASS_OPTIONS]
        entity.items.append(f"slots={'__slots__' in vars(cls)}")
        fields: dict[str, dataclasses.Field[Any]] = vars(cls)["__dataclass_fields__"]
        for field in fields.values():
            entity.items += [
                "field",
                field.name,
                str(getattr(getattr(field, "_field_type", None), "name", "")),
            ]
            entity.items += [
                f"{name}={getattr(field, name, None)}" for name in _FIELD_OPTIONS if name != "kw_only"
            ]
            entity.items.append(f"kw_only={field.kw_only is True}")
            start = len(entity.items)
            for value in (field.default, field.default_factory, dict(field.metadata)):
                entity.items.append("missing" if value is dataclasses.MISSING else walk.refer(value))
            if field.default is not dataclasses.MISSING:
                told = Told("fields", field.name, field.default, names, (_made_by(bound.get(field.name)),))
                entity.told += (told,)
                entity.aside += ((start, start + 1),)
    if _is_named_tuple(cls):
        entity.items += [
            "tuple",
            walk.refer(vars(cls)["_fields"]),
            walk.refer(vars(cls).get("_field_defaults")),
        ]
