"""Whether a file is opened to import or to quote code, which the fingerprint covers; or by what else does the same.

`import` and `importlib.import_module` import; that traceback and inspect look lines up is quoting. Who asks a loader
himself (`pkgutil.get_data`, `spec.loader.exec_module`), runs a file (`runpy`) or asks linecache for a line reads a file
as any other. Told by who called whom: knows frames, nothing of logs.
"""

from __future__ import annotations

import importlib.util
import os
import re
from types import FrameType

from dagbuild.observe.places import is_own_code, is_project_code

_MACHINERY = ("<frozen importlib._bootstrap", "<frozen zipimport")
_IMPORTS = frozenset({"_find_and_load", "_gcd_import", "_handle_fromlist", "__import__", "_exec"})
"""What in there is called by an `import`, by import_module and reload."""

_METADATA_READER = re.compile(r"[/\\]importlib[/\\_]metadata[/\\]|[/\\]pkgutil\.py$")
_LIBRARY = os.path.dirname(os.__file__) + os.sep  # noqa: PTH120
_LINES = frozenset(_LIBRARY + name for name in ("linecache.py", "tokenize.py"))
_QUOTERS = frozenset(_LIBRARY + name for name in ("inspect.py", "traceback.py"))
_IMPORTERS = frozenset(
    (
        *(_LIBRARY + os.path.join("importlib", name) for name in ("__init__.py", "util.py")),  # noqa: PTH118
        "<frozen importlib>",
        "<frozen importlib.util>",
    )
)


def is_importing(frame: FrameType | None) -> bool:
    """Tell whether the frame opens a file, or lists a folder, to import or to quote."""
    if frame is None:
        return False
    name = frame.f_code.co_filename
    if name.startswith(_MACHINERY):
        return _is_import(frame)
    if name in _LINES:
        return not _is_asked_for_lines(frame)
    return name in _QUOTERS or (_METADATA_READER.search(name) is not None and not is_project_code(name))


def _is_import(frame: FrameType) -> bool:
    """Tell whether what the machinery does was begun by an import, not by asking a loader."""
    asked, who = "", frame
    while who is not None and who.f_code.co_filename.startswith(_MACHINERY):
        asked, who = who.f_code.co_name, who.f_back  # type: ignore[assignment]
    if who is None or asked in _IMPORTS:
        return True
    name = who.f_code.co_filename
    if name in _LINES:
        return not _is_asked_for_lines(who)
    if asked == "_load":
        return name != _LIBRARY + "imp.py"  # of Python 3.11: a file by its path
    return name in _IMPORTERS or name in _QUOTERS or is_own_code(name)


def _is_asked_for_lines(frame: FrameType | None) -> bool:
    """Tell whether the project's code itself asks for the lines of a file."""
    while frame is not None and frame.f_code.co_filename in _LINES:
        frame = frame.f_back
    return frame is not None and is_project_code(frame.f_code.co_filename)


def source_of(path: str) -> str:
    """Return the source file of a compiled one, any other path as it is."""
    if not path.endswith(".pyc"):
        return path
    try:
        return importlib.util.source_from_cache(path)
    except (ValueError, NotImplementedError):
        return path
