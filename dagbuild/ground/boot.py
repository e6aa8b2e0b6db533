"""Which boot of the machine this is: a name that nobody else has, the same for all processes until the next one."""

from __future__ import annotations

import ctypes
import functools
import sys
from pathlib import Path


@functools.cache
def boot_id() -> str | None:
    """Return the name of this boot of this machine, None where the system gives it none.

    What a file's stat says may outlive what the file held: pages that a power cut kept from the disk.
    """
    try:
        if sys.platform == "darwin":
            text, size = ctypes.create_string_buffer(64), ctypes.c_size_t(64)
            if ctypes.CDLL(None).sysctlbyname(b"kern.bootsessionuuid", text, ctypes.byref(size), None, 0):
                return None
            return text.value.decode() or None
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip() or None
    except (OSError, ValueError, AttributeError):
        return None
