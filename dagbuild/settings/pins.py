"""Write and remove pins: who has pinned which digest and why in dagbuild.toml, what the value is in a file beside it.

Keeps comments and layout. Guards: the file is there before the table that needs it, and goes after it.
"""

from __future__ import annotations

import codecs
import contextlib
import json
from pathlib import Path
from typing import Any

from dagbuild.ground import atomic
from dagbuild.ground.digits import any_length
from dagbuild.ground.errors import SettingsError
from dagbuild.settings.load import FILE_NAME
from dagbuild.settings.model import Pin
from dagbuild.settings.schema import pin_file


def write_pin(path: Path, name: str, pin: Pin) -> None:
    """Add the pin of a node to the dagbuild.toml at `path` (a file or its folder), or replace it."""
    fields = {"digest": pin.digest, "note": pin.note, "author": pin.author, "date": pin.date}
    file, document = _open(path)
    import tomlkit

    _write_value(pin_file(file.parent, name), pin)

    table = tomlkit.table()
    for key, value in fields.items():
        if value:
            table.add(
                key, tomlkit.string(value, literal="'" not in value and "\n" not in value and '"' in value)
            )
    pins = document.get("pins")
    if pins is None:
        pins = tomlkit.table(is_super_table=True)
        pins.add(name, table)
        document.add("pins", pins)
    else:
        pins[name] = table
    _write(file, tomlkit.dumps(document))


def remove_pin(path: Path, name: str) -> bool:
    """Take a node's pin out of the file; tell whether there was one."""
    file, document = _open(path)
    import tomlkit

    pins = document.get("pins", {})
    if name not in pins:
        return False
    del pins[name]
    if not pins:
        del document["pins"]
    _write(file, tomlkit.dumps(document).rstrip() + "\n")
    value = pin_file(file.parent, name)
    with contextlib.suppress(OSError):  # without a table nobody reads it
        value.unlink(missing_ok=True)
        value.parent.rmdir()
    return True


def _write_value(file: Path, pin: Pin) -> None:
    text = json.dumps(pin.artifact, indent=1, sort_keys=True) + "\n"
    try:
        file.parent.mkdir(exist_ok=True)
        atomic.write(str(file), text.encode("utf-8"), mode=0o644, sync=True)
    except OSError as error:
        raise SettingsError(f"cannot be written: {error.strerror}", where=str(file)) from error


def _open(path: Path) -> tuple[Path, Any]:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    file = path / FILE_NAME if path.is_dir() else path
    try:
        # Line ends as they are: a file with CRLF stays one.
        text = file.read_bytes().decode("utf-8-sig")
        with any_length():
            return file, tomlkit.parse(text)
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise SettingsError(f"cannot be read: {error}", where=str(file)) from error


def _write(file: Path, text: str) -> None:
    """Replace the file at once, so that a kill leaves the old one or the new one."""
    target = file.resolve()  # a link stays a link
    try:
        if target.read_bytes().startswith(codecs.BOM_UTF8):
            text = "\ufeff" + text
        mode = target.stat().st_mode & 0o777
        atomic.write(str(target), text.encode("utf-8"), mode=mode, sync=True)  # nobody can make it again
    except OSError as error:
        raise SettingsError(f"cannot be written: {error.strerror}", where=str(file)) from error
