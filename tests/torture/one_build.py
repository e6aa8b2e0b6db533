"""Build once, as a user's process would: `one_build.py JOB.json`, or forked from a warm process.

Writes which nodes ran, the targets' values, and the values that a build with an empty cache gives afterwards.
"""

import importlib
import json
import linecache
import os
import sys
import tempfile
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any


def load_modules(project: str, names: list[str], mode: str) -> list[Any]:
    """Import the modules, or run them as a script, as a notebook's cells, or without any source."""
    sys.path.insert(0, project)
    if mode == "import":
        return [importlib.import_module(name) for name in names]
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    for index, name in enumerate(names):
        file = f"{project}/{name}.py"
        text = Path(file).read_text(encoding="utf-8")
        if mode == "script":
            main.__file__ = file
        elif mode == "notebook":
            # As ipykernel does: a file name with the process in it that only linecache knows.
            file = f"{tempfile.gettempdir()}/ipykernel_{os.getpid()}/{index}{len(text)}.py"
            linecache.cache[file] = (len(text), None, text.splitlines(True), file)
        else:
            file = "<string>"
        exec(compile(text, file, "exec"), main.__dict__)
    return [main]


def evaluate(expressions: dict[str, str]) -> dict[str, Any]:
    """Return the values of expressions that may use numpy and pandas."""
    names: dict[str, Any] = {}
    if any("pd." in text or "np." in text for text in expressions.values()):
        exec("import numpy as np, pandas as pd", names)
    return {name: eval(text, names) for name, text in expressions.items()}


def show(value: Any) -> str:
    """Return a text in which equal values are equal."""
    return repr(list(value) if hasattr(value, "__next__") else value)


def build(job: Any) -> dict[str, Any]:
    """Return what the build gives, and what a build from nothing gives."""
    from dagbuild import Driver

    root = Path.cwd()  # a project may go elsewhere while it is imported
    modules = load_modules(job["project"], job["modules"], job["mode"])
    targets = job["target"].split()

    def values(cache: str | None) -> str:
        given: Any = {name: evaluate(job[name]) for name in ("inputs", "overrides")}
        executor = "inline" if cache is None else "local"  # what it leaves in this process nobody finds
        got = Driver(job["config"], *modules, cache=cache, root=root, executor=executor).execute(
            targets, **given
        )
        return " ".join(show(got[target]) for target in targets)

    cached = values(job["cache"])
    log = Path(os.environ["RAN_LOG"])
    ran = log.read_text().split() if log.exists() else []
    return {"values": cached, "ran": ran, "clean": values(None)}


def play(path: str, build: Callable[[Any], dict[str, Any]] = build) -> None:
    """Do the job that a file tells, and write what came of it where the job says."""
    job = json.loads(Path(path).read_text())
    try:
        result = build(job)
    except BaseException as error:
        traceback.print_exc()
        result = {"error": f"{type(error).__name__}: {error}"}
    Path(job["result"]).write_text(json.dumps(result))


def sample(folder: Path) -> str:
    """Return a small job, so that a warm process sees what is imported for one."""
    folder.joinpath("sample.py").write_text("import pandas\n\ndef b(x: int) -> int:\n    return x\n")
    job = {
        "project": str(folder), "modules": ["sample"], "mode": "import", "target": "b", "config": {"x": 1},
        "inputs": {}, "overrides": {}, "cache": str(folder / "cache"), "result": str(folder / "result"),
    }  # fmt: skip
    os.environ["RAN_LOG"] = str(folder / "ran")
    folder.joinpath("job").write_text(json.dumps(job))
    return str(folder / "job")


def remember() -> None:
    """Look up once which distribution each module is of: what is installed stays as it is, and takes time to read."""
    from dagbuild.code.origin import Origins

    origins = Origins([])
    for name in list(sys.modules):
        origins.of_name(name)


if __name__ == "__main__":
    sys.path.pop(0)  # this folder
    play(sys.argv[1])
