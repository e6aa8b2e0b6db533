"""Run the command line, in a process forked from a warm one; `tests/warm_server.py` plays it.

What it imports is there when it begins, so this is no way to see what a command imports, or what importing does.
"""

import os
import runpy
import sys
from pathlib import Path


def play(words: list[str]) -> None:
    """Do what `python -m dagbuild WORDS` does."""
    sys.path.insert(0, os.getcwd())
    sys.argv = ["dagbuild", *words]
    runpy.run_module("dagbuild", run_name="__main__", alter_sys=True)


def sample(folder: Path) -> list[str]:
    """Return the words of a small build, so that a warm process sees what is imported for one."""
    folder.joinpath("dagbuild.toml").write_text('modules = ["sample"]\n')
    folder.joinpath("sample.py").write_text(
        "import pandas as pd\n\ndef table() -> pd.DataFrame:\n    return pd.DataFrame({'a': [1]})\n"
    )
    return ["--project", str(folder), "build", "table", "-o", str(folder / "table.csv")]
