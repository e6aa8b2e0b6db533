"""Where a value of a module comes from: the line that binds it, and whether that shows what the value is made of.

Reads syntax trees; values only to find what names mean. Guards: what it calls open was written down in the project,
for everybody who has the code to read; what reads the environment, or asks for a secret, is hidden.
"""

from __future__ import annotations

import ast
import datetime
import decimal
import enum
import fractions
import os
import re
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from dagbuild.code.protocols import Walker
from dagbuild.code.references import MISSING, absolute_name, find_object
from dagbuild.code.statements import chain_of
from dagbuild.ground.secrets import names_secret


class Home(NamedTuple):
    """The module that binds a name, the name there, the line where there is one only, and what it is bound to."""

    names: Mapping[str, Any]
    name: str
    line: int | None
    made: tuple[ast.AST | None, ...]


class Provenance:
    """Answers for the modules of one walk, which it reads once."""

    def __init__(self, walk: Walker) -> None:
        self._walk = walk
        self._homes: dict[tuple[int, str], Home] = {}
        self._open: dict[tuple[int, str], bool] = {}
        self._looked_at = 0
        self._found_outside = False

    def find_home(self, names: Mapping[str, Any], name: str) -> Home:
        """Return where a name of a module is bound in the end, imports followed."""
        key = (id(names), name)
        if key not in self._homes:
            self._homes[key] = self._find_home(names, name)
        return self._homes[key]

    def _find_home(self, names: Mapping[str, Any], name: str) -> Home:
        seen: set[tuple[int, str]] = set()
        while True:
            seen.add((id(names), name))
            texts = self._walk.definitions.module_texts(names)
            every = [each for text in texts for each in text.bindings(name)]
            found = [each for each in every if not each.acts]
            nodes = [each.node for each in found]
            if len(nodes) == 1 and isinstance(node := nodes[0], ast.ImportFrom):
                module = sys.modules.get(absolute_name(names, node.module or "", node.level))
                original = next((a.name for a in node.names if (a.asname or a.name) == name), name)
                if (
                    module is not None
                    and self._walk.origins.is_project(vars(module))
                    and original in vars(module)
                    and (id(vars(module)), original) not in seen
                ):
                    names, name = vars(module), original
                    continue
            # Of several lines it is the last, unless a branch decides.
            sure = len(found) == 1 or (bool(found) and len(texts) == 1 and all(each.sure for each in found))
            made = tuple(each.node if each.acts else _made(each.node) for each in every)
            return Home(names, name, nodes[-1].lineno if sure else None, made)

    def judge_name(self, names: Mapping[str, Any], name: str, value: Any) -> str:
        """Return whether a constant is "open", "guarded" or "hidden"."""
        home = self.find_home(names, name)
        return self.judge(home.names, home.made, home.name, value)

    def judge(self, names: Mapping[str, Any], made: Iterable[ast.AST | None], name: str, value: Any) -> str:
        """Return "open" where all that something is made of is written down, "hidden" where it may be a secret.

        "guarded" is what cannot be followed: it may be shown unless it looks like what the environment holds; and
        "unknown" what nobody can tell the making of. All but that is told by the project's text alone.
        """
        nodes = list(made)
        if self._is_as_written(names, nodes, value):
            return "open"
        if names_secret(name) or any(node is not None and self._reads(names, node) for node in nodes):
            return "hidden"
        return "guarded" if nodes and None not in nodes else "unknown"

    @property
    def world_is_read(self) -> bool:
        """Whether any module of the project that the walk has come by mentions the environment."""
        for number, text in enumerate(self._walk.definitions.texts[self._looked_at :], self._looked_at + 1):
            self._found_outside = self._found_outside or _MENTIONED.search(text.text) is not None
            self._looked_at = number
        return self._found_outside

    # -- what is written down -------------------------------------------------------------------------

    def _is_as_written(self, names: Mapping[str, Any], made: Sequence[ast.AST | None], value: Any) -> bool:
        """Tell whether a value is what the text says: nothing can have been put into it since."""
        first = made[0] if len(made) == 1 else None
        if isinstance(first, ast.Constant):
            return type(first.value) is type(value) and bool(first.value == value)
        if isinstance(first, _LITERALS):
            try:
                written = ast.literal_eval(first)
                return type(written) is type(value) and bool(written == value)
            except Exception:  # no literal after all, or what a stranger's == raises
                pass
        if not made or not _is_frozen(value):
            return False
        return all(node is not None and self._is_written(names, node) for node in made)

    def _is_written(self, names: Mapping[str, Any], root: ast.AST) -> bool:
        todo = [root]
        while todo:
            node = todo.pop()
            if isinstance(node, (ast.Name, ast.Attribute)):
                if not self._is_known(names, chain_of(node)):
                    return False
            elif isinstance(node, ast.Call):
                if not self._makes(names, chain_of(node.func)):
                    return False
                todo += [*node.args, *node.keywords]
            elif isinstance(node, _PLAIN):
                todo += ast.iter_child_nodes(node)
            else:
                return False
        return True

    def _is_known(self, names: Mapping[str, Any], chain: tuple[str, ...]) -> bool:
        """Tell whether names mean a class, a function, a member, or a constant that is written down."""
        names, chain = self._enter(names, chain)
        if not chain:
            return False
        thing = find_object(names, chain)
        if isinstance(thing, (type, FunctionType)):
            return True
        if isinstance(find_object(names, chain[:-1]), type) and len(chain) > 1:
            return hasattr(thing, "_name_") or hasattr(thing, "_value_")
        key = (id(names), chain[0])
        if key not in self._open:
            self._open[key] = False  # what is bound to itself is not written down
            home = self.find_home(names, chain[0])
            self._open[key] = len(chain) == 1 and self._is_as_written(home.names, home.made, thing)
        return self._open[key]

    def _enter(
        self, names: Mapping[str, Any], chain: tuple[str, ...]
    ) -> tuple[Mapping[str, Any], tuple[str, ...]]:
        """Return the globals and names at the end of a way through the project's modules."""
        while len(chain) > 1 and isinstance(module := names.get(chain[0]), ModuleType):
            if not self._walk.origins.is_project(vars(module)):
                break
            names, chain = vars(module), chain[1:]
        return names, chain

    def _makes(self, names: Mapping[str, Any], chain: tuple[str, ...]) -> bool:
        """Tell whether what is called makes a value of nothing but what it is given."""
        if not chain:
            return False
        if chain[0] not in names:
            return len(chain) == 1 and chain[0] in _BUILTINS
        names, chain = self._enter(names, chain)
        thing = find_object(names, chain)
        if isinstance(thing, type) and self._walk.is_project_type(thing):
            return not any(
                "__init__" in vars(cls) or "__new__" in vars(cls) or "__post_init__" in vars(cls)
                for cls in thing.__mro__
                if self._walk.is_project_type(cls) and not _has_fields(cls)
            ) and all(self._walk.is_project_type(cls) or cls.__module__ in _MODULES for cls in thing.__mro__)
        home = getattr(thing, "__module__", None)
        return home in _MODULES and (isinstance(thing, type) or home in {"math", "_operator", "re"})

    # -- what is read from outside ----------------------------------------------------------------------

    def _reads(self, names: Mapping[str, Any], root: ast.AST) -> bool:
        """Tell whether code, or any of the project's that it names, mentions the environment or a secret."""
        todo: list[tuple[Mapping[str, Any], ast.AST]] = [(names, root)]
        seen: set[int] = set()
        while todo:
            names, node = todo.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            for part in ast.walk(node):
                word = part.id if isinstance(part, ast.Name) else getattr(part, "attr", None)
                if not isinstance(word, str):
                    continue
                if word in _OUTSIDE or names_secret(word):
                    return True
                if isinstance(part, ast.Name | ast.Attribute):
                    home, chain = self._enter(names, chain_of(part))
                    thing = find_object(home, chain) if chain else MISSING
                    if thing is os.environ or thing is os.getenv or _is_of_readers(thing):
                        return True
                    todo += self._definitions(home, chain, thing)
        return False

    def _definitions(
        self, names: Mapping[str, Any], chain: tuple[str, ...], thing: Any
    ) -> Iterator[tuple[Mapping[str, Any], ast.AST]]:
        if isinstance(thing, FunctionType):
            if self._walk.origins.is_project(thing.__globals__):
                found = self._walk.definitions.find_function(thing)
                if found is not None:
                    yield thing.__globals__, found
            return
        if isinstance(thing, type):
            if self._walk.is_project_type(thing):
                module = sys.modules.get(thing.__module__)
                home = vars(module) if module is not None else names
                if (cls := self._walk.definitions.find_class(thing, home)) is not None:
                    yield home, cls
            return
        if len(chain) == 1 and chain[0] in names:
            bound = self.find_home(names, chain[0])
            yield from ((bound.names, made) for made in bound.made if made is not None)


