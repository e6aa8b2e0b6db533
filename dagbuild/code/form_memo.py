"""Forms of functions, remembered from one process to the next: plain data under the text and the code they are of.

A form depends on the text of a module and on which of its functions is asked for, on nothing that is alive: so that is
what it is remembered under. What the names in it mean now is found out each time. Knows no files. Guards: whatever is
wrong with what was remembered, the form is made anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping
from types import CodeType
from typing import Any, Final, Protocol

from dagbuild.code.dump import Function
from dagbuild.code.normal_form import FunctionForm, NormalForm
from dagbuild.code.scopes import Chain, Import
from dagbuild.ground.digest import digest_text
from dagbuild.ground.digits import spell

MISSING: Final = object()

_ENCODE = json.JSONEncoder(separators=(",", ":")).encode

_WRONG = (ValueError, TypeError, KeyError, IndexError, AttributeError)


class Forms:
    """What is known of one text.

    `names` are all names in it, `plain` the first and last lines of its functions that have no decorator and stand in
    the module's own level; `written` says that this is written down somewhere. Forms are lines of JSON until somebody
    asks: most of them are asked for once.
    """

    def __init__(
        self, names: Iterable[str], plain: Iterable[tuple[int, int]], lines: Iterable[str] = ()
    ) -> None:
        """`lines` are those of an earlier process."""
        self.names = frozenset(names)
        self.plain = tuple(plain)
        self.written = False
        self.news: list[str] = []
        """Lines of what was put in."""
        self._told = {line[: line.index("[")]: line for line in lines}

    @classmethod
    def from_text(cls, text: str) -> Forms:
        """Return what was written down; raises ValueError or TypeError where that is nothing of ours."""
        head, *lines = text.split("\n")
        names, plain = json.loads(head)
        found = cls(names, [(first, last) for first, last in plain], lines)
        found.written = True
        return found

    @property
    def head(self) -> str:
        """The first line of what is written down; those of the forms follow."""
        return json.dumps([sorted(self.names), self.plain], separators=(",", ":"))

    def find(self, key: str, kind: str, find_node: Callable[[], Function | None]) -> Any:
        """Return the forms of this kind of the function with this key, or MISSING; `find_node` finds its definition."""
        line = self._told.pop(f"{key} {kind} ", None)
        if line is None:
            return MISSING
        try:
            return _READ[kind](json.loads(line[line.index("[") :])[0], find_node)
        except _WRONG:
            return MISSING

    def put(self, key: str, kind: str, found: Any) -> None:
        """Note the forms of a function."""
        self.news.append(f"{key} {kind} {_ENCODE([_WRITE[kind](found)])}")


class FormMemo(Hashable, Protocol):
    """What was known of texts, in an earlier process."""

    def find(self, text: str) -> Forms | None:
        """Return what is known of a text."""

    def note(self, text: str, forms: Forms) -> None:
        """Note what will be known of a text at the end."""


def key_of(code: CodeType) -> str:
    """Return the digest of all that code is made of, but for the name of its file: equal ones, equal codes."""
    return digest_text(spell(_told(code), ascii))


def _told(code: CodeType) -> list[Any]:
    return [
        code.co_name, code.co_qualname, code.co_firstlineno, code.co_flags,
        code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount,
        code.co_names, code.co_varnames, code.co_cellvars, code.co_freevars,
        code.co_code, code.co_linetable, code.co_exceptiontable,
        *(_told(each) if isinstance(each, CodeType) else _told_constant(each) for each in code.co_consts),
    ]  # fmt: skip


def _told_constant(value: Any) -> Any:
    return ["set", *sorted(map(ascii, value))] if isinstance(value, frozenset) else (value,)


# -- plain forms -------------------------------------------------------------------------------------


def _write_form(form: NormalForm) -> list[Any]:
    return [
        form.text, sorted(form.called), form.chains,
        [(each.module, each.level, each.name, each.path) for each in form.imports],
        form.strings, form.texts, form.environment,
        sorted(form.marks), form.caller, sorted(form.words), form.handed,
    ]  # fmt: skip


def _read_form(told: Any) -> NormalForm:
    text, called, chains, imports, strings, texts, environment, marks, caller, words, handed = told
    return NormalForm(
        tuple([piece if piece.__class__ is str else _chain(piece) for piece in text]),
        frozenset(map(_chain, called)),
        tuple(map(_chain, chains)),
        tuple([Import(module, level, name, tuple(path)) for module, level, name, path in imports]),
        tuple(strings),
        tuple(texts),
        tuple(environment),
        frozenset(marks),
        _chain(caller),
        frozenset(map(sys.intern, words)),
        tuple([(_chain(callee), _chain(given)) for callee, given in handed]),
    )


_chains: dict[Chain, Chain] = {}
"""One object for each chain: thousands of functions name the same things."""


def _chain(parts: list[str]) -> Chain:
    chain = tuple(map(sys.intern, parts))
    return _chains.setdefault(chain, chain)


def _write_function(form: FunctionForm | None) -> list[Any] | None:
    if form is None:
        return None
    return [
        _write_form(form.body),
        _write_form(form.defaults) if form.defaults is not None else None,
        _write_forms(form.decorators),
        form.docs,
        form.locals,
    ]


def _read_function(told: Any, find_node: Callable[[], Function | None]) -> FunctionForm | None:
    if told is None:
        return None
    body, defaults, decorators, docs, variables = told
    return FunctionForm(
        find_node,
        _read_form(body),
        _read_form(defaults) if defaults is not None else None,
        tuple(map(_read_form, decorators)),
        docs,
        variables,
    )


def _write_forms(forms: tuple[NormalForm, ...]) -> list[Any]:
    return [_write_form(form) for form in forms]


def _read_forms(told: Any, _: Callable[[], Function | None]) -> tuple[NormalForm, ...]:
    return tuple(map(_read_form, told))


_WRITE: Mapping[str, Callable[[Any], Any]] = {
    "decorators": _write_forms,
    "whole": _write_function,
    "by place": _write_function,
}
_READ: Mapping[str, Callable[[Any, Callable[[], Function | None]], Any]] = {
    "decorators": _read_forms,
    "whole": _read_function,
    "by place": _read_function,
}
