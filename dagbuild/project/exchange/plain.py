"""Text, bytes, arrays and plain values as files, and everything as a pickle."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

Writer = Callable[[Any, BinaryIO], None]
"""Write a value to a stream; raise UnfitError when it turns out that this form cannot hold it."""

BINARY = frozenset(
    (".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf", ".xlsx", ".parquet", ".npy", ".pickle", ".pkl")
)
"""Suffixes of files that are no text, so that no text goes there as it is."""


class UnfitError(Exception):
    """The form cannot hold this very value; the message says why."""


def find_any(value: Any, suffix: str) -> Writer | None:
    """Return how to write what is a file's content already: bytes to any suffix, text to any whose files are text."""
    # Bytes are a file already (a picture, a workbook): they know better than we do what they are.
    if isinstance(value, bytes | bytearray | memoryview):
        return _write_bytes
    if isinstance(value, str) and suffix not in BINARY and (suffix != ".json" or _is_document(value)):
        return _write_text
    return None


def find_writers(value: Any) -> dict[str, Writer]:
    """Return the ways to write a value that is no table and no picture, by suffix."""
    writers: dict[str, Writer] = {}
    if isinstance(value, str):
        writers |= {".txt": _write_text, ".md": _write_text, ".html": _write_text}
    if _is_array(value) and value.ndim in (1, 2):
        writers[".csv"] = _write_csv
    if isinstance(value, str | int | float | Mapping | list | tuple | None) or _is_array(value):
        writers[".json"] = _write_json
    if hasattr(value, "__array__") or isinstance(value, int | float | list | tuple):
        writers[".npy"] = _write_npy
    return writers | {".pickle": _write_pickle, ".pkl": _write_pickle, ".txt": _write_text}


def to_plain(value: Any) -> Any:
    """Return what JSON can say of a value, containers all the way down."""
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return value.isoformat() if hasattr(value, "isoformat") else value


def _is_array(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "ndim")


def _is_document(text: str) -> bool:
    """Tell whether a text is a JSON object or list by itself, and no mere word to be quoted."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _write_bytes(value: bytes, stream: BinaryIO) -> None:
    stream.write(value)


def _write_text(value: Any, stream: BinaryIO) -> None:
    # A text is written as it is, so that reading the file gives it back.
    text = value if isinstance(value, str) else f"{value}\n"
    stream.write(text.encode("utf-8", "surrogateescape"))


def _write_csv(value: Any, stream: BinaryIO) -> None:
    import numpy as np

    np.savetxt(stream, value, delimiter=",", fmt="%s", encoding="utf-8")


def _write_json(value: Any, stream: BinaryIO) -> None:
    try:
        text = json.dumps(to_plain(value), indent=2, ensure_ascii=False)
    except TypeError as error:
        raise UnfitError(str(error)) from None
    stream.write(f"{text}\n".encode())


def is_numeric(value: Any) -> bool:
    """Tell whether a value is an array, or makes one, without Python objects in it."""
    try:
        _to_array(value)
    except UnfitError:
        return False
    return True


def _write_npy(value: Any, stream: BinaryIO) -> None:
    import numpy as np

    np.save(stream, _to_array(value), allow_pickle=False)


def _to_array(value: Any) -> Any:
    import numpy as np

    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:  # lists of different lengths, columns with nothing in common
        raise UnfitError(str(error)) from None
    if array.dtype.hasobject:
        raise UnfitError("it has Python objects in it")
    return array


def _write_pickle(value: Any, stream: BinaryIO) -> None:
    pickle.dump(value, stream, protocol=5)
