"""Hamilton's address of formats of this library: each loader and saver is made from the library's own function."""

from typing import Any

from dagbuild.formats import frames


def __getattr__(name: str) -> Any:
    if not name.startswith("Numpy"):
        raise AttributeError(name)
    return getattr(frames, name)
