"""Small plain values of the standard library as JSON: they live inside the record.

A form is a JSON scalar for None, bool, int, finite float and str, else a list whose first item is a tag. Exact types
only: an IntEnum is not an int. Knows nothing of containers, tables and pickles.
"""

from __future__ import annotations

import datetime as dt
import math
import struct
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from math import isfinite
from pathlib import Path, PosixPath, PurePosixPath, PureWindowsPath, WindowsPath
from typing import Any
from uuid import UUID, SafeUUID
from zoneinfo import ZoneInfo

from dagbuild.codecs.base import Declined, Reader, Writer
from dagbuild.codecs.packing import TINY
from dagbuild.ground.digits import tell

_INT64 = 1 << 63
_PATHS = {kind.__name__: kind for kind in (PosixPath, WindowsPath, PurePosixPath, PureWindowsPath)}


def is_plain(value: Any) -> bool:
    """Tell whether `encode_plain` takes values of this type (it may still decline this one)."""
    return type(value) in _ENCODERS


def encode_plain(value: Any, writer: Writer) -> Any:
    """Return the form of a plain value; long text and bytes become buffers. Raises Declined."""
    try:
        encoder = _ENCODERS[type(value)]
    except KeyError:
        raise Declined from None
    return encoder(value, writer)


def decode_plain(form: Any, reader: Reader) -> Any:
    """Return the value of a form that `encode_plain` gave; raises KeyError for an unknown tag."""
    if not isinstance(form, list):
        return form
    return _DECODERS[form[0]](form, reader)


def describe_plain(form: Any, reader: Reader) -> dict[str, Any]:
    """Return the type and text of the value of a form, or the size where it is not in the form."""
    if isinstance(form, list) and isinstance(form[-1], int) and form[0] in ("str", "surrogates", "bytes"):
        return {"kind": "bytes" if form[0] == "bytes" else "str", "length": reader.size(form[-1])}
    value = decode_plain(form, reader)
    return {"kind": type(value).__name__, "value": tell(value)}


def is_tag(tag: str) -> bool:
    """Tell whether a form with this tag is a plain value's."""
    return tag in _DECODERS


def encode_zone(zone: dt.tzinfo | None) -> Any:
    """Return the form of a time zone; raises Declined for a class that is not the standard library's."""
    if zone is None:
        return None
    if zone is dt.UTC:
        return ["utc"]
    if type(zone) is ZoneInfo and _is_known(zone):
        return ["zone", zone.key]
    if type(zone) is dt.timezone:
        offset, *name = zone.__getinitargs__()  # type: ignore[attr-defined]
        seconds, micros = offset.days * 86400 + offset.seconds, offset.microseconds
        return ["fixed", seconds, micros, name[0] if name else None]
    raise Declined


def _is_known(zone: ZoneInfo) -> bool:
    """Tell whether its key gives this very zone: another one was read from a file of its own, whatever its key."""
    try:
        return bool(zone.key) and ZoneInfo(zone.key) is zone
    except (KeyError, ValueError, OSError):
        return False


def decode_zone(form: Any) -> dt.tzinfo | None:
    """Return the time zone of a form."""
    if form is None:
        return None
    if form[0] == "utc":
        return dt.UTC
    if form[0] == "zone":
        return ZoneInfo(form[1])
    offset = dt.timedelta(seconds=form[1], microseconds=form[2])
    return dt.timezone(offset) if form[3] is None else dt.timezone(offset, form[3])


def _itself(value: Any, _: Writer) -> Any:
    return value


def _encode_int(value: int, _: Writer) -> Any:
    # Other readers of JSON know 64 bits only; and Python refuses to print very long integers in decimal.
    return value if -_INT64 <= value < _INT64 else ["int", hex(value)]


def _encode_float(value: float, writer: Writer) -> Any:
    if isfinite(value):
        return value
    # The NaN that everybody passes around is told from others: `in` and `==` of containers see the difference.
    if value is math.nan:  # noqa: PLW0177 - this very object
        return ["nan", "math"]
    if value is getattr(sys.modules.get("numpy"), "nan", None):
        writer.needs("numpy")
        return ["nan", "numpy"]
    return ["float", struct.pack(">d", value).hex()]


def _encode_str(value: str, writer: Writer) -> Any:
    data = None
    if not value.isascii():
        try:
            data = value.encode()
        except UnicodeEncodeError:
            # JSON joins two lone surrogates to one character.
            return ["surrogates", _encode_data(value.encode("utf-8", "surrogatepass"), writer)]
    if len(value) <= TINY:
        return value
    return ["str", writer.add(data or value.encode())]