def _made(node: ast.AST) -> ast.AST | None:
    """Return what a statement binds a name to, or the statement where that is not one value."""
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        return node.value
    return node


def _is_frozen(value: Any) -> bool:
    """Tell whether nothing can be put into a value."""
    todo = [value]
    while todo:
        here = todo.pop()
        if type(here) in (tuple, frozenset):
            todo.extend(here)
        elif type(here) not in _FROZEN and not isinstance(here, enum.Enum):
            return False
    return True


_FROZEN = (
    str, int, float, complex, bool, bytes, type(None), type(...), datetime.date, datetime.datetime, datetime.time,
    datetime.timedelta, decimal.Decimal, fractions.Fraction, uuid.UUID, range,
)  # fmt: skip


def _is_of_readers(thing: Any) -> bool:
    """Tell whether something is of a library that is there to read the environment."""
    home = thing.__name__ if isinstance(thing, ModuleType) else getattr(thing, "__module__", None)
    return isinstance(home, str) and home.partition(".")[0] in _READERS


def _has_fields(cls: type) -> bool:
    return hasattr(cls, "_fields") or (
        "__dataclass_fields__" in vars(cls) and "__post_init__" not in vars(cls)
    )


_PLAIN = (
    ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Starred, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare,
    ast.IfExp, ast.JoinedStr, ast.FormattedValue, ast.Slice, ast.Subscript, ast.keyword, ast.operator, ast.unaryop,
    ast.boolop, ast.cmpop, ast.expr_context,
)  # fmt: skip
_BUILTINS = frozenset(
    {
        "dict", "list", "tuple", "set", "frozenset", "range", "slice", "int", "float", "str", "bool", "bytes",
        "bytearray", "complex", "sorted", "reversed", "len", "min", "max", "sum", "round", "abs", "zip", "enumerate",
        "object",
    }
)  # fmt: skip
_MODULES = frozenset(
    {
        "builtins", "datetime", "decimal", "_decimal", "_pydecimal", "fractions", "collections", "_collections",
        "types", "enum", "math", "re", "uuid", "functools", "typing", "abc", "numbers", "pathlib", "pathlib._local",
        "_operator",
    }
)  # fmt: skip
_OUTSIDE = frozenset(
    {
        "environ", "environb", "getenv", "getenvb", "getpass", "getuser", "keyring", "dotenv", "load_dotenv",
        "dotenv_values", "BaseSettings", "input",
    }
)  # fmt: skip
_READERS = frozenset(
    {"environs", "decouple", "dotenv", "dynaconf", "keyring", "pydantic_settings", "getpass"}
)
_MENTIONED = re.compile(rf"\b({'|'.join(sorted({*_OUTSIDE, *_READERS} - {'input'}))})\b|\binput\(")
_LITERALS = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.UnaryOp)
