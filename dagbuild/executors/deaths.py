"""Why a process ended that ran a step, or never began, in words: by its status, by what the kernel says of memory."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import replace
from traceback import FrameSummary

from dagbuild.executors.base import Work
from dagbuild.executors.ends import CutOff
from dagbuild.executors.failures import PACKAGE, tell_frames
from dagbuild.executors.unfinished import make_lost, make_overdue
from dagbuild.ground.secrets import clean
from dagbuild.model.outcome import Failure

_RAISED = re.compile(r"^[\w.]+(?:Error|Exception): .*$", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_FRAME = re.compile(r'^  File "(.+)", line (\d+) in (.+)$', re.MULTILINE)


def tell_end(work: Work, cut: CutOff) -> Failure:
    """Describe a step whose process ended before it had."""
    failure = make_overdue(work) if cut.overdue else _tell_death(work, cut)
    return replace(failure, log=clean(cut.log))  # where it was taken, less may be known as a secret


def tell_no_start(text: str) -> str:
    """Say why a cluster could not start what runs steps, of all that it says itself."""
    text = _COLOUR.sub("", text.strip())
    raised = _RAISED.findall(text)
    told = f"the Ray cluster could not start what runs steps: {raised[-1] if raised else text.partition(chr(10))[0]}"
    if "No module named" in told:
        told += (
            "\n  try: install there what is installed here, in the Python that Ray runs in, on each machine"
        )
    return told


def _tell_death(work: Work, cut: CutOff) -> Failure:
    node, end = work.name, cut.end
    if end is None:
        return make_lost(work, f"the process that ran '{node}' is gone")
    code = os.waitstatus_to_exitcode(end.status)
    peak = f"; it had up to {_tell_size(end.memory)} of memory"
    if code >= 0:
        text = f"the process that ran '{node}' ended itself with status {code} before it gave a value{peak}"
        return make_lost(work, text)
    text = f"the process that ran '{node}' was ended by {_name_signal(-code)}{peak}"
    if -code == signal.SIGKILL:
        if cut.out_of_memory:
            text += "; the kernel killed a process because memory ran out"
        text += "\n  try: make the value smaller, or let fewer steps run side by side"
    return make_lost(work, text, tell_crash(cut.crash))


def tell_crash(crash: str) -> str:
    """Return the user's frames of what faulthandler has told, as a traceback shows them."""
    found = [FrameSummary(file, int(line), name) for file, line, name in _FRAME.findall(crash)]
    ours = [number for number, frame in enumerate(found) if frame.filename.startswith(PACKAGE)]
    return tell_frames(found[: ours[0] if ours else None][::-1])


def _name_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _tell_size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
