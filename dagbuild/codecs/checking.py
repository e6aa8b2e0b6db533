"""Look through values whose bytes came from elsewhere, before any library believes them.

Libraries take codes, flags and lengths in their memory as right, and read wherever these point to. Knows arrays, no
forms and no buffers. Guards: what passes can be used in any way without a look at memory that is not its own.
What has passed is remembered: a change of what is looked at raises `CHECKS` in `base`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dagbuild.codecs.base import Reader

_LAST_LETTER = 0x10FFFF


def check_array(array: np.ndarray[Any, Any], reader: Reader) -> np.ndarray[Any, Any]:
    """Return an array of a stranger's whose flags are 0 or 1 and whose letters are letters; raises ValueError."""
    if reader.checks and array.size:
        _check(array)
    return array


def _check(array: np.ndarray[Any, Any]) -> None:
    dtype = array.dtype
    if dtype.names is not None:
        for name in dtype.names:
            _check(array[name])
    elif dtype.kind == "b" and array.view(np.uint8).max() > 1:
        raise ValueError("a flag is neither true nor false")
    elif dtype.kind == "U" and dtype.itemsize:
        width = dtype.itemsize // 4
        letters = (
            np.ascontiguousarray(array).reshape(-1).view(np.dtype(np.uint32).newbyteorder(dtype.byteorder))
        )
        if letters.reshape(-1, width).max() > _LAST_LETTER:
            raise ValueError("a letter is none")


def check_chunks(chunks: Any, length: int, reader: Reader) -> Any:
    """Return Arrow's chunks of a stranger's when all that they point to is theirs; raises ValueError."""
    if reader.checks:
        if len(chunks) != length:
            raise ValueError(f"a column of {len(chunks):,} rows where {length:,} were told")
        chunks.validate(full=True)
    return chunks


def check_same(told: str, *lengths: int) -> None:
    """Raise ValueError unless these lengths are one."""
    if len(set(lengths)) > 1:
        raise ValueError(f"{told} of different lengths: {', '.join(map(str, lengths))}")


def check_places(places: Sequence[int], count: int) -> None:
    """Raise ValueError unless each of so many places is there once."""
    if sorted(places) != list(range(count)):
        raise ValueError("the columns of a table are not each in one place")
