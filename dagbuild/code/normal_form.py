"""The one text of a piece of code, whatever its layout, comments, docstrings and annotations.

A dump of the syntax tree in a form of our own: one pass, no copy of the tree, and the same text under every
supported Python (`ast.dump`, `ast.unparse` and bytecode differ between versions). The same pass collects what the
code refers to. Knows nothing of files or of what names mean.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from dagbuild.digest import Digest, digest_text
from dagbuild.code.scopes import Chain, Import, Scopes

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_SKIPPED = frozenset({"ctx", "kind", "type_comment", "type_params", "type_ignores"})

REFLECTIVE = frozenset(
    {
        "__doc__", "__annotations__", "get_type_hints", "get_annotations", "signature", "getfullargspec",
        "__name__", "__qualname__", "__subclasses__", "getsource", "getdoc", "__signature__", "validate_call",
    }
)  # fmt: skip
"""Attributes and functions that make visible what a normal form leaves out."""

_LONGEST_PATH = 300


@dataclass(frozen=True, slots=True)
class Form:
    """The normal form of a piece of code, by digest, and what it refers to.

    `strings` are literals that could be paths, `environment` the literal names of variables read, `marks` the
    members of REFLECTIVE that it names.
    """

    digest: Digest
    chains: tuple[Chain, ...] = ()
    imports: tuple[Import, ...] = ()
    strings: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    marks: frozenset[str] = frozenset()
    caller: Chain = ()


@dataclass(frozen=True, slots=True)
class FunctionForm:
    """The forms of a function's parts; which of them count depends on what the loaded function is."""

    body: Form
    defaults: Form | None
    annotations: Form | None
    decorators: tuple[Form, ...]
    docs: str


def dump_function(node: Function) -> FunctionForm:
    """Return the forms of a function, without its own name."""
    with _deep_recursion():
        dumper = _Dumper()
        dumper.root(node)
        body = dumper.form()
        args = node.args
        defaults = [d for d in (*args.defaults, *args.kw_defaults) if d is not None]
        annotations = [] if isinstance(node, ast.Lambda) else _annotations(node)
        return FunctionForm(
            body,
            dump_nodes(defaults) if defaults else None,
            dump_nodes(annotations) if annotations else None,
            () if isinstance(node, ast.Lambda) else tuple(dump_nodes([d]) for d in node.decorator_list),
            "\n".join(dumper.docs),
        )


def dump_nodes(nodes: list[ast.expr] | list[ast.stmt]) -> Form:
    """Return the form of expressions or statements that stand in a module's own scope."""
    with _deep_recursion():
        dumper = _Dumper()
        for node in nodes:
            dumper.dump(node)
        first = nodes[0] if nodes else None
        return dumper.form(_chain_of(first.func if isinstance(first, ast.Call) else first))


def dump_class_body(nodes: list[ast.stmt]) -> Form:
    """Return the form of statements of a class body: annotations stay, since classes are made from them."""
    with _deep_recursion():
        dumper = _Dumper()
        dumper.scopes.enter("class")
        for node in nodes:
            dumper.dump(node)
        dumper.scopes.leave()
        return dumper.form()


