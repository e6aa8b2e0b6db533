"""Write a syntax tree as one text, in a form of our own.

The same text under every supported Python, whatever the layout, comments, docstrings and annotations that do not
act. One pass and no copy of the tree; on the way it collects what the code refers to. Used by `normal_form` only.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from dagbuild.code.imported import imported_by_text
from dagbuild.code.literals import Literals
from dagbuild.code.scopes import Chain, Import, Scopes
from dagbuild.code.statements import annotations_of, chain_of, docstring_of
from dagbuild.code.variables import find_handed, spell_variables

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_SKIPPED = frozenset({"ctx", "kind", "type_comment", "type_params", "type_ignores"})

_IMPORT = frozenset({("import_module",), ("__import__",)})
_FIELDS: dict[type[ast.AST], tuple[tuple[str, str], ...]] = {}


def _fields(kind: type[ast.AST]) -> tuple[tuple[str, str], ...]:
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple((name, f" {name}=") for name in kind._fields if name not in _SKIPPED)
    return _FIELDS[kind]


class Dumper(Literals):
    """One walk; `out` is the text so far, the rest is what the code refers to.

    `places` has what to write for a parameter instead of its name. `called` and `named` are the chains of names that
    stand in `out` at these indexes: as what a call calls, and otherwise. `handed` are pairs of chains: what is called,
    and what it is given. `words` are the names and attributes that stand in the code, `locals` those variables that
    are not spelt by their names.
    """

    def __init__(self, places: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.places = places or {}
        self.called: dict[int, Chain] = {}
        self.named: dict[int, Chain] = {}
        self.scopes = Scopes()
        self.docs: list[str] = []
        self.handed: dict[tuple[Chain, Chain], None] = {}
        self.locals: list[str] = []

    def finish(self) -> None:
        """Settle what the names mean, and spell variables by number where nobody can see what they are called."""
        self.scopes.finish()
        self.locals = spell_variables(self.out, self.scopes, self.words, self.spoken)

    def dump(self, node: ast.AST) -> None:
        """Append the text of a node that stands in the innermost scope."""
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
                self._dump_list(value)
            else:
                out.append(ascii(value))
        out.append(")")

    def _dump_list(self, values: list[ast.AST]) -> None:
        self.out.append("[")
        for value in values:
            if isinstance(value, ast.AST):
                self.dump(value)
            else:
                self.out.append(ascii(value))
            self.out.append(",")
        self.out.append("]")

    def _dump_body(self, body: list[ast.stmt]) -> None:
        self.out.append("{")
        for statement in body:
            self.dump(statement)
        self.out.append("}")

    # -- functions and classes ------------------------------------------------------------------

    def root(self, node: Function) -> None:
        """Append a function that stands on its own: its name, decorators and defaults are the caller's business."""
        self.out.append("(" + ("Async" if isinstance(node, ast.AsyncFunctionDef) else "") + "Function")
        self._function_scope(node, with_defaults=False)

    def _function_scope(self, node: Function, *, with_defaults: bool) -> None:
        args = node.args
        self.scopes.enter("function")
        for label, group in (("/", args.posonlyargs), ("", args.args), ("*", args.kwonlyargs)):
            for arg in group:
                self.out.append(f" {label}{self._spell(arg.arg)}")
                self.scopes.bind_fixed(arg.arg)
        for label, single in (("*", args.vararg), ("**", args.kwarg)):
            if single:
                self.out.append(f" {label}{single.arg}")
                self.scopes.bind_fixed(single.arg)
        self.out.append(f" defaults={len(args.defaults)},{[d is not None for d in args.kw_defaults]}")
        if isinstance(node, ast.Lambda):
            # The same text as a function that returns the expression, except for its kind above.
            self.out.append("{(Return value=")
            self.dump(node.body)
            self.out.append(")}")
        else:
            self._dump_body(self._without_docstring(node.body))
        self.scopes.leave()
        self.out.append(")")
        if with_defaults:
            self._dump_list([*args.defaults, *(d for d in args.kw_defaults if d is not None)])

    def _without_docstring(self, body: list[ast.stmt]) -> list[ast.stmt]:
        text = docstring_of(body)
        if text is None:
            return body
        self.docs.append(inspect.cleandoc(text))
        return body[1:]

    def _nested_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.scopes.bind_fixed(node.name)
        self.out.append(f"({node.__class__.__name__} {node.name!a}")
        if node.decorator_list:
            self._dump_list([*node.decorator_list, *annotations_of(node)])
        self._function_scope(node, with_defaults=True)

    def _lambda(self, node: ast.Lambda) -> None:
        self.out.append("(Lambda")
        self._function_scope(node, with_defaults=True)

    def _class(self, node: ast.ClassDef) -> None:
        self.scopes.bind_fixed(node.name)
        self.out.append(f"(ClassDef {node.name!a}")
        self._dump_list([*node.decorator_list, *node.bases, *node.keywords])
        self.scopes.enter("class")
        self._dump_body(self._without_docstring(node.body))
        self.scopes.leave()
        self.out.append(")")

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        self.out.append("(" + node.__class__.__name__ + " in=")
        self.dump(node.generators[0].iter)  # evaluated outside
        self.scopes.enter("comprehension")
        for index, part in enumerate(node.generators):
            self.out.append(" async for=" if part.is_async else " for=")
            self.dump(part.target)
            if index:
                self.out.append(" in=")
                self.dump(part.iter)
            self._dump_list([*part.ifs])
        if isinstance(node, ast.DictComp):
            self.dump(node.key)
            self.dump(node.value)
        else:
            self.dump(node.elt)
        self.scopes.leave()
        self.out.append(")")

    # -- names ----------------------------------------------------------------------------------

    def _spell(self, name: str) -> str:
        return self.places.get(name, name)

    def _name(self, node: ast.Name) -> None:
        name = node.id
        self.scopes.mention(name, (len(self.out), " ", ""))
        self.out.append(" " + self._spell(name))
        if isinstance(node.ctx, ast.Load):
            self.named[len(self.out) - 1] = (name,)
            self.scopes.refer((name,))
            if not name.startswith("__"):  # a bare __name__ is the module's
                self.words.add(name)
        else:
            self.scopes.bind(name)

    def _augmented(self, node: ast.AugAssign) -> None:
        self.out.append(f"(AugAssign {node.op.__class__.__name__}")
        self.dump(node.target)
        if isinstance(node.target, ast.Name):
            self.scopes.refer((node.target.id,))  # it is read, too
        self.dump(node.value)
        self.out.append(")")

    def _attribute(self, node: ast.Attribute) -> None:
        parts: list[str] = []
        base: ast.expr = node
        while isinstance(base, ast.Attribute):
            parts.append(base.attr)
            base = base.value
        self.words.update(parts)
        parts.reverse()
        if isinstance(base, ast.Name):
            rest = f".{'.'.join(parts)}"
            self.scopes.mention(base.id, (len(self.out), " ", rest))
            self.out.append(f" {self._spell(base.id)}{rest}")
            self.named[len(self.out) - 1] = (base.id, *parts)
            self.scopes.refer((base.id, *parts))
        else:
            self.out.append("(.")
            self.dump(base)
            self.out.append(f" {'.'.join(parts)})")

    def _named_expression(self, node: ast.NamedExpr) -> None:
        self.scopes.mention(node.target.id, (len(self.out), "(NamedExpr ", ""))
        self.out.append(f"(NamedExpr {self._spell(node.target.id)}")
        self.scopes.bind_outside_comprehension(node.target.id)
        self.dump(node.value)
        self.out.append(")")

    def _global(self, node: ast.Global) -> None:
        self.out.append(f"(Global {sorted(node.names)})")
        self.scopes.declare_global(node.names)

    def _nonlocal(self, node: ast.Nonlocal) -> None:
        self.out.append(f"(Nonlocal {sorted(node.names)})")
        self.scopes.declare_nonlocal(node.names)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.out.append(f"(Import {alias.name} {alias.asname})")
            if alias.asname:
                self.scopes.bind_import(alias.asname, Import(alias.name, 0, None))
            else:
                top = alias.name.partition(".")[0]
                self.scopes.bind_import(top, Import(top, 0, None))
                if top != alias.name:
                    self.scopes.bind_import(top, Import(alias.name, 0, ""))

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        for alias in node.names:
            self.out.append(f"(ImportFrom {node.level} {module} {alias.name} {alias.asname})")
            self.scopes.bind_import(alias.asname or alias.name, Import(module, node.level, alias.name))

    def _handler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.scopes.mention(node.name, (len(self.out), "(ExceptHandler ", ""))
            self.scopes.bind(node.name)
        self.out.append(f"(ExceptHandler {node.name}")
        if node.type:
            self.dump(node.type)
        self._dump_body(node.body)
        self.out.append(")")

    def _match_capture(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping) -> None:
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name:
            self.scopes.mention(name, (len(self.out), f"({node.__class__.__name__} ", ""))
            self.scopes.bind(name)
        self.out.append(f"({node.__class__.__name__} {name}")
        if isinstance(node, ast.MatchMapping):
            self._dump_list([*node.keys])
            self._dump_list([*node.patterns])
        elif isinstance(node, ast.MatchAs) and node.pattern:
            self.dump(node.pattern)
        self.out.append(")")

    # -- statements and expressions with more than one spelling ------------------------------------

    def _expression_statement(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a bare literal does nothing
            self.out.append("(Expr")
            self.dump(node.value)
            self.out.append(")")

    def _assign(self, node: ast.Assign) -> None:
        self._assignment([*node.targets], node.value)

    def _assignment(self, targets: list[ast.AST], value: ast.expr) -> None:
        self.out.append("(Assign")
        self._dump_list(targets)
        self.dump(value)
        self.out.append(")")

    def _annotated(self, node: ast.AnnAssign) -> None:
        if self.scopes.stack[-1].kind == "class":
            self.out.append("(Annotated")
            self.dump(node.target)
            self.dump(node.annotation)
            if node.value:
                self.dump(node.value)
            self.out.append(")")
        elif node.value:
            self._assignment([node.target], node.value)
        else:
            # It makes the name local, even though it binds nothing.
            self.out.append("(Local")
            self.dump(node.target)
            self.out.append(")")

    def _call(self, node: ast.Call) -> None:
        func, args = node.func, node.args
        first = args[0].value if args and isinstance(args[0], ast.Constant) else None
        if isinstance(first, str):
            chain = chain_of(func)
            if chain[-2:] in {("environ", "get"), ("os", "getenv"), ("getenv",)}:
                self.environment[first] = None
        elif isinstance(func, ast.Name) and func.id == "getattr" and len(args) > 1:
            chain = chain_of(args[0])
            attribute = args[1].value if isinstance(args[1], ast.Constant) else None
            if chain and isinstance(attribute, str):
                # getattr(module, "name") is module.name, not the whole module.
                self.words.update((attribute, "getattr"))
                rest = f"{''.join(f'.{part}' for part in chain[1:])} {attribute!a}"
                self.words.update(chain[1:])
                self.scopes.mention(chain[0], (len(self.out), "(getattr ", rest))
                self.out.append(f"(getattr {self._spell(chain[0])}{rest}")
                self.scopes.refer((*chain, attribute))
                self.scopes.refer(("getattr",))
                self._dump_list([*args[2:], *node.keywords])
                self.out.append(")")
                return
        if args and chain_of(func)[-1:] in _IMPORT and (found := imported_by_text(node)) is not None:
            # By a name that stands there, or begins there: all of that, and not of this module.
            self.scopes.imports[found] = None
            self.out.append(f"(Imported {'.'.join(chain_of(func))}")
            self._dump_list([*args, *node.keywords])
            return
        self.out.append("(Call")
        self.dump(func)
        callee = len(self.out) - 1
        if chain_of(func):
            self.called[callee] = self.named.pop(callee)
        self._dump_list([*args])
        self._hand(func, args)
        if node.keywords:
            self._hand(func, [keyword.value for keyword in node.keywords])
            self._dump_list([*node.keywords])
        elif not args and isinstance(func, ast.Name) and func.id == "vars":
            self.scopes.refer(("vars()",))
        self.out.append(")")

    def _hand(self, func: ast.expr, args: list[ast.expr]) -> None:
        # What is bound later is left out at the end.
        for pair in find_handed(func, args, self.scopes.stack[-1].bound):
            self.handed[pair] = None


_SPECIAL: dict[type[ast.AST], Callable[[Dumper, Any], None]] = {
    **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef), Dumper._nested_function),
    ast.Lambda: Dumper._lambda,
    ast.ClassDef: Dumper._class,
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp), Dumper._comprehension),
    ast.Name: Dumper._name,
    ast.Attribute: Dumper._attribute,
    ast.NamedExpr: Dumper._named_expression,
    ast.Global: Dumper._global,
    ast.Nonlocal: Dumper._nonlocal,
    ast.Import: Dumper._import,
    ast.ImportFrom: Dumper._import_from,
    ast.ExceptHandler: Dumper._handler,
    **dict.fromkeys((ast.MatchAs, ast.MatchStar, ast.MatchMapping), Dumper._match_capture),
    ast.Expr: Dumper._expression_statement,
    ast.Pass: lambda _, __: None,
    ast.Assign: Dumper._assign,
    ast.AnnAssign: Dumper._annotated,
    ast.AugAssign: Dumper._augmented,
    ast.Constant: Dumper.dump_constant,
    ast.Dict: Dumper.dump_dict,
    ast.JoinedStr: Dumper.dump_joined,
    ast.Call: Dumper._call,
    ast.Subscript: Dumper.dump_subscript,
}
