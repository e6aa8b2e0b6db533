"""Which modules a call of `import_module` may import, where the text tells: one, or any of a package.

Works on syntax trees alone.
"""

from __future__ import annotations

import ast

from dagbuild.code.scopes import Import
from dagbuild.code.statements import join_literals

ANY = "**"
"""In the place of what is imported from a package: any module of it."""
_OWN = frozenset({"__name__", "__package__"})
"""Names that the package around the code has there."""


def imported_by_text(call: ast.Call) -> Import | None:
    """Return what a call imports: a module whole, or any of the package named or of that around the code, or None."""
    start, whole = _beginning(call.args[0])
    if start is None:
        return None
    if not start.startswith("."):
        if start == "" or whole:
            return Import(start, 0, "*") if start else None
        package, dot, _ = start.rpartition(".")
        if not dot:
            return None
        top, _, rest = package.partition(".")
        return Import(rest, 1, ANY) if top in _OWN else Import(package, 0, ANY)
    around = _package(call)
    if around is None:
        return None
    dots = len(start) - len(start.lstrip("."))
    if around in _OWN:
        return Import(start.lstrip("."), dots, "*") if whole else Import("", dots, ANY)
    parts = around.split(".")
    base = ".".join(parts[: len(parts) - dots + 1])
    return Import(f"{base}{start[dots - 1 :]}", 0, "*") if whole else Import(base, 0, ANY)


def _package(call: ast.Call) -> str | None:
    given = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "package")]
    match given:
        case [ast.Constant(value=str(name))]:
            return name
        case [ast.Name(id=name)] if name in _OWN:
            return name
    return None


def _beginning(node: ast.expr) -> tuple[str | None, bool]:
    """Return what a text begins with, as far as it stands there, and whether that is all; a name of _OWN as it is."""
    match node:
        case ast.Constant(value=str(text)):
            return text, True
        case ast.Name(id=name) if name in _OWN:
            return name, False
        case ast.JoinedStr():
            start = ""
            for part in join_literals(node):
                if isinstance(part, str):
                    start += part
                    continue
                inner, _ = (
                    _beginning(part.value)
                    if isinstance(part, ast.FormattedValue) and not start
                    else (None, False)
                )
                if inner not in _OWN:
                    break
                start += inner
            return start or None, False
        case ast.BinOp(left=left, op=ast.Add()):
            first, _ = _beginning(left)
            right, _ = _beginning(node.right)
            return (f"{first}{right}", False) if first in _OWN and right is not None else (first, False)
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod()):
            return text.partition("%")[0], False
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
            return text.partition("{")[0], False
    return None, False
