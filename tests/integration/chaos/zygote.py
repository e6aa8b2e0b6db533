"""A process that has imported everything once and forks builders on demand: a build for the price of a fork.

Takes orders as lines of JSON and answers each with one; knows nothing of what its children do. Each child appends what
its nodes print to a file, does one action, writes the outcome beside, and ends without clean-up.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from tests.integration.chaos import faults
from tests.integration.chaos.actions import ACTIONS, warm_up

PATIENCE = 60
"""Seconds after which a child is taken to hang."""


def main() -> None:
    """Answer orders until there are no more."""
    sys.dont_write_bytecode = True
    warm_up()
    gc.collect()  # not frozen: what asks how much is would walk over all of it each time
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            answer: dict[str, Any] = {"status": os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])}
        else:
            child = os.fork()
            if child == 0:
                live(order)
            answer = {"pid": child}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def live(order: dict[str, Any]) -> None:
    """Do what the order says, as a process of its own."""
    faulthandler.dump_traceback_later(PATIENCE - 5)
    signal.alarm(PATIENCE)
    outcome: dict[str, Any]
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    ran = os.open(order["ran"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    # A line is written in one go, so lines of builders side by side do not mix.
    sys.stdout = os.fdopen(ran, "w", buffering=1, encoding="utf-8")
    try:
        action = ACTIONS[order["do"]]
        if order.get("fault"):
            faults.install(Path(order["folder"]) / "cache", **order["fault"])
        outcome = {"result": action(Path(order["folder"]), **order.get("options", {}))}
        outcome |= {"calls": faults.count(), "sites": faults.sites()}
    except BaseException:
        outcome = {"error": traceback.format_exc()}
    faults.uninstall()
    Path(order["outcome"]).write_text(json.dumps(outcome))
    os._exit(0)


if __name__ == "__main__":
    main()
