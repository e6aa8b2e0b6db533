"""Build as people do who type: a command, the same two times more, `status`, and then a Driver.

In processes forked from a warm one, as is the whole. Config and inputs go through dagbuild.toml, so only what TOML can say can
be said. What an import gives is believed at once, where people's commands want two imports to agree: what they cost
here is mostly imports, and so all commands but the first go the way that imports nothing.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dagbuild.__main__ import main
from dagbuild.shortcut import snapshots
from tests.torture import one_build
from tests.torture.one_build import evaluate
from tests.warm_server import fork

snapshots.ENOUGH = 1


def say(value: Any) -> str:
    """Return a value as TOML spells it; raises ValueError for what it cannot say."""
    match value:
        case bool() | str():
            return json.dumps(value)
        case int() if type(value) is int:
            return str(value)
        case float() if type(value) is float and value == value:
            return repr(value)
        case list() if type(value) is list:
            return f"[{', '.join(map(say, value))}]"
        case dict() if type(value) is dict and all(type(key) is str for key in value):
            return f"{{{', '.join(f'{json.dumps(key)} = {say(item)}' for key, item in value.items())}}}"
        case _:
            raise ValueError(f"TOML does not know {value!r}")


def say_settings(job: Mapping[str, Any]) -> str:
    """Return dagbuild.toml for a job."""
    lines = [f"modules = {say(list(job['modules']))}", "", "[cache]", f"folder = {say(job['cache'])}"]
    for table, values in (("config", job["config"]), ("inputs", evaluate(job["inputs"]))):
        lines += ["", f"[{table}]", *(f"{json.dumps(name)} = {say(value)}" for name, value in values.items())]
    return "\n".join(lines) + "\n"


def build(job: Any) -> dict[str, Any]:
    """Return what ran, in which command, whether each imported the project, and what the Driver gives at last."""
    settings = Path(job["project"], "dagbuild.toml")
    text = say_settings(job)
    if not settings.exists() or settings.read_text() != text:
        settings.write_text(text)
    targets = job["target"].split()
    first = _in_a_process(job, lambda: {"commands": [_command(job, "build", targets)]})
    # They import nothing, so one process does for all of them.
    others = _in_a_process(
        job, lambda: {"commands": [_command(job, word, targets) for word in ("build", "build", "status")]}
    )
    driver = one_build.build(job)
    return {
        "ran": first["ran"],
        "again": {
            "command": others["ran"][len(first["ran"]) :],
            "Driver": driver["ran"][len(others["ran"]) :],
        },
        "imported": any(told["imported"] for told in others["commands"]),
        "status": others["commands"][-1]["said"],
        "values": driver["values"],
        "clean": driver["clean"],
    }


def _command(job: Any, word: str, targets: list[str]) -> dict[str, Any]:
    """Return what a command says, and whether the project is imported after it."""
    sys.argv = ["dagbuild", "--project", job["project"], word, *targets]
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            main()
    except SystemExit as end:
        if end.code:
            raise RuntimeError(f"'{word}' ended with {end.code}: {said.getvalue()[-600:]}") from end
    return {"said": said.getvalue(), "imported": any(name in sys.modules for name in job["modules"])}


def _in_a_process(job: Any, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what work gives in a forked process, and which nodes had run by then."""
    if job.get("here"):
        told = work()
    else:
        result = Path(f"{job['result']}.part")
        result.unlink(missing_ok=True)
        status = fork(lambda: _write(result, work()))
        if status:
            raise RuntimeError(f"ended with {status}")
        told = json.loads(result.read_text())
    log = Path(os.environ["RAN_LOG"])
    return {"ran": log.read_text().split() if log.exists() else [], **told}


def _write(path: Path, told: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(told))


def play(path: str) -> None:
    """Do the job that a file tells."""
    one_build.play(path, build)


remember = one_build.remember


def sample(folder: Path) -> str:
    """Return a small job that is done in the process that plays it, so that what it imports shows."""
    path = Path(one_build.sample(folder))
    path.write_text(json.dumps({**json.loads(path.read_text()), "here": True}))
    return str(path)
