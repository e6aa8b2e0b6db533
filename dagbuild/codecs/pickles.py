"""Any other Python object: pickle protocol 5 with large buffers beside it.

Reading a pickle runs code, so the artifact is marked. Tables inside an object are stored as tables, so that a column
is shared, and mapped, wherever it is; what is equal to itself only goes by its name. As deterministic as pickles get:
sets are put in order where there are any.
"""

from __future__ import annotations

import io
import math
import pickle
import struct
import sys
from collections.abc import Callable
from importlib import import_module
from operator import getitem
from types import FunctionType
from typing import Any, ClassVar

from dagbuild.codecs.base import Codec, Declined, Reader, Writer
from dagbuild.codecs.named import NAMES, load_named
from dagbuild.codecs.packing import SMALL
from dagbuild.codecs.refusals import refuse, refuse_copy, refuse_part
from dagbuild.codecs.sentinels import find_shared, is_in_the_open
from dagbuild.ground.errors import CodecError
from dagbuild.ground.override import override

SORTED_UP_TO = 1024 * 1024
"""Bytes of a pickle that is made again by the slow pickler when there are sets in it."""

_NAN = b"G" + struct.pack(">d", math.nan)
"""In a pickle: a float that may be one of the two well-known NaNs."""

_SET_OPCODES = (pickle.EMPTY_SET, pickle.FROZENSET)


def part(number: int) -> Any:
    """Stand for a table inside a pickle; only the unpickler here knows what to put in its place."""
    raise pickle.UnpicklingError(f"part {number} of this pickle lies in an artifact of dagbuild")


def named(module: str, path: str) -> Any:
    """Stand for the object that a module has under a name; see `part`."""
    raise pickle.UnpicklingError(f"'{module}.{path}' in this pickle is for an artifact of dagbuild")


class PickleCodec(Codec):
    """Takes what pickle takes."""

    name = "pickle/2"

    def encode(self, value: Any, writer: Writer) -> Any:
        """Return the form of an object; raises CodecError when it cannot be pickled."""
        refuse(value)
        mark = writer.mark()
        fast: type[_FastPickler] = _FastPickler
        meta, stream = _dump(value, writer, fast)
        if _NAN in stream:
            fast = _NanPickler
            writer.roll_back(mark)
            meta, stream = _dump(value, writer, fast)
        if len(stream) <= SORTED_UP_TO and any(opcode in stream for opcode in _SET_OPCODES):
            writer.roll_back(mark)
            try:
                meta, stream = _dump(value, writer, _SortingPickler)
            except _TooDeepError:
                # Only the fast pickler gets that far. Its sets may differ in order: a node more may run, no harm.
                writer.roll_back(mark)
                meta, stream = _dump(value, writer, fast)
        meta["stream"] = writer.add(stream)
        meta["type"] = f"{type(value).__module__}.{type(value).__qualname__}"
        return meta

    @override
    def decode(self, meta: Any, reader: Reader) -> Any:
        reader.require_code()
        parts = [reader.value(form) for form in meta["parts"]]
        buffers = [reader.own(number) for number in meta["buffers"]]
        return _Unpickler(io.BytesIO(reader.view(meta["stream"])), buffers, parts).load()

    @override
    def describe(self, meta: Any, reader: Reader) -> dict[str, Any]:
        return {"kind": "pickle", "type": meta["type"], "parts": len(meta["parts"])}


CODEC = PickleCodec()


def _dump(value: Any, writer: Writer, pickler: Callable[..., Any]) -> tuple[dict[str, Any], bytes]:
    meta: dict[str, Any] = {"parts": [], "buffers": []}

    def keep(buffer: pickle.PickleBuffer) -> bool:
        data = buffer.raw()
        if data.nbytes < SMALL:
            return True
        meta["buffers"].append(writer.add(data))
        return False

    file = io.BytesIO()
    divert = _Divert(writer, meta["parts"], in_the_open=is_in_the_open(value))
    try:
        pickler(file, divert, keep).dump(value)
        if divert.bare:
            divert.last = None  # which would count as one who holds it
            divert.last = find_shared(value, divert.bare, _reduce_named)
            if divert.last is not None:
                raise refuse_copy(divert.last)
    except (CodecError, MemoryError):
        raise
    except RecursionError as error:
        raise _TooDeepError.of(refuse_part(value, divert.last, error).problems) from error
    except (Exception, SystemExit) as error:
        # A user's __reduce__ may raise anything at all.
        raise refuse_part(value, divert.last, error) from error
    return meta, file.getvalue()


class _TooDeepError(CodecError):
    """Parts within parts, more of them than the pickler can go into."""


class _Divert:
    """Sends tables inside a pickle to their own codec, and notes which packages the pickle will import."""

    def __init__(self, writer: Writer, parts: list[Any], *, in_the_open: bool) -> None:
        self._writer = writer
        self._parts = parts
        self._in_the_open = in_the_open
        self.last: Any = None
        self.bare: list[object] = []
        """Those that were met; see `sentinels`."""

    def __call__(self, obj: Any) -> Any:
        self.last = obj
        if (made := _find_parametrized(obj)) is not None:
            return made
        if obj is named:
            return NotImplemented
        code = isinstance(obj, type | FunctionType)
        if (name := NAMES.find_code(obj) if code else NAMES.find(obj)) is not None:
            self._note(name[0].partition(".")[0], ":".join(name))
            return named, name
        if type(obj) is object:
            if self._in_the_open:
                raise refuse_copy(obj)
            self.bare.append(obj)
            return NotImplemented
        module = getattr(obj, "__module__", None) or type(obj).__module__
        self._note(str(module).partition(".")[0], f"{module}:{obj.__qualname__}" if code else "")
        if isinstance(obj, type):
            return NotImplemented
        codec = self._writer.find_codec(obj)
        if codec is not None and codec.takes_from_pickle(obj):
            mark = self._writer.mark()
            try:
                self._parts.append(self._writer.add_data(obj))
            except Declined:
                self._writer.roll_back(mark)
            else:
                return part, (len(self._parts) - 1,)
        return _find_swapped(obj)

    def _note(self, package: str, name: str) -> None:
        if package not in sys.stdlib_module_names:
            self._writer.needs(package)
            if name:
                self._writer.refers(name)


