"""Compare the graphs that modules made with Hamilton and make with dagbuild, where Hamilton is installed.

Each side is told by a process of its own, since the user's modules are imported there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

from dagbuild.migration.addresses import OURS, THEIRS
from dagbuild.migration.documents import Document
from dagbuild.migration.files import MODULE

_FIELDS = ("type", "input", "needs", "may take")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of one module. `obstacle`: why it was not compared."""

    path: Path
    nodes: int = 0
    differences: tuple[str, ...] = ()
    obstacle: str | None = None


def compare(documents: Iterable[Document]) -> list[Comparison]:
    """Compare what has changed and can be imported without running something; nothing without Hamilton."""
    changed = [each for each in documents if each.is_changed and each.path.suffix == MODULE]
    if find_spec(THEIRS) is None:
        return []
    roots: dict[Path, dict[str, Document]] = {}
    for each in changed:
        if not each.opens_driver:
            root, name = _find_module_name(each.path)
            roots.setdefault(root, {})[name] = each
    texts = {
        THEIRS: {str(each.path.resolve()): each.before for each in changed},
        OURS: {str(each.path.resolve()): each.after for each in changed},
    }
    sides = list(product(roots, texts))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        told = pool.map(
            lambda root, side: _ask(side, root, list(roots[root]), texts[side]), *zip(*sides, strict=True)
        )
        answers = dict(zip(sides, told, strict=True))
    return [
        _compare(each.path, answers[root, THEIRS][name], answers[root, OURS][name])
        for root, modules in roots.items()
        for name, each in modules.items()
    ]


def _find_module_name(path: Path) -> tuple[Path, str]:
    """Return the folder that a module is imported from, and its name there."""
    path = path.resolve()
    parts, folder = [] if path.stem == "__init__" else [path.stem], path.parent
    while (folder / "__init__.py").exists():
        parts.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(parts)


def _ask(library: str, root: Path, names: list[str], texts: dict[str, bytes]) -> dict[str, Any]:
    """Return what a new process tells of the modules: a graph, or why there is none."""
    with tempfile.TemporaryDirectory(prefix="dagbuild-") as folder:
        told = Path(folder) / "answer"
        question = {
            "library": library,
            "root": str(root),
            "names": names,
            "texts": {path: data.decode("latin-1") for path, data in texts.items()},
            "answer": str(told),
        }
        done = subprocess.run(
            [sys.executable, "-m", "dagbuild.migration.graphs"],
            input=json.dumps(question),
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HAMILTON_TELEMETRY_ENABLED": "false"},
            check=False,
        )
        if not told.exists():
            return dict.fromkeys(names, f"the process that imported it ended with status {done.returncode}")
        answer: dict[str, Any] = json.loads(told.read_text("utf-8"))
        return answer


def _compare(path: Path, theirs: Any, ours: Any) -> Comparison:
    if isinstance(theirs, str) or isinstance(ours, str):
        sides = {library: told for library, told in ((THEIRS, theirs), (OURS, ours)) if isinstance(told, str)}
        said = [theirs] if theirs == ours else [f"with {library}, {told}" for library, told in sides.items()]
        return Comparison(path, obstacle="; ".join(said))
    differences = []
    for name in sorted({*theirs, *ours}):
        if name not in ours:
            differences.append(f"'{name}' is there with hamilton only")
        elif name not in theirs:
            differences.append(f"'{name}' is there with dagbuild only")
        else:
            differences += [
                f"'{name}': {field} {_show(was)} with hamilton, {_show(now)} with dagbuild"
                for field, was, now in zip(_FIELDS, theirs[name], ours[name], strict=True)
                if was != now
            ]
    return Comparison(path, len(ours), tuple(differences))


def _show(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "nothing"
    return {True: "yes", False: "no"}.get(value, str(value))