def _annotations(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    args = node.args
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    every += [a for a in (args.vararg, args.kwarg) if a]
    found = [a.annotation for a in every if a.annotation]
    return [*found, node.returns] if node.returns else found


def _chain_of(node: ast.AST | None) -> Chain:
    """Return the chain of names that an expression is, or nothing."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else ()


@contextmanager
def _deep_recursion() -> Iterator[None]:
    # Calls from Python to Python use no C stack since 3.11, so a sum of thousands of terms only needs the limit away.
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 1_000_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


@cache
def _fields(kind: type[ast.AST]) -> tuple[tuple[str, str], ...]:
    return tuple((name, f" {name}=") for name in kind._fields if name not in _SKIPPED)


class _Dumper:
    """One walk; `out` is the text so far."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.scopes = Scopes()
        self.docs: list[str] = []
        self.strings: dict[str, None] = {}
        self.environment: dict[str, None] = {}
        self.marks: set[str] = set()

    def form(self, caller: Chain = ()) -> Form:
        """Return what was dumped."""
        self.scopes.finish()
        return Form(
            digest_text("".join(self.out)),
            tuple(sorted(self.scopes.chains)),
            tuple(sorted(self.scopes.imports, key=repr)),
            tuple(self.strings),
            tuple(self.environment),
            frozenset(self.marks),
            caller,
        )

    def dump(self, node: ast.AST) -> None:
        kind = node.__class__
        special = _SPECIAL.get(kind)
        if special is not None:
            special(self, node)
            return
        out = self.out
        out.append("(" + kind.__name__)
        for name, label in _fields(kind):
            value = getattr(node, name, None)
            if value is None or value == []:
                continue
            out.append(label)
            if isinstance(value, ast.AST):
                self.dump(value)
            elif isinstance(value, list):
                self.dump_list(value)
            else:
                out.append(ascii(value))
        out.append(")")

    def dump_list(self, values: list[ast.AST]) -> None:
        self.out.append("[")
        for value in values:
            if isinstance(value, ast.AST):
                self.dump(value)
            else:
                self.out.append(ascii(value))
            self.out.append(",")
        self.out.append("]")

    def dump_body(self, body: list[ast.stmt]) -> None:
        self.out.append("{")
        for statement in body:
            self.dump(statement)
        self.out.append("}")

    # -- functions and classes ------------------------------------------------------------------

    def root(self, node: Function) -> None:
        """Dump a function that stands on its own: its name, decorators and defaults are the caller's business."""
        self.out.append("(" + ("Async" if isinstance(node, ast.AsyncFunctionDef) else "") + "Function")
        self.function_scope(node, with_defaults=False)

    def function_scope(self, node: Function, *, with_defaults: bool) -> None:
        args = node.args
        self.scopes.enter("function")
        for label, group in (("/", args.posonlyargs), ("", args.args), ("*", args.kwonlyargs)):
            for arg in group:
                self.out.append(f" {label}{arg.arg}")
                self.scopes.bind(arg.arg)
        for label, single in (("*", args.vararg), ("**", args.kwarg)):
            if single:
                self.out.append(f" {label}{single.arg}")
                self.scopes.bind(single.arg)
        self.out.append(f" defaults={len(args.defaults)},{[d is not None for d in args.kw_defaults]}")
        if isinstance(node, ast.Lambda):
            # The same text as a function that returns the expression, except for its kind above.
            self.out.append("{(Return value=")
            self.dump(node.body)
            self.out.append(")}")
        else:
            self.dump_body(self.without_docstring(node.body))
        self.scopes.leave()
        self.out.append(")")
        if with_defaults:
            self.dump_list([*args.defaults, *(d for d in args.kw_defaults if d is not None)])

    def without_docstring(self, body: list[ast.stmt]) -> list[ast.stmt]:
        first = body[0] if body else None
        if (
            isinstance(first, ast.Expr)
            and isinstance(first.value, ast.Constant)
            and isinstance(first.value.value, str)
        ):
            self.docs.append(first.value.value)
            return body[1:]
        return body

    def nested_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.scopes.bind(node.name)
        self.out.append(f"({node.__class__.__name__} {ascii(node.name)}")
        if node.decorator_list:
            self.dump_list([*node.decorator_list, *_annotations(node)])
        self.function_scope(node, with_defaults=True)

    def lambda_(self, node: ast.Lambda) -> None:
        self.out.append("(Lambda")
        self.function_scope(node, with_defaults=True)

    def class_(self, node: ast.ClassDef) -> None:
        self.scopes.bind(node.name)
        self.out.append(f"(ClassDef {ascii(node.name)}")
        self.dump_list([*node.decorator_list, *node.bases, *node.keywords])
        self.scopes.enter("class")
        self.dump_body(self.without_docstring(node.body))
        self.scopes.leave()
        self.out.append(")")

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        self.out.append("(" + node.__class__.__name__ + " in=")
        self.dump(node.generators[0].iter)  # evaluated outside
        self.scopes.enter("comprehension")
        for index, part in enumerate(node.generators):
            self.out.append(" async for=" if part.is_async else " for=")
            self.dump(part.target)
            if index:
                self.out.append(" in=")
                self.dump(part.iter)
            self.dump_list([*part.ifs])
        if isinstance(node, ast.DictComp):
            self.dump(node.key)
            self.dump(node.value)
        else:
            self.dump(node.elt)
        self.scopes.leave()
        self.out.append(")")

    # -- names ----------------------------------------------------------------------------------

    def name(self, node: ast.Name) -> None:
        self.out.append(" " + node.id)
        if isinstance(node.ctx, ast.Load):
            self.scopes.refer((node.id,))
            if not node.id.startswith("__"):  # a bare __name__ is the module's
                self.mark(node.id)
        else:
            self.scopes.bind(node.id)

    def augmented(self, node: ast.AugAssign) -> None:
        self.out.append(f"(AugAssign {node.op.__class__.__name__}")
        self.dump(node.target)
        if isinstance(node.target, ast.Name):
            self.scopes.refer((node.target.id,))  # it is read, too
        self.dump(node.value)
        self.out.append(")")

    def mark(self, name: str) -> None:
        if name in REFLECTIVE:
            self.marks.add(name)

    def attribute(self, node: ast.Attribute) -> None:
        parts: list[str] = []
        base: ast.expr = node
        while isinstance(base, ast.Attribute):
            parts.append(base.attr)
            self.mark(base.attr)
            base = base.value
        parts.reverse()
        if isinstance(base, ast.Name):
            self.out.append(f" {base.id}.{'.'.join(parts)}")
            self.scopes.refer((base.id, *parts))
        else:
            self.out.append("(.")
            self.dump(base)
            self.out.append(f" {'.'.join(parts)})")

    def named_expression(self, node: ast.NamedExpr) -> None:
        self.out.append(f"(NamedExpr {node.target.id}")
        self.scopes.bind_outside_comprehension(node.target.id)
        self.dump(node.value)
        self.out.append(")")

    def global_(self, node: ast.Global) -> None:
        self.out.append(f"(Global {sorted(node.names)})")
        self.scopes.declare_global(node.names)

    def nonlocal_(self, node: ast.Nonlocal) -> None:
        self.out.append(f"(Nonlocal {sorted(node.names)})")
        self.scopes.declare_nonlocal(node.names)

    def import_(self, node: ast.Import) -> None:
        for alias in node.names:
            self.out.append(f"(Import {alias.name} {alias.asname})")
            if alias.asname:
                self.scopes.bind_import(alias.asname, Import(alias.name, 0, None))
            else:
                top = alias.name.partition(".")[0]
                self.scopes.bind_import(top, Import(top, 0, None))
                if top != alias.name:
                    self.scopes.bind_import(top, Import(alias.name, 0, ""))

    def import_from(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        for alias in node.names:
            self.out.append(f"(ImportFrom {node.level} {module} {alias.name} {alias.asname})")
            self.scopes.bind_import(alias.asname or alias.name, Import(module, node.level, alias.name))

    def handler(self, node: ast.ExceptHandler) -> None:
        self.out.append(f"(ExceptHandler {node.name}")
        if node.name:
            self.scopes.bind(node.name)
        if node.type:
            self.dump(node.type)
        self.dump_body(node.body)
        self.out.append(")")

    def match_capture(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping) -> None:
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        self.out.append(f"({node.__class__.__name__} {name}")
        if name:
            self.scopes.bind(name)
        if isinstance(node, ast.MatchMapping):
            self.dump_list([*node.keys])
            self.dump_list([*node.patterns])
        elif isinstance(node, ast.MatchAs) and node.pattern:
            self.dump(node.pattern)
        self.out.append(")")

    # -- statements and expressions with more than one spelling ------------------------------------

    def expression_statement(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a bare literal does nothing
            self.out.append("(Expr")
            self.dump(node.value)
            self.out.append(")")

    def pass_(self, _: ast.Pass) -> None:
        """Add nothing: it does nothing."""

    def assign(self, node: ast.Assign) -> None:
        self._assign([*node.targets], node.value)

    def _assign(self, targets: list[ast.AST], value: ast.expr) -> None:
        self.out.append("(Assign")
        self.dump_list(targets)
        self.dump(value)
        self.out.append(")")

    def annotated(self, node: ast.AnnAssign) -> None:
        if self.scopes.stack[-1].kind == "class":
            self.out.append("(Annotated")
            self.dump(node.target)
            self.dump(node.annotation)
            if node.value:
                self.dump(node.value)
            self.out.append(")")
        elif node.value:
            self._assign([node.target], node.value)
        else:
            # It makes the name local, even though it binds nothing.
            self.out.append("(Local")
            self.dump(node.target)
            self.out.append(")")

    def constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, str):
            self.text(value)
            if len(value) < _LONGEST_PATH and ("." in value or "/" in value) and "\n" not in value:
                self.strings[value] = None
        elif isinstance(value, int) and not isinstance(value, bool):
            self.out.append(f"<int {value:#x}>")  # decimal has a limit on digits
        else:
            self.out.append(f"<{type(value).__name__} {value!r}>")

    def text(self, value: str) -> None:
        self.out.append(f"<str {ascii(value)}>")

    def joined(self, node: ast.JoinedStr) -> None:
        parts: list[ast.expr | str] = []
        for part in node.values:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                # The parsers of 3.11 and 3.12 split literal parts differently.
                if parts and isinstance(parts[-1], str):
                    parts[-1] += part.value
                else:
                    parts.append(part.value)
            else:
                parts.append(part)
        if not parts or (len(parts) == 1 and isinstance(parts[0], str)):
            self.text("".join(p for p in parts if isinstance(p, str)))
            return
        self.out.append("(JoinedStr")
        for item in parts:
            if not isinstance(item, str):
                self.dump(item)
            elif item:
                self.text(item)
        self.out.append(")")

    def call(self, node: ast.Call) -> None:
        func, args = node.func, node.args
        first = args[0].value if args and isinstance(args[0], ast.Constant) else None
        if isinstance(first, str):
            if isinstance(func, ast.Attribute) and func.attr in {"get", "getenv"}:
                chain = _chain_of(func)
                if chain[-2:] in {("environ", "get"), ("os", "getenv")}:
                    self.environment[first] = None
            elif isinstance(func, ast.Name) and func.id == "getenv":
                self.environment[first] = None
        elif isinstance(func, ast.Name) and func.id == "getattr" and len(args) > 1:
            chain = _chain_of(args[0])
            attribute = args[1].value if isinstance(args[1], ast.Constant) else None
            if chain and isinstance(attribute, str):
                # getattr(module, "name") is module.name, not the whole module.
                self.mark(attribute)
                self.out.append(f"(getattr {'.'.join(chain)} {ascii(attribute)}")
                self.scopes.refer((*chain, attribute))
                self.scopes.refer(("getattr",))
                self.dump_list([*args[2:], *node.keywords])
                self.out.append(")")
                return
        self.out.append("(Call")
        self.dump(func)
        self.dump_list([*args])
        if node.keywords:
            self.dump_list([*node.keywords])
        elif not args and isinstance(func, ast.Name) and func.id == "vars":
            self.scopes.refer(("vars()",))
        self.out.append(")")

    def subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            chain = _chain_of(node.value)
            if chain and chain[-1] == "environ":
                self.environment[node.slice.value] = None
        self.out.append("(Subscript")
        self.dump(node.value)
        self.dump(node.slice)
        self.out.append(")")


_SPECIAL: dict[type[ast.AST], Callable[[_Dumper, ast.AST], None]] = {
    ast.FunctionDef: _Dumper.nested_function,
    ast.AsyncFunctionDef: _Dumper.nested_function,
    ast.Lambda: _Dumper.lambda_,
    ast.ClassDef: _Dumper.class_,
    ast.ListComp: _Dumper.comprehension,
    ast.SetComp: _Dumper.comprehension,
    ast.GeneratorExp: _Dumper.comprehension,
    ast.DictComp: _Dumper.comprehension,
    ast.Name: _Dumper.name,
    ast.Attribute: _Dumper.attribute,
    ast.NamedExpr: _Dumper.named_expression,
    ast.Global: _Dumper.global_,
    ast.Nonlocal: _Dumper.nonlocal_,
    ast.Import: _Dumper.import_,
    ast.ImportFrom: _Dumper.import_from,
    ast.ExceptHandler: _Dumper.handler,
    ast.MatchAs: _Dumper.match_capture,
    ast.MatchStar: _Dumper.match_capture,
    ast.MatchMapping: _Dumper.match_capture,
    ast.Expr: _Dumper.expression_statement,
    ast.Pass: _Dumper.pass_,
    ast.Assign: _Dumper.assign,
    ast.AnnAssign: _Dumper.annotated,
    ast.AugAssign: _Dumper.augmented,
    ast.Constant: _Dumper.constant,
    ast.JoinedStr: _Dumper.joined,
    ast.Call: _Dumper.call,
    ast.Subscript: _Dumper.subscript,
}  # type: ignore[assignment]
