"""How variables are spelt in a normal form: by numbers, where nobody can see what they are called.

And what a call hands on under a name. Works on what `dump` has gathered. Guards: the number says which variable it is,
in which scope; where a name may be looked up, or stands in a text, it stays.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator

from dagbuild.code.reflection import LOCALS
from dagbuild.code.scopes import Chain, Scopes
from dagbuild.code.statements import chain_of, root_chain

_WORD = re.compile(r"[^\W\d]\w*")


def spell_variables(
    out: list[str], scopes: Scopes, words: Collection[str], spoken: Iterable[str]
) -> list[str]:
    """Put numbers for names into the text, and return those names; `spoken` are texts that stand in the code."""
    if not scopes.variables or not LOCALS.isdisjoint(words):
        return []
    told = set(_WORD.findall(" ".join(spoken)))
    found = []
    for depth, variables in scopes.variables:
        for number, name in enumerate(name for name in variables if name not in told):
            found.append(name)
            for index, before, after in variables[name]:
                out[index] = f"{before}${depth}.{number}{after}"
    return found


def find_handed(
    func: ast.expr, args: Iterable[ast.expr], bound: Collection[str]
) -> Iterator[tuple[Chain, Chain]]:
    """Yield what is called, and what it is given that has a name and is not `bound` here, alone or in a display."""
    for arg in args:
        if isinstance(arg, ast.Name | ast.Attribute):
            inner = [arg]
        elif isinstance(arg, ast.List | ast.Tuple | ast.Set | ast.Dict):
            inner = arg.values if isinstance(arg, ast.Dict) else arg.elts  # type: ignore[assignment]
        else:
            continue
        for each in inner:
            given = chain_of(each)
            if given and given[0] not in bound and (callee := root_chain(func)):
                yield callee, given
