"""The key of this machine's user: in their configuration folder, or where DAGBUILD_KEY says.

Knows where it lies and who may read it; nothing of what is signed. Guards: no process that is started from here, and no
node that runs in this one, finds the text of a private key in its environment.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from dagbuild.ground import atomic
from dagbuild.ground.errors import SettingsError
from dagbuild.ground.home import expand_user
from dagbuild.ground.private import make_private
from dagbuild.ground.signing import PRIVATE, SigningKey

VARIABLE = "DAGBUILD_KEY"
"""The path of a private key, or its text; empty, there is none."""

_taken: list[str] = []


def key_path() -> Path:
    """Return where this user's key is kept."""
    said = Path(os.environ.get("XDG_CONFIG_HOME") or "")
    if said.is_absolute():
        return said / "dagbuild" / "key"
    usual = "Library/Application Support" if sys.platform == "darwin" else ".config"
    return Path.home() / usual / "dagbuild" / "key"


def find_key() -> SigningKey | None:
    """Return the key to sign with, or None; raises SettingsError for one that cannot be used."""
    take_key()
    said = _taken[0] if _taken else None
    if said == "":
        return None
    if said is not None and said.lstrip().startswith(PRIVATE):
        return _parse(said, VARIABLE)
    try:
        path = key_path() if said is None else expand_user(said)
    except RuntimeError:  # nobody's home
        return None
    try:
        mode = path.stat().st_mode
        text = path.read_text("utf-8")
    except FileNotFoundError:
        if said is None:
            return None
        raise _neither() from None
    except (OSError, UnicodeDecodeError) as error:
        if said is not None and not os.path.isfile(path):  # noqa: PTH113 - a Path's own fails with what is no name
            raise _neither() from None
        why = getattr(error, "strerror", "") or "it is no text"
        raise SettingsError(f"the private key cannot be read: {why}", where=str(path)) from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise SettingsError("others can read the private key", where=str(path), hint=f"chmod 600 '{path}'")
    return _parse(text, str(path))


def _neither() -> SettingsError:
    """Return what to say of a variable that holds no key and no path: not what it holds, which may be most of a key."""
    return SettingsError(
        "it holds neither the text of a private key nor the path of a file that is there",
        where=VARIABLE,
        hint=f"give it all of the file that `dagbuild key new` made, from '{PRIVATE}' on, or the file's path",
    )


def take_key() -> None:
    """Take what DAGBUILD_KEY says out of the environment, and remember it: it is for nobody else."""
    said = os.environ.pop(VARIABLE, None)
    if said is not None:
        _taken[:] = [said]


def _parse(text: str, where: str) -> SigningKey:
    try:
        return SigningKey.parse(text)
    except ValueError as error:
        raise SettingsError(str(error), where=where, hint="`dagbuild key new` makes one") from None


def make_key(name: str) -> tuple[SigningKey, Path]:
    """Make a key and keep it in the user's configuration folder; raises SettingsError when there is one."""
    path = key_path()
    key = SigningKey.make(name)
    try:
        make_private(path.parent)
        part = atomic.part_name(str(path))
        try:
            with open(atomic.create(part), "wb") as file:  # noqa: PTH123 - a descriptor
                file.write(f"{key.spell()}\n".encode())
            os.link(part, path)  # unlike a rename, it never takes the place of another key
        finally:
            atomic.discard(part)
    except FileExistsError:
        raise SettingsError(
            f"there is a key at '{path}', and it is not replaced",
            hint="`dagbuild key show` shows it; to begin anew, move the file away first",
        ) from None
    except OSError as error:
        raise SettingsError(f"the key cannot be written: {error.strerror}", where=str(path)) from error
    return key, path
