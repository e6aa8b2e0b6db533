"""The one text of a piece of code, whatever its layout, comments, docstrings and annotations.

A dump of the syntax tree in a form of our own: one pass, no copy of the tree, and the same text under every
supported Python (`ast.dump`, `ast.unparse` and bytecode differ between versions). The same pass collects what the
code refers to. Knows nothing of files or of what names mean.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from dagbuild.code.dump import Dumper, Function
from dagbuild.code.reflection import LISTS, ORDER, REFLECTIVE
from dagbuild.code.scopes import Chain, Import
from dagbuild.code.statements import annotations_of, chain_of, lists_names
from dagbuild.ground.digest import Digest, digest_text


class NormalForm(NamedTuple):
    """The normal form of a piece of code and what it refers to.

    `text` is the form in pieces; a piece that is a chain stands for a name from outside, as it is spelt in the code.
    `called` are those chains that the code does nothing with but call.
    `texts` are literals, `strings` those that could be paths, `environment` the literal names of variables read,
    `marks` the members of REFLECTIVE that it names, `words` all names and attributes in it. `handed` are pairs of
    chains: what is called, nothing where that is a method of something made inside, and what it is given, which is
    from outside.
    """

    text: tuple[str | Chain, ...]
    called: frozenset[Chain] = frozenset()
    chains: tuple[Chain, ...] = ()
    imports: tuple[Import, ...] = ()
    strings: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    marks: frozenset[str] = frozenset()
    caller: Chain = ()
    words: frozenset[str] = frozenset()
    handed: tuple[tuple[Chain, Chain], ...] = ()

    @property
    def digest(self) -> Digest:
        """The digest with every name as it is spelt."""
        return self.spell({})

    def spell(self, names: Mapping[Chain, str]) -> Digest:
        """Return the digest with these words instead of names."""
        pieces = (
            piece if isinstance(piece, str) else names.get(piece) or " " + ".".join(piece)
            for piece in self.text
        )
        return digest_text("".join(pieces))


@dataclass(frozen=True)
class FunctionForm:
    """The forms of a function's parts; which of them count depends on what the loaded function is.

    `find` finds its definition.
    """

    find: Callable[[], Function | None]
    body: NormalForm
    defaults: NormalForm | None
    decorators: tuple[NormalForm, ...]
    docs: str
    locals: str = ""
    """The names of variables that are not in the forms."""

    @cached_property
    def annotations(self) -> NormalForm | None:
        """The annotations; made when something asks, for most of them do not act."""
        node = self.find()
        annotations = [] if node is None or isinstance(node, ast.Lambda) else annotations_of(node)
        return dump_nodes(annotations) if annotations else None


def dump_function(
    node: Function,
    places: Mapping[str, str] | None = None,
    find: Callable[[], Function | None] | None = None,
) -> FunctionForm:
    """Return the forms of a function, without its own name; `places` has what to write for its parameters.

    `find` is how its definition is found again; without it, this one is kept.
    """
    with deep_recursion():
        dumper = Dumper(places)
        dumper.root(node)
        body = _form(dumper, [node])
        args = node.args
        defaults = [d for d in (*args.defaults, *args.kw_defaults) if d is not None]
        return FunctionForm(
            find or (lambda: node),
            body,
            dump_nodes(defaults) if defaults else None,
            () if isinstance(node, ast.Lambda) else tuple(dump_nodes([d]) for d in node.decorator_list),
            "\n".join(dumper.docs),
            " ".join(dumper.locals),
        )


def dump_nodes(nodes: list[ast.expr] | list[ast.stmt]) -> NormalForm:
    """Return the form of expressions or statements that stand in a module's own scope."""
    with deep_recursion():
        dumper = Dumper()
        for node in nodes:
            dumper.dump(node)
        first = nodes[0] if nodes else None
        return _form(dumper, nodes, chain_of(first.func if isinstance(first, ast.Call) else first))


def dump_class_body(nodes: list[ast.stmt]) -> NormalForm:
    """Return the form of statements of a class body: annotations stay, since classes are made from them."""
    with deep_recursion():
        dumper = Dumper()
        dumper.scopes.enter("class")
        for node in nodes:
            dumper.dump(node)
        dumper.scopes.leave()
        return _form(dumper, nodes)


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Let trees be nested deeply."""
    # Calls from Python to Python use no C stack since 3.11, so a sum of thousands of terms only needs the limit away.
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 1_000_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _form(dumper: Dumper, nodes: Sequence[ast.AST], caller: Chain = ()) -> NormalForm:
    dumper.finish()
    if not LISTS.isdisjoint(dumper.words) and lists_names(nodes, LISTS):
        dumper.words.add(ORDER)
    bound = dumper.scopes.ever_bound
    mentions = {
        index: chain for index, chain in {**dumper.named, **dumper.called}.items() if chain[0] not in bound
    }
    pieces: list[str | Chain] = []
    start = 0
    for index in sorted(mentions):
        pieces += ["".join(dumper.out[start:index]), mentions[index]]
        start = index + 1
    return NormalForm(
        (*pieces, "".join(dumper.out[start:])),
        frozenset(dumper.called.values()) - frozenset(dumper.named.values()),
        tuple(sorted(dumper.scopes.chains)),
        tuple(sorted(dumper.scopes.imports, key=repr)),
        tuple(dumper.strings),
        tuple(dumper.texts),
        tuple(dumper.environment),
        REFLECTIVE.intersection(dumper.words),
        caller,
        frozenset(dumper.words),
        tuple(
            dict.fromkeys(
                (() if callee[0] in bound else callee, given)
                for callee, given in dumper.handed
                if given[0] not in bound
            )
        ),
    )