def _find_swapped(obj: Any) -> Any:
    """Return how to pickle an array in another machine's byte order, which numpy would give back in this one's."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is None or not isinstance(obj, numpy.ndarray) or obj.dtype.isnative:
        return NotImplemented
    return numpy.ndarray.astype, (obj.astype(obj.dtype.newbyteorder("=")), obj.dtype)


def _find_parametrized(obj: Any) -> Any:
    """Return how to pickle a pydantic model `Page[int]`: pickle finds no class of that name in any module."""
    made = obj.__dict__.get("__pydantic_generic_metadata__") if isinstance(obj, type) else None
    return (getitem, (made["origin"], made["args"])) if made and made["origin"] else None


class _FastPickler(pickle.Pickler):
    def __init__(self, file: Any, divert: Callable[[Any], Any], keep: Any) -> None:
        super().__init__(file, protocol=5, buffer_callback=keep)
        self._divert = divert

    def reducer_override(self, obj: Any) -> Any:
        return self._divert(obj)


class _NanPickler(_FastPickler):
    """Names the NaN that everybody passes around: `is`, and so `in` and `==` of containers, tell it from others."""

    def persistent_id(self, obj: Any) -> str | None:
        return _name_nan(obj)


def _name_nan(obj: Any) -> str | None:
    if obj is math.nan:  # noqa: PLW0177 - this very object
        return "math"
    numpy = sys.modules.get("numpy")
    return "numpy" if numpy is not None and obj is getattr(numpy, "nan", None) else None


_PythonPickler: Any = pickle._Pickler


class _SortingPickler(_PythonPickler):  # type: ignore[misc]
    """Writes the items of sets in the order of their own pickles: the same under any hash seed."""

    dispatch: ClassVar[dict[Any, Any]] = dict(_PythonPickler.dispatch)

    def __init__(
        self, file: Any, divert: Any, keep: Any, keys: dict[int, tuple[bytes, Any]] | None = None
    ) -> None:
        super().__init__(file, protocol=5, buffer_callback=keep)
        self._divert = divert
        self._keys = {} if keys is None else keys

    def reducer_override(self, obj: Any) -> Any:
        return self._divert(obj)

    def persistent_id(self, obj: Any) -> str | None:
        return _name_nan(obj)

    def save_set(self, obj: set[Any]) -> None:
        self.write(pickle.EMPTY_SET)
        self.memoize(obj)
        self.write(pickle.MARK)
        for item in sorted(obj, key=self._key):
            self.save(item)
        self.write(pickle.ADDITEMS)

    def save_frozenset(self, obj: frozenset[Any]) -> None:
        self.write(pickle.MARK)
        for item in sorted(obj, key=self._key):
            self.save(item)
        if id(obj) in self.memo:
            # It holds itself, and was written on the way.
            self.write(pickle.POP_MARK + self.get(self.memo[id(obj)][0]))
            return
        self.write(pickle.FROZENSET)
        self.memoize(obj)

    def save_picklebuffer(self, obj: pickle.PickleBuffer) -> None:
        with obj.raw() as data:
            if self._buffer_callback is None or self._buffer_callback(obj):
                # Python's own way (3.11 to 3.13) notes the bytes as an object seen: an empty one then stands for
                # every other b"" as well.
                opcode = pickle.BINBYTES8 if data.readonly else pickle.BYTEARRAY8
                self.write(opcode + struct.pack("<Q", data.nbytes) + data.tobytes())
                return
            self.write(pickle.NEXT_BUFFER + (pickle.READONLY_BUFFER if data.readonly else b""))

    def _key(self, value: Any) -> bytes:
        kept = self._keys.get(id(value))
        if kept is None:
            file = io.BytesIO()
            _SortingPickler(file, _reduce_named, None, self._keys).dump(value)
            kept = self._keys[id(value)] = (file.getvalue(), value)
        return kept[0]


def _reduce_named(obj: Any) -> Any:
    name = NAMES.find_code(obj) if isinstance(obj, type | FunctionType) else NAMES.find(obj)
    return NotImplemented if name is None else (named, name)


_SortingPickler.dispatch[set] = _SortingPickler.save_set
_SortingPickler.dispatch[frozenset] = _SortingPickler.save_frozenset
_SortingPickler.dispatch[pickle.PickleBuffer] = _SortingPickler.save_picklebuffer


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, buffers: list[memoryview], parts: list[Any]) -> None:
        super().__init__(file, buffers=buffers)
        self._parts = parts

    def persistent_load(self, pid: Any) -> Any:
        return import_module(pid).nan

    def find_class(self, module: str, name: str) -> Any:
        if name == part.__name__ and module == __name__:
            return self._parts.__getitem__
        if name == named.__name__ and module == __name__:
            return load_named
        return super().find_class(module, name)
