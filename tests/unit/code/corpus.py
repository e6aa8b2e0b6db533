"""Print the fingerprints of everything that the modules of a folder define, as JSON: `corpus.py FOLDER FIRST STEP`.

Every module is imported, and of them in order the FIRST and each STEP-th after it are read, with `own_kinds` always.
Run under several interpreters, hash seeds and folders by `test_stability`.
"""

import importlib
import json
import sys
import types
from pathlib import Path


def main() -> None:
    """Read the closure of each function and class, one by one."""
    folder, first, step = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    sys.path.insert(0, str(folder))
    from dagbuild.code.closure import SourceReader

    modules = []
    for path in sorted(folder.rglob("*.py")):
        name = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
        try:
            modules.append(importlib.import_module(name))
        except Exception:  # it needs something that this interpreter has no longer
            continue
    reader = SourceReader(modules)
    found = {}
    chosen = {module.__name__: module for module in modules[first::step]}
    chosen["own_kinds"] = sys.modules["own_kinds"]
    for module in chosen.values():
        for name, thing in vars(module).items():
            kinds = (types.FunctionType, type)
            if isinstance(thing, kinds) and thing.__module__ == module.__name__:
                closure = reader.closure([thing])
                found[f"{module.__name__}.{name}"] = [closure.digest, [note.text for note in closure.notes]]
    json.dump(found, sys.stdout)


main()
