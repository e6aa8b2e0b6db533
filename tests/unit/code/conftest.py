"""Projects for the tests: modules written to a folder, imported, and forgotten afterwards."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

Load = Callable[..., ModuleType]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Give a function that writes files ("lib.py" is named `lib`) and imports the last one."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write_and_load(**files: str) -> ModuleType:
        ours = {name.partition("__in__")[0] for name in files}  # another test may have left one of the name
        for name in [each for each in sys.modules if each not in before or each.partition(".")[0] in ours]:
            del sys.modules[name]
        for name, text in files.items():
            path = tmp_path / f"{name.replace('__in__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        importlib.invalidate_caches()
        return importlib.import_module(list(files)[-1].replace("__in__", "."))

    yield write_and_load
    for name in set(sys.modules) - before:
        del sys.modules[name]
