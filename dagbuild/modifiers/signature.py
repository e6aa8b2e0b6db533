"""Read a function's parameters and annotations.

Annotations may be texts (`from __future__ import annotations`), and may use names that are imported under
`if TYPE_CHECKING:` only; those imports are then done here. All that is wrong is told, not only the first.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib
import inspect
import linecache
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

from dagbuild.ground.errors import Problem, did_you_mean
from dagbuild.ground.stamps import Stamp, take_settled
from dagbuild.ground.texts import describe_error
from dagbuild.model.elements import Collect, Parallelizable, find_element, mentions
from dagbuild.model.node import REQUIRED, Parameter, Source, Where
from dagbuild.model.types import describe_type


def find_where(function: Callable[..., Any]) -> Where:
    """Return where the function's `def` stands."""
    code = inspect.unwrap(function).__code__
    line = code.co_firstlineno
    text = linecache.getline(code.co_filename, line).lstrip()
    if text.startswith("@"):
        for number in range(line, line + 100):
            if linecache.getline(code.co_filename, number).lstrip().startswith(("def ", "async def ")):
                line = number
                break
    return Where(function.__module__, code.co_filename, line)


def read_signature(
    function: Callable[..., Any], name: str, where: Where, remedy: str | None = None
) -> tuple[tuple[Parameter, ...], Any, list[Problem]]:
    """Return the parameters, the return type and what is wrong with the function called `name`.

    `remedy` is what to do where an annotation is missing, if that is not to name the function as a helper.
    """
    problems: list[Problem] = []

    def add(message: str, hint: str | None = None) -> None:
        problems.append(Problem(message, str(where), hint))

    try:
        given, returned = _list_parameters(function)
    except NameError as error:  # Python 3.14 evaluates annotations when they are asked for
        add(f"an annotation of '{name}' cannot be read: {error}")
        return (), Any, problems
    annotations = _Annotations(function)
    helper = remedy or f"annotate it, or name the function '_{name}' if it is a helper and no node"
    parameters: list[Parameter] = []
    for parameter in given:
        if parameter.kind in (_KINDS.VAR_POSITIONAL, _KINDS.VAR_KEYWORD):
            stars = "*" if parameter.kind is _KINDS.VAR_POSITIONAL else "**"
            add(
                f"'{name}' takes {stars}{parameter.name}",
                "name each thing that the node needs as a parameter",
            )
            continue
        if parameter.kind is _KINDS.POSITIONAL_ONLY:
            add(f"parameter '{parameter.name}' of '{name}' is positional-only", "remove the '/'")
        kind: Any = Any
        if parameter.annotation is _EMPTY:
            add(f"parameter '{parameter.name}' of '{name}' has no annotation", helper)
        else:
            kind = _read(annotations, parameter.annotation, f"parameter '{parameter.name}' of '{name}'", add)
        default = REQUIRED if parameter.default is _EMPTY else parameter.default
        collects, element = find_element(kind, Collect)
        _check_parameter(f"parameter '{parameter.name}' of '{name}'", element, add)
        kind = types.GenericAlias(list, (element,)) if collects else kind
        parameters.append(Parameter(parameter.name, kind, Source(parameter.name), default, collects=collects))
    result = Any
    if returned is _EMPTY:
        add(f"'{name}' has no return annotation", helper)
    else:
        result = _read(annotations, returned, f"the return of '{name}'", add)
        _check_return(name, result, add)
    return tuple(parameters), result, problems


def _check_parameter(what: str, kind: Any, add: Callable[[str, str | None], None]) -> None:
    """Refuse what says of elements that which a parameter cannot say; `kind` is what is inside of a `Collect`."""
    if mentions(kind, Parallelizable):
        add(
            f"{what} is {describe_type(kind)}, which says what a function gives",
            "to be called for each element, take it as what one element is; to take all of them, as Collect[...]",
        )
    elif mentions(kind, Collect):
        add(
            f"{what} has Collect inside of its annotation, {describe_type(kind)}",
            "Collect[...] stands around what one element is, and nothing stands around it: "
            "all elements are always there, and one Collect closes one block",
        )


def _check_return(name: str, kind: Any, add: Callable[[str, str | None], None]) -> None:
    _, element = find_element(kind, Parallelizable)
    if mentions(element, Parallelizable):
        add(
            f"'{name}' has Parallelizable inside of its return annotation, {describe_type(kind)}",
            "Parallelizable[...] stands around what one element is, and nothing stands around it: "
            "without elements, give an empty list",
        )
    elif mentions(element, Collect):
        add(
            f"'{name}' gives {describe_type(kind)}, and Collect says what a parameter takes",
            "return a list: list[...]; to have what takes it called for each, Parallelizable[...]",
        )


_KINDS = inspect.Parameter
_EMPTY = inspect.Parameter.empty


class _Given(NamedTuple):
    """A parameter as a function has it, with the names of inspect's."""

    name: str
    kind: Any
    annotation: Any
    default: Any


