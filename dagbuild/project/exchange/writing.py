"""Values to files: which ways of writing a value there are, and the one that the suffix asks for.

Knows the families of values by name only: each has a file of its own that says which suffixes it takes.
"""

from __future__ import annotations

import shutil
import stat
from pathlib import Path
from typing import Any

from dagbuild.ground.atomic import Replacing
from dagbuild.ground.errors import InputError, did_you_mean
from dagbuild.ground.home import expand_user
from dagbuild.project.exchange import figures, plain, tables
from dagbuild.project.exchange.beside import open_beside, refuse_url, told
from dagbuild.project.exchange.plain import UnfitError, Writer

_FAMILIES = (tables.find_writers, figures.find_writers, plain.find_writers)
"""The first that has a way for a suffix is asked."""


def write_file(value: Any, file: str | Path, name: str = "") -> None:
    """Write a value to a file, in the form that its suffix names; `name` is what messages call the value.

    Text goes to any suffix whose files are text, bytes to any at all; a path of what is there is copied, whatever the
    suffix. Raises InputError when the value has no such form, with those that it has, or the file cannot be written.
    """
    refuse_url(file)
    path = expand_user(file)
    if isinstance(value, Path) and value.exists():
        with told(str(file)):
            _copy(value, path)
        return
    writer = plain.find_any(value, path.suffix.lower()) or _find_writers(value).get(path.suffix.lower())
    if writer is None:
        raise _no_form(value, path, name)
    try:
        with told(str(file)), open_beside(path) as stream:
            writer(value, stream)
    except InputError as error:
        if isinstance(error.__cause__, UnfitError):
            raise _no_form(value, path, name, str(error.__cause__)) from None
        raise


def find_suffixes(value: Any) -> tuple[str, ...]:
    """Return the suffixes of files that can hold the value, the likeliest first."""
    return tuple(each for each in _find_writers(value) if each != ".npy" or plain.is_numeric(value))


def _find_writers(value: Any) -> dict[str, Writer]:
    writers: dict[str, Writer] = {}
    for family in _FAMILIES:
        for suffix, writer in family(value).items():
            writers.setdefault(suffix, writer)
    return writers


def _no_form(value: Any, path: Path, name: str, why: str = "") -> InputError:
    """Return the error that says what a value can be written as."""
    suffix = path.suffix.lower()
    fitting = [each for each in find_suffixes(value) if each != suffix]
    what = f"`{name}` is a {type(value).__name__}" if name else f"this is a {type(value).__name__}"
    if suffix:
        message = f"{what}, which a {suffix} file cannot hold{f': {why}' if why else ''}"
    else:
        message = f"'{path}' has no suffix that says how to write it: {what}"
    near = did_you_mean(suffix, fitting) if suffix else None
    return InputError(message, hint=f"{near + ' ' if near else ''}it may be {', '.join(fitting)}")


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder to `target`, and so that it can be changed there; a folder must be new."""
    if source.is_file():
        if target.is_dir():
            target /= source.name
        with source.open("rb") as read, open_beside(target) as stream:
            shutil.copyfileobj(read, stream)
        _let_run(source, target)
        return
    if target.exists():
        raise InputError(f"'{target}' is there already", hint="name a folder that is not there yet")
    target.parent.mkdir(parents=True, exist_ok=True)
    with Replacing(str(target)) as part:
        shutil.copytree(source, part, symlinks=True, copy_function=_copy_file)


def _copy_file(source: str, target: str) -> None:
    shutil.copyfile(source, target)
    _let_run(Path(source), Path(target))


def _let_run(source: Path, target: Path) -> None:
    """Let those run the copy who may run the original; a copy in the cache is read-only, one for people is not."""
    if target.is_file() and source.stat().st_mode & stat.S_IXUSR:
        target.chmod(target.stat().st_mode | 0o111)
