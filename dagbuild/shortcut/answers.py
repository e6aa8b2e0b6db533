"""Answer with what the same command said last time, while nothing that the answer stood on has changed.

The shortest path of all, taken before anything else is imported: only `os`, `sys` and `time`, which Python has loaded
by then, what of ours needs no more, and the reader of TOML where the settings may name a cache folder. Knows files and
texts, nothing of nodes. Promise: any doubt means no answer, and the command runs as it always does; never an error.
"""

import os
import sys
import time

from dagbuild.ground import stamps
from dagbuild.version import __version__

FORMAT = "dagbuild answer 1"

IMPORTABLE = (".py", ".so", ".pyd", ".pyc", ".dist-info", ".egg-info", ".egg-link", ".pth")
MOST_ANSWERS = 32

DEFAULT_CACHE = "cache"
"""The cache folder, from the project's root, unless something else is said; the settings say so too."""

_STYLE = ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TERM", "COLUMNS")
_DAY = 86400
_KINDS = ("stat", "size", "names", "env", "day")


class Question:
    """One command line, asked here and now. `caches` are the folders in one of which its answer may be kept."""

    def __init__(self, args: list[str]) -> None:
        self.started = time.time_ns()
        self.caches: list[str] = []
        try:
            root = _find_root(args)
            if root is not None:
                self.key = _describe(args)
                self.caches = find_caches(root)
        except (OSError, ValueError):
            pass

    def find_answer(self) -> tuple[str, int] | None:
        """Return the text to print and the exit status, or None when the command has to be run."""
        return next(filter(None, map(self._find_in, self.caches)), None)

    def _find_in(self, cache: str) -> tuple[str, int] | None:
        try:
            with open(self._path(cache), "rb") as file:  # noqa: PTH123
                told, _, data = file.read().partition(b"\n")
            if told != _sum(data):
                return None
            lines = data.decode("utf-8", "surrogateescape").split("\n")
            if lines[0] != self.key:
                return None
            for number, line in enumerate(lines[1:], 1):
                kind, said, what = line.split("\t", 2)
                if kind == "text":
                    return what + "".join("\n" + rest for rest in lines[number + 1 :]), int(said)
                if look(kind, what) != said:
                    return None
        except (OSError, ValueError):
            pass
        return None

    def remember(self, text: str, status: int, basis: list[tuple[str, str, str | None]]) -> bool:
        """Keep the answer for as long as its basis stays as it is: kind, what to look at, and how it was if known.

        Not kept, and False, when part of it changed since shortly before the command began. An answer says all that it
        stood on, so any cache folder of the project's will do, also where the command line named another one.
        """
        cache = next(filter(_is_cache, self.caches), None)
        if cache is None:
            return False
        try:
            lines = [self.key]
            for kind, what, said in basis:
                if "\n" in what or (kind != "size" and "\t" in what) or kind not in _KINDS:
                    return False
                now = self._find_old(what) if kind == "stat" else look(kind, what) if said is None else said
                if now is None:
                    return False
                lines.append(f"{kind}\t{now}\t{what}")
            lines.append(f"text\t{status}\t{text}")
            _write(self._path(cache), "\n".join(lines).encode("utf-8", "surrogateescape"))
        except (OSError, ValueError):
            return False
        return True

    def _find_old(self, path: str) -> str | None:
        """Return the stamp of what has been as it is since the command began; None where that cannot be told."""
        found = stamps.take_stamp(path)
        known, place = found, path
        while known is None and place != os.path.dirname(place):  # noqa: PTH120
            place = os.path.dirname(place)  # noqa: PTH120 - when a file goes, its folder changes
            known = stamps.take_stamp(place)
        return None if known is None or not stamps.is_settled(known, self.started) else stamps.to_text(found)

    def _path(self, cache: str) -> str:
        number = 0xCBF29CE484222325  # FNV-1a: hashlib costs more to import than all of this
        for byte in self.key.encode():
            number = ((number ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
        return os.path.join(cache, "index", "answers", f"{number:016x}")  # noqa: PTH118


def _write(path: str, data: bytes) -> None:
    from dagbuild.ground import atomic  # a command that is answered writes nothing

    folder = os.path.dirname(path)  # noqa: PTH120
    from dagbuild.ground.private import make_private

    make_private(folder)
    atomic.write(path, _sum(data) + b"\n" + data)
    _remove_oldest(folder)


def _is_cache(folder: str) -> bool:
    """Tell whether a folder was made by us, and not by somebody who called it `cache` too."""
    return os.path.isfile(os.path.join(folder, "format"))  # noqa: PTH113, PTH118


def _sum(data: bytes) -> bytes:
    """Return what tells damaged bytes from those that were written: a digest's library costs too much to import."""
    return b"%x %x" % (len(data), int.from_bytes(data, "little") % 1073741789)  # a prime of one machine digit


def importable_names(folder: str) -> list[str]:
    """Return the names in a folder that can take part in imports: modules, packages, installed distributions."""
    try:
        names = os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []
    return sorted(
        name for name in names if name != "__pycache__" and ("." not in name or name.endswith(IMPORTABLE))
    )


def look(kind: str, what: str) -> str:
    """Return how something is now: a file's stamp or size, a folder's importable names, a variable, the day."""
    if kind == "stat":
        return stamps.to_text(stamps.take_stamp(what))
    if kind == "size":
        return str(os.stat(what).st_size)  # noqa: PTH116
    if kind == "names":
        return "/".join(importable_names(what))
    if kind == "day":
        return str(int(time.time()) // _DAY)
    if kind == "env":
        from dagbuild.ground.environment import Variables  # few answers stand on a variable

        salt, _, name = what.partition(" ")
        return Variables(bytes.fromhex(salt)).hide(name, os.environ) or "-"
    raise ValueError(kind)


def _find_root(args: list[str]) -> str | None:
    """Return the folder of dagbuild.toml as the command line finds it."""
    start = os.environ.get("DAGBUILD_PROJECT") or "."
    named = [at for at, word in enumerate(args) if word.startswith(("-C", "--project"))]
    if named:
        word = args[named[0]]
        if len(named) > 1:
            return None
        start = word[10:] if word.startswith("--project=") else "".join(args[named[0] + 1 : named[0] + 2])
        if word not in ("-C", "--project") and not word.startswith("--project="):
            return None
    folder = os.path.abspath(start)  # noqa: PTH100
    while not os.path.isfile(os.path.join(folder, "dagbuild.toml")):  # noqa: PTH113, PTH118
        above = os.path.dirname(folder)  # noqa: PTH120
        if above == folder:
            return None
        folder = above
    return folder


def find_caches(root: str) -> list[str]:
    """Return the cache folders that the environment or the settings of a project name, for any profile.

    Raises OSError, or ValueError for what is no TOML.
    """
    chosen = os.environ.get("DAGBUILD_CACHE")
    named = [chosen] if chosen else _named_caches(root)
    return [os.path.join(root, os.path.expanduser(name)) for name in named]  # noqa: PTH111, PTH118


def _named_caches(root: str) -> list[str]:
    with open(os.path.join(root, "dagbuild.toml"), "rb") as file:  # noqa: PTH118, PTH123
        data = file.read()
    if b"cache" not in data and b"\\u" not in data.lower():
        return [
            DEFAULT_CACHE
        ]  # without that word, and no letter spelled by its number, no cache is spoken of
    # TOML has a dozen ways to name it, and there is one reader that knows them all: some milliseconds, where pandas
    # and the project cost hundreds.
    import tomllib

    told = tomllib.loads(data.decode("utf-8-sig"))
    profiles = told.get("profile")
    tables = [told, *(profiles.values() if isinstance(profiles, dict) else ())]
    found = [_named_cache(table) for table in tables]
    return list(dict.fromkeys([found[0] or DEFAULT_CACHE, *filter(None, found)]))


def _named_cache(table: object) -> str | None:
    cache = table.get("cache") if isinstance(table, dict) else None
    named = cache.get("folder") if isinstance(cache, dict) else cache
    return named if isinstance(named, str) else None


def _describe(args: list[str]) -> str:
    """Return a line that is the same when the same is asked in the same circumstances."""
    ours = sorted(
        (name, text)
        for name, text in os.environ.items()
        if (name.startswith("DAGBUILD_") and name != "DAGBUILD_KEY") or name in _STYLE
    )
    screen = tuple(os.get_terminal_size(1)) if sys.stdout.isatty() else ()
    python = (sys.version, sys.flags.optimize, sys.path)
    where = (machine(), os.getcwd())  # noqa: PTH109
    return ascii((FORMAT, __version__, python, where, args, ours, screen, sys.stderr.isatty()))


def machine() -> str:
    """Return the machine's name: in a folder that several share, an import may give another thing on each."""
    return os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")


def _remove_oldest(folder: str) -> None:
    """Keep the answers that were given last."""
    with os.scandir(folder) as entries:
        known = sorted((entry.stat().st_mtime_ns, entry.path) for entry in entries)
    for _, path in known[:-MOST_ANSWERS]:
        os.unlink(path)  # noqa: PTH108


asked: Question | None = None
"""What this process was asked on its command line."""
