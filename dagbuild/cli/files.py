"""Values from files and to files, by the file's suffix. pandas is imported when a table is met."""

from __future__ import annotations

import contextlib
import json
import pickle
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dagbuild.ground.errors import InputError, did_you_mean
from dagbuild.model.node import Node
from dagbuild.settings import parse_value


def read_overrides(texts: Iterable[str], nodes: Mapping[str, Node]) -> dict[str, Any]:
    """Return the values of `--override NODE=FILE` by node; raises InputError."""
    overrides: dict[str, Any] = {}
    for text in texts:
        node, equals, value = text.partition("=")
        if not equals or not node:
            raise InputError(f"--override '{text}' has no '='", hint="write --override NODE=FILE, or NODE=5")
        overrides[node] = read_value(value, nodes[node].type if node in nodes else None)
    return overrides


def read_value(text: str, wanted: Any = None) -> Any:
    """Return what a file holds, or the literal that the text spells when it names none; raises InputError.

    Where a path is wanted, what is there is the value, whatever it holds.
    """
    path = Path(text).expanduser()
    # Of a project that was not imported, types are known as they are written.
    if wanted == "Path" or (isinstance(wanted, type) and issubclass(wanted, Path)):
        if not path.exists():
            raise InputError(f"there is no file '{text}'", hint="paths are taken from the working directory")
        return path
    reader = READERS.get(path.suffix.lower())
    if path.is_file():
        if reader is None:
            hint = did_you_mean(path.suffix.lower(), READERS) or f"it may be {', '.join(READERS)}"
            raise InputError(f"'{text}': files like {path.suffix or 'this'} cannot be read", hint=hint)
        with _told(text):
            return reader(path)
    if reader is not None:
        raise InputError(f"there is no file '{text}'", hint="paths are taken from the working directory")
    if text[:1] in ("{", "["):
        with contextlib.suppress(ValueError):
            return json.loads(text)
    return parse_value(text)


def write_value(value: Any, target: str, node: str) -> None:
    """Write a value to a file, in the form that its suffix names; raises InputError when it has none.

    A path of what is there is copied, whatever the suffix.
    """
    path = Path(target).expanduser()
    if isinstance(value, Path) and value.exists():
        with _told(target):
            _copy(value, path)
        return
    suffix = path.suffix.lower()
    # Bytes are a file already (a picture, a workbook): they know better than we do what they are.
    writer = _write_bytes if isinstance(value, bytes) else WRITERS.get(suffix)
    if writer is None:
        hint = did_you_mean(suffix, WRITERS) or f"it may be {', '.join(WRITERS)}"
        raise InputError(
            f"'{target}': values cannot be written as {suffix or 'a file without a suffix'}", hint=hint
        )
    with _told(target):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.part")
        try:
            if not writer(value, beside):
                kind = type(value).__name__
                raise InputError(
                    f"`{node}` is a {kind}, which a {suffix} file cannot hold",
                    hint="write a .json or a .pickle",
                )
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder to `target`, and so that it can be changed there; a folder must be new."""
    if source.is_file() and target.is_dir():
        target /= source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.part")
    try:
        if source.is_dir():
            if target.exists():
                raise InputError(f"'{target}' is there already", hint="name a folder that is not there yet")
            shutil.copytree(source, beside, symlinks=True, copy_function=_copy_file)
        else:
            _copy_file(str(source), str(beside))
        beside.replace(target)
    finally:
        if beside.is_dir():
            shutil.rmtree(beside)
        else:
            beside.unlink(missing_ok=True)


def _copy_file(source: str, target: str) -> None:
    shutil.copyfile(source, target)
    if Path(source).stat().st_mode & stat.S_IXUSR:
        Path(target).chmod(Path(target).stat().st_mode | 0o111)


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    """Turn what goes wrong with a file into words."""
    try:
        yield
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"'{name}': {error.strerror or error}") from error
    except Exception as error:  # what a file holds is not ours: any library may raise anything over it
        first_line = str(error).partition("\n")[0]
        raise InputError(f"'{name}': {type(error).__name__}: {first_line}") from error


def _read_csv(path: Path) -> Any:
    import pandas as pd

    return pd.read_csv(path)


def _read_parquet(path: Path) -> Any:
    import pandas as pd

    return pd.read_parquet(path)


def _read_npy(path: Path) -> Any:
    import numpy as np

    return np.load(path, allow_pickle=False)


def _read_pickle(path: Path) -> Any:
    with path.open("rb") as stream:
        return pickle.load(stream)  # the user's own file, named by the user


READERS: dict[str, Callable[[Path], Any]] = {
    ".csv": _read_csv,
    ".parquet": _read_parquet,
    ".json": lambda path: json.loads(path.read_text(encoding="utf-8")),
    ".pickle": _read_pickle,
    ".pkl": _read_pickle,
    ".npy": _read_npy,
    ".txt": lambda path: path.read_text(encoding="utf-8"),
}


def _library(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def _to_frame(value: Any) -> Any:
    """Return a table of pandas or pyarrow or polars as a DataFrame, or None."""
    if _library(value) == "pandas" and hasattr(value, "to_frame" if value.ndim == 1 else "columns"):
        if value.ndim == 1:
            return value.to_frame(value.name if value.name is not None else "value")
        return value
    return value.to_pandas() if hasattr(value, "to_pandas") else None


def _write_csv(value: Any, path: Path) -> bool:
    frame = _to_frame(value)
    if frame is None and _library(value) == "numpy" and getattr(value, "ndim", 0) in (1, 2):
        import numpy as np

        np.savetxt(path, value, delimiter=",", fmt="%s")
        return True
    if frame is None:
        return False
    import pandas as pd

    plain = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    frame.to_csv(path, index=not plain)
    return True


def _write_parquet(value: Any, path: Path) -> bool:
    frame = _to_frame(value)
    if frame is None:
        return False
    frame.to_parquet(path)
    return True


def _write_json(value: Any, path: Path) -> bool:
    frame = _to_frame(value)
    if frame is not None:
        text = frame.to_json(orient="records", date_format="iso", indent=2)
    else:
        text = json.dumps(_plain(value), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value


def _write_npy(value: Any, path: Path) -> bool:
    import numpy as np

    array = np.asarray(value)
    if array.dtype.hasobject:
        return False
    with path.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)
    return True


def _write_pickle(value: Any, path: Path) -> bool:
    with path.open("wb") as stream:
        pickle.dump(value, stream, protocol=5)
    return True


def _write_bytes(value: bytes, path: Path) -> bool:
    path.write_bytes(value)
    return True


def _write_text(value: Any, path: Path) -> bool:
    path.write_text(f"{value}\n", encoding="utf-8")
    return True


WRITERS: dict[str, Callable[[Any, Path], bool]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".json": _write_json,
    ".pickle": _write_pickle,
    ".pkl": _write_pickle,
    ".npy": _write_npy,
    ".txt": _write_text,
}
