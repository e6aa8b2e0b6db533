"""Say why a value cannot be stored, and what to return instead.

Only words; nothing here is asked on the way of a value that can be stored, but `refuse`, by type.
"""

from __future__ import annotations

import io
import sys
import traceback
import types
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import TYPE_CHECKING, Any

from dagbuild.ground.errors import CodecError
from dagbuild.ground.texts import name_error

if TYPE_CHECKING:
    from dagbuild.codecs.base import Codec

NEVER = 'or mark the node with @cache("never"), so that its consumers make the value themselves'


def refuse(value: Any) -> None:
    """Raise CodecError for a value that pickle would take, or fail on late, though storing it makes no sense."""
    if isinstance(value, Iterator) and type(value).__module__ in ("builtins", "itertools", "_csv"):
        raise _cannot(value)
    if isinstance(value, (io.IOBase, types.CoroutineType, types.AsyncGeneratorType, types.ModuleType)):
        raise _cannot(value)


def refuse_part(value: Any, last: Any, error: BaseException) -> CodecError:
    """Return the error for a value whose pickling failed when it had come to `last`."""
    if isinstance(error, RecursionError):
        return CodecError(
            f"a value of type '{_name(value)}' cannot be stored: it is nested too deeply",
            hint="return a flatter value, such as a list or a table of its parts",
        )
    culprit = value if last is None else last
    reason = "" if _is_known(culprit) else f" ({name_error(error)})"
    if culprit is value:
        message = f"{_what(value)} cannot be stored"
    else:
        message = f"{_what(value)} cannot be stored, because of {_what(culprit)} inside it"
    return CodecError(message + reason, hint=f"{_instead(culprit)}, {NEVER}")


def refuse_by(codec: Codec, value: Any, error: BaseException) -> CodecError:
    """Return the error for a value on which a codec of the user's own failed."""
    file = getattr(sys.modules.get(type(codec).__module__), "__file__", None)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return CodecError(
        f"codec '{codec.name}' failed on {_what(value)}: {name_error(error)}",
        where=f"{file}:{lines[-1]}" if lines else None,
        hint="let 'encode' raise Declined for values that are not for it",
    )


def _cannot(value: Any) -> CodecError:
    return CodecError(f"{_what(value)} cannot be stored", hint=f"{_instead(value)}, {NEVER}")


def _instead(value: Any) -> str:
    for kinds, remedy in _REMEDIES:
        if isinstance(value, kinds):
            return remedy
    if "<locals>" in type(value).__qualname__:
        return "define its class at the top level of a module"
    return "return plain data that it can be made of again, such as an address or a path"


_REMEDIES: tuple[tuple[Any, str], ...] = (
    ((io.BytesIO, io.StringIO), "return what its getvalue() gives, or the path of a file"),
    (io.IOBase, "return the path of the file, or what was read from it"),
    (memoryview, "return bytes(...) of it"),
    (types.MappingProxyType, "return dict(...) of it"),
    ((KeysView, ValuesView, ItemsView), "return a list of its items"),
    (Iterator, "return a list of its items"),
    ((types.CoroutineType, types.AsyncGeneratorType), "await it in the node and return the result"),
    (
        (types.FunctionType, types.MethodType),
        "return a function that is defined at the top level of a module",
    ),
    (type, "define the class at the top level of a module"),
    (types.ModuleType, "import the module where it is used"),
)


def _is_known(value: Any) -> bool:
    return "<locals>" in getattr(value, "__qualname__", "") or type(value).__module__ in (
        "builtins", "_thread", "_io", "socket", "io",
    )  # fmt: skip


def _what(value: Any) -> str:
    if isinstance(value, (types.FunctionType, type)):
        return f"the {'class' if isinstance(value, type) else 'function'} '{value.__qualname__}'"
    return f"a value of type '{_name(value)}'"


def _name(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
