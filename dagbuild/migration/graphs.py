"""Tell what graphs modules make, by Hamilton or by dagbuild: the process that imports them, `python -m` this file.

Reads a `Question` as JSON from standard input and writes the answer to the file that it names, for modules may print.
Texts of files are those of the question, whatever lies on the disk. Knows nothing of what is compared, or why.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

Told = dict[str, list[Any]]
"""Of each node: its type's name, whether it is an input, and its required and optional upstreams."""


class _Loader(importlib.machinery.SourceFileLoader):
    """Reads a module from a text that is given; others as always."""

    texts: Mapping[str, str] = {}

    def get_data(self, path: str) -> bytes:
        """Return what the file is said to hold."""
        text = self.texts.get(os.path.realpath(path))
        return text.encode("latin-1") if text is not None else super().get_data(path)

    def get_code(self, fullname: str) -> Any:
        """Compile anew: there may be bytecode of what lies on the disk."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def serve(texts: Mapping[str, str]) -> None:
    """Have modules read from these texts, by real path; bytes are written as latin-1."""
    _Loader.texts = texts
    folders = {str(Path(path).parent) for path in texts}
    open_folder = importlib.machinery.FileFinder.path_hook(
        (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
        (_Loader, importlib.machinery.SOURCE_SUFFIXES),
    )

    def hook(path: str) -> Any:
        if os.path.realpath(path) not in folders:
            raise ImportError
        return open_folder(path or str(Path.cwd()))

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()


def tell_graph(library: str, module: ModuleType) -> Told:
    """Return what a library makes of a module."""
    driver = importlib.import_module(f"{library}.driver").Builder().with_modules(module).build()
    return {
        node.name: [
            _name_type(node.type),
            bool(node.is_external_input),
            sorted(node.required_dependencies),
            sorted(node.optional_dependencies),
        ]
        for node in driver.list_available_variables()
    }


def _name_type(kind: Any) -> str:
    return getattr(kind, "__name__", str(kind)) if isinstance(kind, type) else str(kind)


def answer(library: str, names: Sequence[str]) -> dict[str, Told | str]:
    """Return the graph of each module, or in words why there is none."""
    told: dict[str, Told | str] = {}
    for name in names:
        try:
            told[name] = tell_graph(library, importlib.import_module(name))
        except (Exception, SystemExit) as error:
            first = next(iter(str(error).strip().splitlines()), "")
            told[name] = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return told


def main() -> None:
    """Answer one question."""
    question = json.load(sys.stdin)
    sys.dont_write_bytecode = True
    sys.path.insert(0, question["root"])
    serve(question["texts"])
    told = answer(question["library"], question["names"])
    with open(question["answer"], "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(told, file)


if __name__ == "__main__":
    main()
