"""Values whose content says nothing of what they are for: the statements that make them count instead.

What lives in one process alone (locks, threads, pools, connections), what is at some place of its way (iterators,
generators of random numbers), what merely writes (loggers, files). Knows nothing of entities.
"""

from __future__ import annotations

import contextvars
import io
import logging
import random
import socket
import subprocess
import threading
import types
import weakref
from collections.abc import Iterable
from concurrent.futures import Executor, Future
from multiprocessing.process import BaseProcess
from typing import Any

_KINDS = (
    logging.Logger,
    logging.LoggerAdapter,
    logging.Handler,
    random.Random,
    io.IOBase,
    weakref.ReferenceType,
    weakref.WeakKeyDictionary,
    weakref.WeakValueDictionary,
    types.FrameType,
    types.TracebackType,
)
_LIVING = (
    threading.Thread,
    BaseProcess,
    subprocess.Popen,
    socket.socket,
    Executor,
    Future,
)
"""What runs, or stands for what runs: how far it is differs each time."""


def says_nothing(value: Any) -> bool:
    """Tell whether a library's value says nothing, as far as its class and what it holds show."""
    kind = type(value)
    # Generators of random numbers have a state that differs in every process unless they are seeded, and then
    # the statement that seeds them says it.
    return (
        isinstance(value, _KINDS)
        or hasattr(kind, "__next__")
        or kind.__module__.startswith("numpy.random")
        or (kind.__name__ == "ufunc" and kind.__module__ == "numpy")  # made from a function, or it had a name
        or is_living(value)
    )


def cannot_say(value: Any) -> bool:
    """Tell whether a library's object has no content to be told: it says nothing, or is not made to be copied."""
    kind = type(value)
    if (
        kind.__module__ == "builtins"
        or hasattr(kind, "__array__")
        or isinstance(value, contextvars.ContextVar)
    ):
        return False
    if says_nothing(value):
        return True
    try:
        value.__reduce_ex__(4)
    except Exception:  # a stranger's code may raise anything
        return True
    return False


def is_living(value: Any) -> bool:
    """Tell whether a value runs, or holds something that does, as a pool of threads."""
    if isinstance(value, _LIVING):
        return True
    try:
        held = value.__dict__
    except Exception:  # it has none, or whatever a stranger's property raises
        return False
    if type(held) is not dict:
        return False
    return any(isinstance(part, _LIVING) for part in _parts(held))


def _parts(held: dict[str, Any]) -> Iterable[Any]:
    for part in tuple(held.values()):
        yield part
        if type(part) in (list, tuple, set, frozenset):
            yield from tuple(part)
        elif type(part) is dict:
            yield from tuple(part.values())
