"""Say why a value cannot be stored, where in it the part is that cannot, and what to return instead.

Only words; nothing here is asked on the way of a value that can be stored, but `refuse`, by type. Who meets the part
knows little of what is around it: a `Refusal` goes up to whoever holds the whole value, and `tell` says it of that.
"""

from __future__ import annotations

import io
import sys
import threading
import traceback
import types
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dagbuild.codecs.whereabouts import Place, find_part
from dagbuild.ground.errors import CodecError
from dagbuild.ground.texts import name_error

if TYPE_CHECKING:
    from dagbuild.codecs.base import Codec

NEVER = 'or mark the node with @cache("never"), so that its consumers make the value themselves'


def always_cached(error: CodecError) -> CodecError:
    """Return the error about a value of a node that cannot be marked so."""
    first, *others = error.problems
    hint = first.hint.removesuffix(f", {NEVER}") if first.hint else None
    told = CodecError(first.message, where=first.where, hint=hint)
    told.problems = (replace(first, hint=hint), *others)
    return told


class Refusal(CodecError):  # noqa: N818 - on its way to the error that is told
    """`part` cannot be stored, for this `reason`; as told it is an error about the part alone.

    `said` is what cannot be done with it, with a gap "{}" for what it is and where.
    """

    def __init__(self, part: Any, said: str, reason: str, hint: str, where: str | None = None) -> None:
        super().__init__(said.format(_what(part)) + reason, where=where, hint=hint)
        self.part = part
        self.said = said
        self.reason = reason

    def tell(self, value: Any) -> CodecError:
        """Return the error about a value that the part is in, or that it is."""
        hint, where = self.problems[0].hint, self.problems[0].where
        if value is self.part:
            return CodecError(str(self.problems[0].message), where=where, hint=hint)
        place = find_part(value, self.part)
        return CodecError(self._said_of(value, place) + self.reason, where=where, hint=hint)

    def _said_of(self, value: Any, place: Place | None) -> str:
        culprit = _what(self.part)
        if place is not None and place.instance:
            culprit = f"an instance of {culprit}"
        at = str(place) if place is not None else "inside it"
        if not at:
            return self.said.format(culprit)
        if self.said == _CANNOT:
            return f"{_CANNOT.format(_what(value))}, because of {culprit} {at}"
        return self.said.format(f"{culprit} {at}")


_CANNOT = "{} cannot be stored"


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
    part = value if last is None else last
    reason = "" if _is_known(part) else f" ({name_error(error)})"
    return Refusal(part, _CANNOT, reason, f"{_instead(part)}, {NEVER}")


def refuse_by(codec: Codec, value: Any, error: BaseException) -> CodecError:
    """Return the error for a value on which a codec of the user's own failed."""
    file = getattr(sys.modules.get(type(codec).__module__), "__file__", None)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return Refusal(
        value,
        f"codec '{_escape(codec.name)}' failed on {{}}",
        f": {name_error(error)}",
        "let 'encode' raise Declined for values that are not for it",
        f"{file}:{lines[-1]}" if lines else None,
    )


def refuse_for(value: Any, reason: str, hint: str) -> CodecError:
    """Return the error for a value that its codec knows to be none."""
    return Refusal(value, _CANNOT, f": {reason}", f"{hint}, {NEVER}")


def refuse_copy(value: Any) -> CodecError:
    """Return the error for an object of which a copy is worth nothing, and that no module has under a name."""
    return Refusal(
        value,
        _CANNOT,
        ": it is equal to itself only, and no module has it under a name",
        f"bind it to a name at the top level of a module, or return None or a member of an Enum, {NEVER}",
    )


def _cannot(value: Any) -> CodecError:
    return Refusal(value, _CANNOT, "", f"{_instead(value)}, {NEVER}")


def _escape(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


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
    (
        (type(threading.Lock()), type(threading.RLock()), threading.local),
        "leave it out, or return plain data and make the lock where it is used",
    ),
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
    if kind.__module__ == "builtins":
        return kind.__qualname__
    # As people import it: a library's public name, where that is the same thing.
    top = kind.__module__.partition(".")[0]
    public = vars(sys.modules[top]).get(kind.__qualname__) if top in sys.modules else None
    return f"{top if public is kind else kind.__module__}.{kind.__qualname__}"
