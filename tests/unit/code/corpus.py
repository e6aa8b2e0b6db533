"""Print the fingerprints of everything that the modules of a folder define, as JSON: `corpus.py FOLDER ONLY`.

All modules, or the one that ONLY names.
Run under several interpreters, hash seeds and folders by `test_stability`.
"""

import importlib
import json
import sys
import types
from pathlib import Path


def main() -> None:
    """Read the closure of each function and class, one by one."""
    folder, only = Path(sys.argv[1]), sys.argv[2]
    sys.path.insert(0, str(folder))
    from dagbuild.code.closure import SourceReader

    modules = []
    for path in [folder / f"{only}.py"] if only else sorted(folder.rglob("*.py")):
        name = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
        try:
            modules.append(importlib.import_module(name))
        except Exception:  # it needs something that this interpreter has no longer
            continue
    reader = SourceReader(modules)
    found = {}
    for module in modules:
        for name, thing in vars(module).items():
            kinds = (types.FunctionType, type)
            if isinstance(thing, kinds) and thing.__module__ == module.__name__:
                closure = reader.closure([thing])
                found[f"{module.__name__}.{name}"] = [closure.digest, [note.text for note in closure.notes]]
    json.dump(found, sys.stdout)


main()
