"""Run a program of `kinds` as `python run.py` does, in a process forked from one that has its libraries.

What its `results` are is written down beside it. Knows neither Hamilton nor dagbuild: `hamilton_player.py` and
`dagbuild_player.py` say which of the two is imported beforehand.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

SAMPLE = """
import {library}.driver
import pandas, pandera, polars, pyarrow.parquet, rich.progress, sklearn.tree, tqdm
"""


def sample_of(library: str, folder: Path) -> str:
    """Return work that imports what most programs do."""
    (folder / "run.py").write_text(SAMPLE.format(library=library))
    return str(folder / "results.txt")


def play(work: str) -> None:
    """Run `run.py` in the working folder, and write its results to the file `work`."""
    sys.path.insert(0, str(Path.cwd()))
    sys.argv[:] = ["run.py"]
    left = runpy.run_path("run.py", run_name="__main__")
    Path(work).write_text(describe(left.get("results")))


def describe(value: Any) -> str:
    """Return a text that tells apart what a user would: types, values, and of tables their columns' types and index."""
    kind = f"{type(value).__module__.partition('.')[0]} {type(value).__name__}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {describe(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"{kind}({', '.join(map(describe, value))})"
    if hasattr(value, "to_dict") and hasattr(value, "index"):
        types = [str(each) for each in value.dtypes] if hasattr(value, "columns") else str(value.dtype)
        return f"{kind} {types} {value.index.name} {value.index.dtype}\n{value.to_csv()}"
    return f"{kind} {value!r}"
