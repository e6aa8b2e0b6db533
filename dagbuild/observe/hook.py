"""The audit hook: what Python itself tells of opened files, listings, processes and the network.

Installed once per process, since a hook cannot be removed; while no collector is open it costs one test. Never raises
into the program that it watches.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

from dagbuild.observe import active
from dagbuild.observe.collect import Collector
from dagbuild.observe.places import is_project_code

_IMPORTING = ("<frozen importlib", "<frozen zipimport", "<frozen runpy")
_MATCHERS = re.compile(r"[/\\](glob|pathlib|pathlib[/\\]\w+)\.py$|^<frozen (glob|pathlib)")
_METADATA_READER = re.compile(r"[/\\]importlib[/\\_]metadata[/\\]|[/\\]pkgutil\.py$")
_SOURCE_READERS = frozenset({"linecache.py", "tokenize.py", "inspect.py", "traceback.py"})


def hook(event: str, args: tuple[Any, ...]) -> None:
    """Hand an event to the collectors of the thread that caused it."""
    if not active._open or (handler := _HANDLERS.get(event)) is None:
        return
    collectors = active.find_collectors()
    if not collectors:
        return
    ident = threading.get_ident()
    active._busy.add(ident)  # what the handler does itself is no event of the node
    try:
        for collector in collectors:
            with contextlib.suppress(Exception):
                handler(collector, args)
    finally:
        active._busy.discard(ident)


def _open(collector: Collector, args: tuple[Any, ...]) -> None:
    path, mode, flags = args[0], args[1], args[2] or 0
    if path is None or isinstance(path, int) or _is_importing(sys._getframe(2)):
        return
    access = flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
    whole = bool(flags & (os.O_TRUNC | os.O_EXCL))
    if isinstance(mode, str) and not flags:  # some parts of Python tell the mode only
        access = os.O_RDONLY if "r" in mode else os.O_WRONLY
        whole = "w" in mode or "x" in mode
    if access == os.O_RDONLY:
        collector.read(path)
    elif access == os.O_WRONLY or whole:
        collector.write(path, whole=whole)
    else:
        collector.read(path)
        collector.write(path, whole=False)


def _list(collector: Collector, args: tuple[Any, ...]) -> None:
    path = "." if args[0] is None else args[0]
    frame = sys._getframe(2)
    if not isinstance(path, int) and not _is_importing(frame) and not _is_matching(frame):
        collector.list(path)


def _is_importing(frame: FrameType | None) -> bool:
    """Tell whether a file is opened to import or to quote code, which the fingerprint covers."""
    if frame is None:
        return False
    name = frame.f_code.co_filename
    if _METADATA_READER.search(name):  # looks through all of sys.path for what packages say of themselves
        return True
    return name.startswith(_IMPORTING) or os.path.basename(name) in _SOURCE_READERS  # noqa: PTH119


def _is_matching(frame: FrameType | None) -> bool:
    """Tell whether a folder is listed on behalf of a pattern, which counts as a whole."""
    while frame is not None and (file := frame.f_code.co_filename) and _MATCHERS.search(file):
        if is_project_code(file):
            return False
        if file.endswith("glob.py") or "glob" in frame.f_code.co_name:
            return True
        frame = frame.f_back
    return False


def _glob(collector: Collector, args: tuple[Any, ...]) -> None:
    pattern, _, root = args[:3]
    collector.list(os.path.join(os.fsdecode(root or ""), os.fsdecode(pattern)))  # noqa: PTH118


def _path_glob(collector: Collector, args: tuple[Any, ...]) -> None:
    collector.list(os.path.join(os.fspath(args[0]), os.fspath(args[1])))  # noqa: PTH118


def _path_rglob(collector: Collector, args: tuple[Any, ...]) -> None:
    collector.list(os.path.join(os.fspath(args[0]), "**", os.fspath(args[1])))  # noqa: PTH118


def _sqlite(collector: Collector, args: tuple[Any, ...]) -> None:
    path = os.fsdecode(args[0])
    if path not in {"", ":memory:"} and not ("mode=memory" in path or path.startswith("file::memory:")):
        path = (
            path.removeprefix("file://").removeprefix("file:").partition("?")[0]
            if path[:5] == "file:"
            else path
        )
        collector.read(path)
        if os.path.exists(path + "-wal"):  # noqa: PTH110 - what was committed and is not in the database file yet
            collector.read(path + "-wal")


def _set_variable(collector: Collector, args: tuple[Any, ...]) -> None:
    collector.set_variable(os.fsdecode(args[0]))


def _process(collector: Collector, args: tuple[Any, ...]) -> None:
    what = args[0] if args else ""
    if isinstance(what, str | bytes | os.PathLike):
        collector.note("process", f"starts a process: {os.path.basename(os.fsdecode(what))}")  # noqa: PTH119
    else:
        collector.note("process", "starts a process")


def _network(collector: Collector, args: tuple[Any, ...]) -> None:
    address = args[1] if len(args) > 1 else None
    if isinstance(address, tuple) and address:  # a path is a socket of this machine
        collector.note("network", f"connects to {address[0]}")


def _resolve(collector: Collector, args: tuple[Any, ...]) -> None:
    collector.note("network", f"connects to {os.fsdecode(args[0] or '')}")


def _move(collector: Collector, args: tuple[Any, ...]) -> None:
    if not isinstance(args[0], int) and not isinstance(args[1], int):
        collector.move(os.fsdecode(args[0]), os.fsdecode(args[1]))


def _remove(collector: Collector, args: tuple[Any, ...]) -> None:
    if not isinstance(args[0], int):
        collector.write(args[0], whole=False)


def _make_folder(collector: Collector, args: tuple[Any, ...]) -> None:
    if not isinstance(args[0], int):
        collector.make_folder(os.fsdecode(args[0]))


_HANDLERS: Mapping[str, Callable[[Collector, tuple[Any, ...]], None]] = {
    "open": _open,
    "os.listdir": _list,
    "os.scandir": _list,
    "glob.glob/2": _glob,
    "pathlib.Path.glob": _path_glob,
    "pathlib.Path.rglob": _path_rglob,
    "sqlite3.connect": _sqlite,
    "os.putenv": _set_variable,
    "os.unsetenv": _set_variable,
    "os.rename": _move,
    "os.remove": _remove,
    "os.truncate": _remove,
    "os.mkdir": _make_folder,
    "subprocess.Popen": _process,
    "os.system": lambda collector, _: _process(collector, ()),
    "os.posix_spawn": _process,
    "os.spawn": lambda collector, args: _process(collector, args[1:]),
    "os.fork": lambda collector, _: _process(collector, ()),
    "socket.connect": _network,
    "socket.getaddrinfo": _resolve,
}
