"""Stop in a debugger where a node has failed in this process, and tell what it lacks to be run.

Knows debuggers, no command line.
"""

from __future__ import annotations

import importlib
import pdb
import sys
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from dagbuild.executors.failures import PACKAGE, is_own
from dagbuild.ground.errors import InputError
from dagbuild.plan.plan import Decision
from dagbuild.project.project import Project


def find_missing(project: Project, node: str, overrides: Mapping[str, Any]) -> list[str]:
    """Return the nodes that have to be built before this one can be called, those next to it."""
    plan = project.plan([node], overrides=overrides, force=[node])
    runs = {
        name
        for name in plan.names(Decision.RUN)
        if name != node and not project.graph.nodes[name].cache.never
    }
    below = {up for name in runs for up in project.graph.reach_up(project.graph.upstream(name))}
    return [name for name in plan.steps if name in runs - below]


def choose_debugger(*, ipython: bool) -> type[pdb.Pdb]:
    """Return Python's debugger, or IPython's; raises InputError when there is none, or nobody to type."""
    if not sys.stdin.isatty():
        raise InputError(
            "a debugger needs a terminal, and standard input is none", hint="run it in a terminal"
        )
    if not ipython:
        return pdb.Pdb
    try:
        kind: type[pdb.Pdb] = importlib.import_module("IPython.terminal.debugger").TerminalPdb
    except ImportError as error:
        raise InputError(f"IPython cannot be imported: {error}", hint="pip install ipython") from None
    return kind


def stop_in(kind: type[pdb.Pdb], trace: TracebackType) -> None:
    """Open a debugger on a traceback, in the innermost of the user's own frames; ours on the way there are left out."""
    start: TracebackType | None = trace
    while start and start.tb_frame.f_code.co_filename.startswith(PACKAGE):
        start = start.tb_next
    start = start or trace
    own = [is_own(frame) for frame in traceback.extract_tb(start)]
    debugger = kind()
    debugger.reset()
    if True in own and (below := own[::-1].index(True)):
        debugger.cmdqueue.append(f"up {below}")
    debugger.interaction(None, start)
