"""Files to values, by suffix. A library of tables is imported when a table is met."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dagbuild.ground.errors import InputError, did_you_mean
from dagbuild.ground.home import expand_user
from dagbuild.project.exchange.beside import told

_OBJECTS = (".json", ".pickle", ".pkl")
"""Of a file of these a text or some bytes are read as what they hold, of all others as what they are."""


def read_file(file: str | Path, wanted: Any = None) -> Any:
    """Return what a file holds, as its suffix says; raises InputError when it is not there or cannot be read.

    `wanted` is the type that is asked for, as a class or its name: of `Path` what is there is the value itself, of
    `str` and `bytes` any file is, whatever its suffix.
    """
    path, text = expand_user(file), str(file)
    if is_path_type(wanted):
        if not path.exists():
            raise _not_there(text)
        return path
    suffix = path.suffix.lower()
    reader = READERS.get(suffix)
    if suffix not in _OBJECTS:
        reader = {"str": _read_text, "bytes": Path.read_bytes}.get(_name(wanted), reader)
    if not path.exists():
        raise _not_there(text)
    if reader is None:
        hint = did_you_mean(suffix, READERS) or f"it may be {', '.join(READERS)}"
        raise InputError(f"'{text}': files like {suffix or 'this'} cannot be read", hint=hint)
    with told(text):
        return reader(path)


def is_path_type(wanted: Any) -> bool:
    """Tell whether a path is asked for."""
    # Of a project that was not imported, types are known as they are written.
    return bool(wanted == "Path" or (isinstance(wanted, type) and issubclass(wanted, Path)))


def _name(wanted: Any) -> str:
    return wanted if isinstance(wanted, str) else getattr(wanted, "__name__", "")


def _not_there(text: str) -> InputError:
    return InputError(f"there is no file '{text}'", hint="paths are taken from the working directory")


def _read_csv(path: Path) -> Any:
    import pandas as pd

    return pd.read_csv(path)


def _read_parquet(path: Path) -> Any:
    import pandas as pd

    return pd.read_parquet(path)


def _read_excel(path: Path) -> Any:
    import openpyxl  # noqa: F401 - pandas says that it is missing in words of its own
    import pandas as pd

    return pd.read_excel(path, engine="openpyxl")


def _read_npy(path: Path) -> Any:
    import numpy as np

    return np.load(path, allow_pickle=False)


def _read_pickle(path: Path) -> Any:
    with path.open("rb") as stream:
        return pickle.load(stream)  # the user's own file, named by the user


def _read_text(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as stream:  # line ends as they are
        return stream.read()


READERS: dict[str, Callable[[Path], Any]] = {
    ".csv": _read_csv,
    ".parquet": _read_parquet,
    ".json": lambda path: json.loads(path.read_text(encoding="utf-8")),
    ".xlsx": _read_excel,
    ".pickle": _read_pickle,
    ".pkl": _read_pickle,
    ".npy": _read_npy,
    ".txt": _read_text,
}
