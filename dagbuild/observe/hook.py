"""The audit hook: what Python itself tells of opened files, listings, processes and the network.

Installed once per process, since a hook cannot be removed; while no log is open it costs one test. Never raises
into the program that it watches.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

from dagbuild.ground.quiet import busy
from dagbuild.observe import active
from dagbuild.observe.importing import is_importing, source_of
from dagbuild.observe.places import is_project_code
from dagbuild.observe.processes import count_program
from dagbuild.observe.read_log import ReadLog
from dagbuild.observe.world import PROCESS

_MATCHERS = re.compile(r"[/\\](glob|pathlib|pathlib[/\\]\w+)\.py$|^<frozen (glob|pathlib)")


def hook(event: str, args: tuple[Any, ...]) -> None:
    """Hand an event to the logs of the thread that caused it."""
    if not active._open or (handler := _HANDLERS.get(event)) is None:
        return
    read_logs = active.find_read_logs()
    if not read_logs:
        return
    if len(read_logs) < len(active._open):
        _tell_others(event, args, read_logs)
    ident = threading.get_ident()
    busy.add(ident)  # what the handler does itself is no event of the node
    try:
        for read_log in read_logs:
            with contextlib.suppress(Exception):
                handler(read_log, args)
    finally:
        busy.discard(ident)


def _tell_others(event: str, args: tuple[Any, ...], read_logs: Sequence[ReadLog]) -> None:
    """Let the logs of other calls, which run meanwhile, know that it was not they who opened a file."""
    if event == "open" and isinstance(args[0], str | bytes | os.PathLike):
        for read_log in active._open:
            if read_log not in read_logs:
                read_log.hear(args[0])


def _open(read_log: ReadLog, args: tuple[Any, ...]) -> None:
    path, mode, flags = args[0], args[1], args[2] or 0
    if path is None or isinstance(path, int):
        return
    if is_importing(sys._getframe(2)):
        read_log.hear(path)
        return
    if path == "<unknown>":  # ast.parse asks for the line of a mistake in code that is in no file
        return
    access = flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
    whole = bool(flags & (os.O_TRUNC | os.O_EXCL))
    if isinstance(mode, str) and not flags:  # some parts of Python tell the mode only
        access = os.O_RDONLY if "r" in mode else os.O_WRONLY
        whole = "w" in mode or "x" in mode
    if access == os.O_RDONLY:
        read_log.read(source_of(os.fsdecode(path)))
    elif access == os.O_WRONLY or whole:
        read_log.write(path, whole=whole)
    else:
        read_log.read(path)
        read_log.write(path, whole=False)


def _list(read_log: ReadLog, args: tuple[Any, ...]) -> None:
    path = "." if args[0] is None else args[0]
    frame = sys._getframe(2)
    if not isinstance(path, int) and not is_importing(frame) and not _is_matching(frame):
        read_log.list(path)


def _is_matching(frame: FrameType | None) -> bool:
    """Tell whether a folder is listed on behalf of a pattern, which counts as a whole."""
    while frame is not None and (file := frame.f_code.co_filename) and _MATCHERS.search(file):
        if is_project_code(file):
            return False
        if file.endswith("glob.py") or "glob" in frame.f_code.co_name:
            return True
        frame = frame.f_back
    return False


def _glob(read_log: ReadLog, args: tuple[Any, ...]) -> None:
    pattern, _, root = args[:3]
    read_log.list(os.path.join(os.fsdecode(root or ""), os.fsdecode(pattern)))  # noqa: PTH118


def _path_glob(read_log: ReadLog, args: tuple[Any, ...]) -> None:
    read_log.list(os.path.join(os.fspath(args[0]), os.fspath(args[1])))  # noqa: PTH118


def _path_rglob(read_log: ReadLog, args: tuple[Any, ...]) -> None:
    read_log.list(os.path.join(os.fspath(args[0]), "**", os.fspath(args[1])))  # noqa: PTH118


def _sqlite(read_log: ReadLog, args: tuple[Any, ...]) -> None:
    path = os.fsdecode(args[0])
    if path not in {"", ":memory:"} and not ("mode=memory" in path or path.startswith("file::memory:")):
        path = (
            path.removeprefix("file://").removeprefix("file:").partition("?")[0]
            if path[:5] == "file:"
            else path
        )
        read_log.read(path)
        # What was committed and is not in the database file yet; also when it comes later.
        read_log.read(path + "-wal")


def _set_variable(read_log: ReadLog, args: tuple[Any, ...]) -> None:
    read_log.variables.set(os.fsdecode(args[0]))


def _process(read_log: ReadLog, args: tuple[Any, ...]) -> None:
    count_program()
    what = args[0] if args else None
    if isinstance(what, str | bytes | os.PathLike) and what:
        read_log.note("process", f"{PROCESS}: {os.path.basename(os.fsdecode(what))}")  # noqa: PTH119
    else:
        read_log.note("process", PROCESS)


def _subprocess(read_log: ReadLog, args: tuple[Any, ...]) -> None:
    _process(read_log, args)
    if len(args) > 3 and isinstance(args[3], Mapping):
        read_log.variables.hand_on(args[3])


def _network(read_log: ReadLog, args: tuple[Any, ...]) -> None:
    address = args[1] if len(args) > 1 else None
    if isinstance(address, tuple) and address:  # a path is a socket of this machine
        read_log.note_network(str(address[0]))


def _resolve(read_log: ReadLog, args: tuple[Any, ...]) -> None:
    read_log.note_network(os.fsdecode(args[0] or ""))


def _place(path: str | bytes, folder: int = -1) -> str:
    """Return a path that was given together with an open folder, as far as the system tells which one that is."""
    text = os.fsdecode(path)
    if folder < 0 or os.path.isabs(text):  # noqa: PTH117
        return text
    try:
        return os.path.join(os.readlink(f"/proc/self/fd/{folder}"), text)  # noqa: PTH115, PTH118
    except OSError:
        return text


def _move(read_log: ReadLog, args: tuple[Any, ...]) -> None:
    if not isinstance(args[0], int) and not isinstance(args[1], int):
        read_log.move(_place(args[0], args[2]), _place(args[1], args[3]))


def _remove(read_log: ReadLog, args: tuple[Any, ...]) -> None:
    if not isinstance(args[0], int):
        read_log.write(_place(args[0], *args[1:]), whole=False)


def _make_folder(read_log: ReadLog, args: tuple[Any, ...]) -> None:
    if not isinstance(args[0], int):
        read_log.make_folder(_place(args[0], args[2]))


_HANDLERS: Mapping[str, Callable[[ReadLog, tuple[Any, ...]], None]] = {
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
    "os.truncate": lambda read_log, args: _remove(read_log, args[:1]),
    "os.mkdir": _make_folder,
    "subprocess.Popen": _subprocess,
    "os.system": lambda read_log, _: _process(read_log, ()),
    "os.posix_spawn": _process,
    "os.spawn": lambda read_log, args: _process(read_log, args[1:]),
    "os.fork": lambda read_log, _: read_log.note("process", PROCESS),
    "socket.connect": _network,
    "socket.getaddrinfo": _resolve,
}
