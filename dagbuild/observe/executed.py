"""See which functions of the project are executed, on Python 3.12 and later.

Each function tells once per run and is then switched off, so that calls cost nothing. On 3.11 nothing is seen: there
it would make call-heavy code several times slower.
"""

from __future__ import annotations

import sys
import threading
from types import CodeType
from typing import Any

from dagbuild.observe import active
from dagbuild.observe.places import is_project_code

# Free for anybody's use; 0 to 2 and 5 belong to debuggers, coverage, profilers and optimizers.
_TOOLS = (4, 3)

_monitoring: Any = getattr(sys, "monitoring", None)
_lock = threading.Lock()
_tool: int | None = None
_users = 0


def start_watching() -> None:
    """Report the project's functions as they start, until `stop_watching` has been called as often."""
    global _tool, _users  # noqa: PLW0603 - the interpreter has one such switch
    if _monitoring is None:
        return
    with _lock:
        _users += 1
        if _tool is None:
            _tool = _take_tool()
        if _tool is not None:
            _monitoring.set_events(_tool, _monitoring.events.PY_START)
            _monitoring.restart_events()


def stop_watching() -> None:
    """Undo one `start_watching`."""
    global _users  # noqa: PLW0603
    if _monitoring is None:
        return
    with _lock:
        _users -= 1
        if not _users and _tool is not None:
            _monitoring.set_events(_tool, 0)


def _take_tool() -> int | None:
    for tool in _TOOLS:
        if _monitoring.get_tool(tool) is None:
            _monitoring.use_tool_id(tool, "dagbuild")
            _monitoring.register_callback(tool, _monitoring.events.PY_START, _started)
            return tool
    return None


def _started(code: CodeType, _offset: int) -> Any:
    if not is_project_code(code.co_filename):
        return _monitoring.DISABLE
    read_logs = active.find_read_logs()
    for read_log in read_logs:
        read_log.codes[code] = None
    # With several nodes in several threads each has to tell for itself.
    return _monitoring.DISABLE if len(active._open) == 1 and read_logs else None