def _list_parameters(function: Callable[..., Any]) -> tuple[Iterable[Any], Any]:
    """Return the parameters and the annotation of the result, as inspect tells them; most functions tell by themselves.

    Raises NameError.
    """
    code = function.__code__
    if (
        type(function) is not FunctionType
        or vars(function)
        or function.__kwdefaults__
        or code.co_posonlyargcount
        or code.co_kwonlyargcount
        or code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
    ):
        signature = inspect.signature(function)
        return signature.parameters.values(), signature.return_annotation
    annotations = function.__annotations__
    defaults = function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount]
    values = (*[_EMPTY] * (len(names) - len(defaults)), *defaults)
    given = [
        _Given(name, _KINDS.POSITIONAL_OR_KEYWORD, annotations.get(name, _EMPTY), value)
        for name, value in zip(names, values, strict=True)
    ]
    return given, annotations.get("return", _EMPTY)


def _read(annotations: _Annotations, form: Any, what: str, add: Callable[[str, str | None], None]) -> Any:
    if form is None:
        return type(None)
    if not isinstance(form, str):
        return form
    try:
        return annotations.evaluate(form)
    except NameError as error:
        near = did_you_mean(error.name, annotations.names()) if error.name else None
        add(f"{what} is annotated '{form}', but '{error.name}' is not defined", near)
    except (Exception, SystemExit) as error:
        add(f"{what} is annotated '{form}', which cannot be read: {describe_error(error)}", None)
    return Any


class _Annotations:
    """The names that one function's annotations may use."""

    def __init__(self, function: Callable[..., Any]) -> None:
        inner = inspect.unwrap(function)
        self.globals: dict[str, Any] = inner.__globals__
        self.locals = _Names(self.globals)
        for variable in getattr(inner, "__type_params__", ()):
            self.locals[variable.__name__] = variable
        for name, cell in zip(inner.__code__.co_freevars, inner.__closure__ or (), strict=True):
            with contextlib.suppress(ValueError):  # not bound yet
                self.locals[name] = cell.cell_contents

    def evaluate(self, text: str) -> Any:
        try:
            value = eval(text, self.globals, self.locals)  # the user's own annotation
        except TypeError:
            # pd.Series[float] is right for a type checker, but pandas has no such thing when it runs.
            tree = _DropSubscripts(self).visit(ast.parse(text, mode="eval"))
            value = eval(_compiled(tree), self.globals, self.locals)
        if isinstance(value, str):  # a quoted annotation under `from __future__ import annotations`
            return self.evaluate(value)
        return type(None) if value is None else value

    def names(self) -> set[str]:
        """Return the names that may have been meant: functions are no types."""
        known = {**vars(builtins), **self.globals}
        return {name for name, thing in known.items() if not inspect.isroutine(thing)}


class _Names(dict[str, Any]):
    """Names beyond the module's own: what it imports for type checkers only."""

    def __init__(self, module_globals: dict[str, Any]) -> None:
        self.module_globals = module_globals

    def __missing__(self, name: str) -> Any:
        module = self.module_globals
        if name in module or hasattr(builtins, name):
            raise KeyError(name)
        origin = _guarded_imports(module.get("__file__") or "").get(name)
        if origin is None:
            raise KeyError(name)
        try:
            return _import(origin, module.get("__package__"))
        except (ImportError, AttributeError):
            return Any  # it is not needed to run, so it may be missing here


class _DropSubscripts(ast.NodeTransformer):
    """Takes the brackets from what cannot be subscripted."""

    def __init__(self, annotations: _Annotations) -> None:
        self.annotations = annotations

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        try:
            eval(_compiled(ast.Expression(node)), self.annotations.globals, self.annotations.locals)
        except TypeError:
            return node.value
        return node


def _compiled(tree: ast.Expression) -> Any:
    return compile(ast.fix_missing_locations(tree), "<annotation>", "eval")


@dataclass(frozen=True, slots=True)
class _Import:
    """One imported name: `import module` gives its first package, `as` itself, `from` an attribute."""

    module: str
    attribute: str | None = None
    renamed: bool = False


def _import(origin: _Import, package: str | None) -> Any:
    if origin.attribute is None:
        module = importlib.import_module(origin.module, package)
        return module if origin.renamed else sys.modules[origin.module.split(".")[0]]
    module = importlib.import_module(origin.module, package)
    if not hasattr(module, origin.attribute):
        importlib.import_module(f"{module.__name__}.{origin.attribute}")
    return getattr(module, origin.attribute)


def _guarded_imports(file: str) -> Mapping[str, _Import]:
    """Return what a module imports under `if TYPE_CHECKING:`."""
    try:
        stamp, settled = take_settled(file)
        return (_parse_guards if settled else _parse_guards.__wrapped__)(file, stamp)
    except (OSError, SyntaxError, ValueError):
        return {}


@lru_cache(maxsize=256)
def _parse_guards(file: str, _stamp: Stamp | None) -> Mapping[str, _Import]:
    found: dict[str, _Import] = {}
    for guard in ast.parse(Path(file).read_bytes()).body:
        if not isinstance(guard, ast.If) or "TYPE_CHECKING" not in ast.unparse(guard.test):
            continue
        for statement in ast.walk(guard):
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    name = alias.asname or alias.name.split(".")[0]
                    found[name] = _Import(alias.name, renamed=alias.asname is not None)
            elif isinstance(statement, ast.ImportFrom):
                for alias in statement.names:
                    module = "." * statement.level + (statement.module or "")
                    found[alias.asname or alias.name] = _Import(module, alias.name)
    return found