def _encode_data(value: bytes, writer: Writer) -> Any:
    return b64encode(value).decode() if len(value) <= TINY else writer.add(value)


def _decode_data(form: Any, reader: Reader) -> bytes:
    return b64decode(form) if isinstance(form, str) else bytes(reader.view(form))


def _encode_datetime(value: dt.datetime, _: Writer) -> Any:
    naive = value.replace(tzinfo=None, fold=0).isoformat()
    return ["datetime", naive, value.fold, encode_zone(value.tzinfo)]


def _decode_datetime(form: Any, _: Reader) -> dt.datetime:
    return dt.datetime.fromisoformat(form[1]).replace(fold=form[2], tzinfo=decode_zone(form[3]))


def _encode_time(value: dt.time, _: Writer) -> Any:
    return ["time", value.replace(tzinfo=None, fold=0).isoformat(), value.fold, encode_zone(value.tzinfo)]


def _decode_time(form: Any, _: Reader) -> dt.time:
    return dt.time.fromisoformat(form[1]).replace(fold=form[2], tzinfo=decode_zone(form[3]))


def _encode_path(value: Path, _: Writer) -> Any:
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Declined from None  # a file name that is no text
    return ["path", type(value).__name__, text]


def _encode_fraction(value: Fraction, writer: Writer) -> Any:
    return ["fraction", _encode_int(value.numerator, writer), _encode_int(value.denominator, writer)]


def _encode_uuid(value: UUID, _: Writer) -> Any:
    if value.is_safe is not SafeUUID.unknown:
        raise Declined
    return ["uuid", value.hex]


def _encode_range(value: range, writer: Writer) -> Any:
    return ["range", *(_encode_int(item, writer) for item in (value.start, value.stop, value.step))]


_ENCODERS: dict[type, Callable[[Any, Writer], Any]] = {
    type(None): _itself,
    bool: _itself,
    int: _encode_int,
    float: _encode_float,
    str: _encode_str,
    bytes: lambda value, writer: ["bytes", _encode_data(value, writer)],
    complex: lambda value, writer: [
        "complex", _encode_float(value.real, writer), _encode_float(value.imag, writer)
    ],
    dt.date: lambda value, _: ["date", value.isoformat()],
    dt.datetime: _encode_datetime,
    dt.time: _encode_time,
    dt.timedelta: lambda value, _: ["timedelta", value.days, value.seconds, value.microseconds],
    dt.timezone: lambda value, _: ["timezone", encode_zone(value)],
    ZoneInfo: lambda value, _: ["timezone", encode_zone(value)],
    Decimal: lambda value, _: ["decimal", str(value)],
    Fraction: _encode_fraction,
    UUID: _encode_uuid,
    range: _encode_range,
    type(...): lambda _, __: ["ellipsis"],
    **dict.fromkeys(_PATHS.values(), _encode_path),
}  # fmt: skip

_DECODERS: dict[str, Callable[[Any, Reader], Any]] = {
    "int": lambda form, _: int(form[1], 16),
    "float": lambda form, _: struct.unpack(">d", bytes.fromhex(form[1]))[0],
    "nan": lambda form, _: import_module("numpy" if form[1] == "numpy" else "math").nan,
    "str": lambda form, reader: str(reader.view(form[1]), "utf-8"),
    "surrogates": lambda form, reader: _decode_data(form[1], reader).decode("utf-8", "surrogatepass"),
    "bytes": lambda form, reader: _decode_data(form[1], reader),
    "complex": lambda form, reader: complex(decode_plain(form[1], reader), decode_plain(form[2], reader)),
    "date": lambda form, _: dt.date.fromisoformat(form[1]),
    "datetime": _decode_datetime,
    "time": _decode_time,
    "timedelta": lambda form, _: dt.timedelta(form[1], form[2], form[3]),
    "timezone": lambda form, _: decode_zone(form[1]),
    "decimal": lambda form, _: Decimal(form[1]),
    "fraction": lambda form, reader: Fraction(decode_plain(form[1], reader), decode_plain(form[2], reader)),
    "uuid": lambda form, _: UUID(hex=form[1]),
    "range": lambda form, reader: range(*(decode_plain(item, reader) for item in form[1:])),
    "ellipsis": lambda _, __: ...,
    "path": lambda form, _: _PATHS[form[1]](form[2]),
}
