"""A text and what it defines, parsed when somebody needs its tree: forms of its functions may be known from before.

Knows nothing of files. Guards: a form is that of the definition which was compiled to the very code that is asked for;
and a statement of the module's own level is one object, however often the text is parsed.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Callable
from functools import partial
from types import CodeType
from typing import Any, NamedTuple

from dagbuild.code.dump import Function
from dagbuild.code.form_memo import MISSING, Forms, key_of
from dagbuild.code.normal_form import FunctionForm, NormalForm, deep_recursion, dump_function, dump_nodes
from dagbuild.code.parameters import find_places
from dagbuild.code.statements import acted_on, bound_names, flatten, root_chain
from dagbuild.ground.bytecode import iter_codes

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_LEAVES = frozenset({int, str, type(None), ast.Load, ast.Store, ast.Del, ast.Constant})
"""Classes of what stands in syntax trees and has neither names nor definitions in it."""


class Binding(NamedTuple):
    """A statement that binds a name, or `acts` on what it is bound to; `sure`: loading the module always runs it."""

    node: ast.stmt
    sure: bool
    acts: bool = False


class _Index:
    """What a tree defines; `names` are all names in it."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.names: set[str] = set()
        self.functions: dict[tuple[str, int], list[Function]] = {}
        self.classes: dict[str, list[ast.ClassDef]] = {}
        self._codes: dict[tuple[str, int], list[CodeType]] | None = None
        # Every node of every text comes through here: a plain loop takes half the time of ast.iter_child_nodes.
        todo: list[tuple[ast.AST, str]] = [(self.tree, "")]
        while todo:
            node, prefix = todo.pop()
            if isinstance(node, ast.Name):
                self.names.add(node.id)
                continue
            if isinstance(node, _DEFINITIONS):
                prefix = self._define(node, prefix)
            # Only the fields of its class: anybody may hang other attributes on a node, and operators are one object
            # for all trees of the process, so that a link to a parent leads into a stranger's tree and round in it.
            for name in node._fields:
                value: Any = getattr(node, name, None)
                kind = value.__class__
                if kind is list:
                    todo += [(child, prefix) for child in value if isinstance(child, ast.AST)]
                elif kind not in _LEAVES and isinstance(value, ast.AST):
                    todo.append((value, prefix))

    def _define(self, node: ast.AST, prefix: str) -> str:
        """Note a definition, and return the prefix of the names in it."""
        match node:
            case ast.Lambda():
                self.functions.setdefault(("<lambda>", node.lineno), []).append(node)
            case ast.ClassDef():
                self.classes.setdefault(prefix + node.name, []).append(node)
                return f"{prefix}{node.name}."
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.functions.setdefault((node.name, first_line(node)), []).append(node)
                return f"{prefix}{node.name}.<locals>."
        return prefix

    def find_function(self, code: CodeType) -> Function | None:
        """Return the definition that was compiled to this very code, or None."""
        key = (code.co_name, code.co_firstlineno)
        nodes = self.functions.get(key)
        if not nodes or code not in self._compiled().get(key, ()):
            return None
        if len(nodes) == 1:
            return nodes[0]
        places = set(code.co_positions())
        matching = [node for node in nodes if _place(node) in places]
        return matching[0] if len(matching) == 1 else None

    def _compiled(self) -> dict[tuple[str, int], list[CodeType]]:
        if self._codes is None:
            self._codes = {}
            for code in iter_codes(compile(self.tree, "<text>", "exec", dont_inherit=True)):
                self._codes.setdefault((code.co_name, code.co_firstlineno), []).append(code)
        return self._codes


