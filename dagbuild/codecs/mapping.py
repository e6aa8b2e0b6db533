"""Files as memory: several of them side by side, private to who asked.

Knows nothing of stores or values. What is written to such memory stays in this process and in this mapping (the
system copies a page on the first write), so a value may be changed without changing a file or another value.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CAN_MAP = sys.platform == "linux"
"""Elsewhere the constants and the meaning of a fixed mapping differ and are not tested: readers copy once."""

_FIXED = 0x10
# Without it one mapping larger than free memory is refused, though nothing of it may ever be written to.
_NO_RESERVE = 0x4000


@dataclass(frozen=True, slots=True)
class FilePart:
    """A whole file of `size` bytes that is to be seen at `offset`, a multiple of the page size."""

    offset: int
    path: Path
    size: int


def page_rounded(size: int) -> int:
    """Return the size of the pages that hold `size` bytes."""
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE


def empty_memory(length: int) -> memoryview:
    """Return `length` bytes of private memory, of which each page is made when it is first touched."""
    return memoryview(mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))


def map_files(parts: Sequence[FilePart], length: int) -> memoryview:
    """Return `length` bytes of writable private memory with the files in it, no byte read.

    Raises OSError when a file is not there, is not of its size, or there are too many mappings.
    """
    # The mapping object owns the range: what is mapped over it goes with it when the last view of it is gone.
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE
    region = mmap.mmap(-1, length, flags=flags)
    anchor = ctypes.c_char.from_buffer(region)
    address = ctypes.addressof(anchor)
    del anchor
    for part in parts:
        _map_over(address + part.offset, part)
    return memoryview(region)


def _map_over(address: int, part: FilePart) -> None:
    descriptor = os.open(part.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_size != part.size:
            # Reading past the end of a mapped file would kill the process.
            raise OSError(errno.EIO, "not of the size that was stored", str(part.path))
        protection = mmap.PROT_READ | mmap.PROT_WRITE
        flags = mmap.MAP_PRIVATE | _FIXED | _NO_RESERVE
        if _libc_mmap()(address, part.size, protection, flags, descriptor, 0) != address:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(part.path))
    finally:
        os.close(descriptor)


@cache
def _libc_mmap() -> Any:
    function = ctypes.CDLL(None, use_errno=True).mmap
    function.restype = ctypes.c_void_p
    function.argtypes = [
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long,
    ]  # fmt: skip
    return function
