"""A file that appears at once and whole, and troubles with files in words.

Knows bytes and paths, not what is in them. Guards: whoever reads the file sees what was there before or all that is
there now, never a half; what fails leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from dagbuild.ground.atomic import Replacing
from dagbuild.ground.digits import any_length
from dagbuild.ground.errors import InputError
from dagbuild.ground.home import expand_user
from dagbuild.ground.texts import describe_error
from dagbuild.settings import find_scheme

EXTRAS = {"openpyxl": "excel", "xlsxwriter": "excel"}
"""Libraries that dagbuild does not install by itself, and the extra that brings each."""


@contextlib.contextmanager
def open_beside(path: Path) -> Iterator[BinaryIO]:
    """Write within; afterwards what was written is what is at `path`, with the permissions of what was there."""
    if path.exists() and not path.is_file() and not path.is_dir():
        # A terminal or a pipe: it takes bytes and cannot be put in anything's place.
        with tempfile.TemporaryFile() as kept:
            yield cast("BinaryIO", kept)
            kept.seek(0)
            with path.open("wb") as stream:
                shutil.copyfileobj(kept, stream)
        return
    path = path.resolve()  # what a link leads to is written, and the link stays
    path.parent.mkdir(parents=True, exist_ok=True)
    with Replacing(str(path)) as part:
        with Path(part).open("xb") as stream:
            yield stream
        if path.is_file():
            Path(part).chmod(stat.S_IMODE(path.stat().st_mode))


def write_bytes(data: bytes, file: str | Path) -> None:
    """Write a whole file; raises InputError when it cannot be written."""
    refuse_url(file)
    with told(str(file)), open_beside(expand_user(file)) as stream:
        stream.write(data)


def refuse_url(file: str | Path) -> None:
    """Raise InputError for a URL, which would be taken for a folder named "s3:"."""
    if find_scheme(str(file)):
        raise InputError(
            f"'{file}' is a URL, and values are written to files of this machine",
            hint="write a file, and copy it there",
        )


@contextlib.contextmanager
def told(name: str) -> Iterator[None]:
    """Turn what goes wrong with a file into an InputError that names it; numbers within may be of any length."""
    try:
        with any_length():
            yield
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"'{name}': {error.strerror or error}") from error
    except ImportError as error:
        library = (error.name or "").partition(".")[0]
        if not library:
            raise InputError(f"'{name}': {error}") from error
        wanted = f"'dagbuild[{EXTRAS[library]}]'" if library in EXTRAS else library
        raise InputError(
            f"'{name}': this kind of file needs the library '{library}', which is not installed",
            hint=f"pip install {wanted}",
        ) from error
    except Exception as error:  # what a file holds is not ours: any library may raise anything over it
        said = next((line for line in describe_error(error).splitlines() if line.strip()), "")
        raise InputError(f"'{name}': {type(error).__name__}: {said.strip()}") from error