class Text:
    """A text and what it defines.

    `outer` are the statements of the module's own level but for functions without decorators, which do nothing when the
    module is loaded. `known` is what is known of it, now or from an earlier process.
    """

    def __init__(self, text: str, tree: ast.Module | None = None, known: Forms | None = None) -> None:
        """Without a tree, and unless the text is known, raises what parsing raises."""
        self.text = text
        self._index: _Index | None = None
        self._handed = False
        self._outer: list[ast.stmt] | None = None
        self._bindings: dict[str, list[Binding]] | None = None
        self._functions: dict[int, tuple[CodeType, _Forms]] = {}
        self._by_key: dict[str, _Forms] = {}  # a module that is loaded again has other codes, equal ones
        if known is None:
            index = _Index(tree or ast.parse(text))
            plain = filter(_is_plain, index.tree.body)
            known = Forms(index.names, [(node.lineno, node.end_lineno or node.lineno) for node in plain])
            self._outer = [node for node in index.tree.body if not _is_plain(node)]
            self._note_index(index)
        self.known = known

    # -- the tree ---------------------------------------------------------------------------------

    @property
    def names(self) -> frozenset[str]:
        """All names in the text."""
        return self.known.names

    @property
    def outer(self) -> list[ast.stmt]:
        """The statements of the module's own level but for functions without decorators."""
        if self._outer is None:
            lines = self.text.split("\n")
            for first, last in self.known.plain:
                lines[first - 1 : last] = [""] * (last - first + 1)
            with deep_recursion():
                self._outer = ast.parse("\n".join(lines)).body
        return self._outer

    @property
    def tree(self) -> ast.Module:
        """The whole tree."""
        return self._open().tree

    def _open(self) -> _Index:
        """Return the index of the tree, to hand out what stands in it: from here on it is the one that there is."""
        self._handed = True
        return self._parsed()

    def _parsed(self) -> _Index:
        if self._index is None:
            with deep_recursion():
                tree = ast.parse(self.text)
            outer = iter(self.outer)  # those that others have by now
            tree.body = [node if _is_plain(node) else next(outer) for node in tree.body]
            self._note_index(_Index(tree))
        assert self._index is not None
        return self._index

    def _note_index(self, index: _Index) -> None:
        self._index = index
        _opened.append(self)
        if len(_opened) > _MOST_OPENED:
            first = _opened.popleft()
            if not first._handed:
                first._index = None

    # -- what it defines --------------------------------------------------------------------------

    def bindings(self, name: str) -> list[Binding]:
        """Return the statements of the module's own level that bind a name or act on what it is bound to, in order."""
        if self._bindings is None:
            self._bindings = {}
            body = self.tree.body
            top = set(map(id, body))
            for node in flatten(body):
                # Most statements bind plain names: of these there is nothing to look for.
                targets = node.targets if isinstance(node, ast.Assign) else []
                plain = [target.id for target in targets if isinstance(target, ast.Name)]
                if plain and len(plain) == len(targets):
                    for name_bound in plain:
                        self._bindings.setdefault(name_bound, []).append(Binding(node, id(node) in top))
                    continue
                for bound in set(bound_names(node)):
                    self._bindings.setdefault(bound, []).append(Binding(node, id(node) in top))
                for chain in map(root_chain, acted_on(node)):
                    if chain:
                        self._bindings.setdefault(chain[0], []).append(
                            Binding(node, id(node) in top, acts=True)
                        )
        return self._bindings.get(name, [])

    def function_form(self, code: CodeType) -> FunctionForm | None:
        """Return the form of the function that was compiled to this very code, or None."""
        return self._forms(code).whole()

    def decorators(self, code: CodeType) -> tuple[NormalForm, ...] | None:
        """Return the forms of the function's decorators alone, or None."""
        return self._forms(code).decorators()

    def node_form(self, code: CodeType) -> FunctionForm | None:
        """Return the function's form with its parameters by place, or None where their names may matter."""
        return self._forms(code).by_place()

    def _forms(self, code: CodeType) -> _Forms:
        found = self._functions.get(id(code))
        if found is None:
            key = key_of(code)
            forms = self._by_key.setdefault(key, _Forms(self, code, key))
            found = self._functions[id(code)] = code, forms
        return found[1]

    def find_function(self, code: CodeType) -> Function | None:
        """Return the definition that was compiled to this very code, or None."""
        return self._open().find_function(code)

    def find_classes(self, qualname: str, line: int | None) -> list[ast.ClassDef]:
        """Return the class statements, the last first; but the one around `line` before all others."""
        classes = self._open().classes
        nodes = sorted(classes.get(qualname, ()), key=lambda n: n.lineno, reverse=True)
        around = [n for n in nodes if line is not None and first_line(n) <= line <= (n.end_lineno or 0)]
        return around + [n for n in nodes if n not in around]

    def find_form(self, code: CodeType, make: Callable[[Function], Any]) -> Any:
        """Return what is made of the definition of this very code, or None; the tree is needed for that only."""
        node = self._parsed().find_function(code)
        return make(node) if node is not None else None


class _Forms:
    """The forms of the function that some code was compiled from; made when somebody asks, and noted for later."""

    def __init__(self, text: Text, code: CodeType, key: str) -> None:
        self._text = text
        self._code = code
        self._key = key
        self._made: dict[str, Any] = {}

    def decorators(self) -> tuple[NormalForm, ...] | None:
        found: tuple[NormalForm, ...] | None = self._get("decorators", _dump_decorators)
        return found

    def whole(self) -> FunctionForm | None:
        found: FunctionForm | None = self._get("whole", lambda node: dump_function(node, find=self._find))
        return found

    def by_place(self) -> FunctionForm | None:
        found: FunctionForm | None = self._get("by place", self._dump_by_place)
        return found

    def _find(self) -> Function | None:
        return self._text.find_function(self._code)

    def _dump_by_place(self, node: Function) -> FunctionForm | None:
        places = find_places(node)
        return dump_function(node, places, find=self._find) if places else None

    def _get(self, kind: str, make: Callable[[Function], Any]) -> Any:
        if kind not in self._made:
            found = self._text.known.find(self._key, kind, self._find)
            if found is MISSING:
                found = self._text.find_form(self._code, partial(self._make, kind, make))
            self._made[kind] = found
        return self._made[kind]

    def _make(self, kind: str, make: Callable[[Function], Any], node: Function) -> Any:
        found = make(node)
        self._text.known.put(self._key, kind, found)
        return found


def _dump_decorators(node: Function) -> tuple[NormalForm, ...]:
    # One with a thousand entries makes a thousand nodes, which all ask.
    listed = [] if isinstance(node, ast.Lambda) else node.decorator_list
    return tuple(dump_nodes([each]) for each in listed)


def _is_plain(node: ast.stmt) -> bool:
    """Tell whether a statement of a module's own level does nothing but give a function a name."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.decorator_list


def first_line(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    """Return the line that a definition begins on, its decorators included."""
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


def _place(node: Function) -> tuple[int, int | None, int, int | None]:
    """Return the place of something that only this function's own code is compiled from."""
    inner = node.body if isinstance(node, ast.Lambda) else node.body[-1]
    return inner.lineno, inner.end_lineno, inner.col_offset, inner.end_col_offset


_MOST_OPENED = 64
"""Trees that are kept in memory though nobody has anything of them: of a module of 100 functions, a megabyte each."""

_opened: deque[Text] = deque()
