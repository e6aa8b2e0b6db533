"""Files as memory: several of them side by side, private to who asked.

Knows nothing of stores or values. What is written to such memory stays in this process and in this mapping (the
system copies a page on the first write), so a value may be changed without changing a file or another value.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias

CAN_MAP = sys.platform == "linux"
"""Elsewhere the constants and the meaning of a fixed mapping differ and are not tested: readers copy once."""

_FIXED = 0x10
# Without it one mapping larger than free memory is refused, though nothing of it may ever be written to.
_NO_RESERVE = 0x4000


FilePart: TypeAlias = tuple[int, int, int]
"""Where a whole file is to be seen, at a multiple of the page size; its size; and its number, by which it is opened."""


def page_rounded(size: int) -> int:
    """Return the size of the pages that hold `size` bytes."""
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE


def empty_memory(length: int) -> memoryview:
    """Return `length` bytes of private memory, of which each page is made when it is first touched."""
    return memoryview(mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))


def map_files(parts: Sequence[FilePart], length: int, open_file: Callable[[int], int]) -> memoryview:
    """Return `length` bytes of writable private memory with the files in it, no byte read.

    `open_file` gives the descriptor of a file that has its size at that moment: reading past the end of a mapped file
    kills the process. Raises OSError when there are too many mappings, and whatever that raises.
    """
    # The mapping object owns the range: what is mapped over it goes with it when the last view of it is gone.
    region = mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE)
    anchor = ctypes.c_char.from_buffer(region)
    start = ctypes.addressof(anchor)
    del anchor
    map_over, close = _libc_mmap(), os.close
    protection = mmap.PROT_READ | mmap.PROT_WRITE
    flags = mmap.MAP_PRIVATE | _FIXED | _NO_RESERVE
    for offset, size, number in parts:
        file = open_file(number)
        try:
            if map_over(start + offset, size, protection, flags, file, 0) != start + offset:
                code = ctypes.get_errno()
                raise OSError(code, os.strerror(code))
        finally:
            close(file)
    return memoryview(region)


@cache
def _libc_mmap() -> Any:
    function = ctypes.CDLL(None, use_errno=True).mmap
    function.restype = ctypes.c_void_p
    function.argtypes = [
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long,
    ]  # fmt: skip
    return function
