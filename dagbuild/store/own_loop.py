"""The event loop that the store's drivers run on.

One for the process, in a thread of its own. Guards: what the store opens and asks for there is nobody's account but
its own, while a node that uses fsspec itself has fsspec's loop, which is watched.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from dagbuild.ground.quiet import start_quietly, stay_quiet

_locks: defaultdict[int, Lock] = defaultdict(Lock)  # by process: a child of fork has no threads
_loops: dict[int, asyncio.AbstractEventLoop] = {}


def open_loop() -> asyncio.AbstractEventLoop:
    """Return the loop, running."""
    with _locks[os.getpid()]:
        loop = _loops.get(os.getpid())
        if loop is None:
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            # Names of hosts are looked up in threads.
            loop.set_default_executor(ThreadPoolExecutor(4, "dagbuild-net", stay_quiet))
            start_quietly(loop.run_forever, "dagbuild-net")
        return loop
