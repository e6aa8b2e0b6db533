"""The statements that a text handed to `exec` or `eval` at import consists of, where it can be seen.

What they define is seen by value; what they do to others is asked of them as of statements that stand in the module.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from dagbuild.code.references import find_object
from dagbuild.code.statements import chain_of, join_literals

_PLACE = re.compile(r"\{[^{}\n]*\}|%\(?\w*\)?[sdr]|\$\{?\w+\}?")
"""A place in a template, of any of the ways to fill one in."""


def find_executed(names: Mapping[str, Any], call: ast.Call) -> list[list[ast.stmt]] | None:
    """Return the bodies of what a call of `exec` runs; None when that cannot be told from the module's text."""
    if not call.args:
        return None
    found = [_parse(text) for text in _texts(names, call.args[0])]
    bodies = [body for body in found if body is not None]
    return bodies if bodies and len(bodies) == len(found) else None


def _texts(names: Mapping[str, Any], node: ast.expr) -> Iterator[str]:
    """Yield the texts in an expression; what is filled in is a name, like any other."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr():
            yield "".join(part if isinstance(part, str) else "_" for part in join_literals(node))
        case ast.Name() | ast.Attribute():
            found = find_object(names, chain_of(node))
            yield found if isinstance(found, str) else "("  # whatever it may be
        case ast.BinOp(left=left, op=ast.Mod()):
            yield from _texts(names, left)
        case ast.Call(func=ast.Attribute(value=template, attr="format" | "strip" | "lstrip" | "substitute")):
            yield from _texts(names, template)
        case ast.Call(
            func=ast.Name(id="compile") | ast.Attribute(attr="dedent" | "Template"), args=[text, *_]
        ):
            yield from _texts(names, text)
        case _:
            yield "("


def _parse(text: str) -> list[ast.stmt] | None:
    for spelling in (text, _PLACE.sub("_", text)):
        try:
            return ast.parse(spelling).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None
