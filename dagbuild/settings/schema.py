"""What each setting may be, and in what words it is refused.

A `Rule` turns a TOML value into ours or raises `Refused` with what is wanted. Knows nothing of files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dagbuild.ground.digits import tell
from dagbuild.ground.errors import SettingsError, did_you_mean
from dagbuild.ground.secrets import names_secret, split_name
from dagbuild.ground.signing import PRIVATE, is_public
from dagbuild.settings.model import EXECUTORS, MOST_JOBS, RETURNS, UNDECLARED, UNSEEN, Pin, is_foreign

Rule = Callable[[Any], Any]

_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)
_NOT_SECRET = ("anon", "google_default", "cloud", "cache", "browser")  # what gcsfs takes as its "token"


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """The value will not do: what is wrong, perhaps a hint, and where `below` the value it stands."""

    def __init__(self, message: str, hint: str | None = None, below: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.below = below


def name_kind(value: Any) -> str:
    """Return what a TOML value is, in words."""
    kinds = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "a table",
    }
    return kinds.get(type(value), "a date")


def text(value: Any) -> str:
    """Take a text that is not empty."""
    if not isinstance(value, str):
        raise Refused(f"wants a text, not {name_kind(value)}")
    if not value.strip():
        raise Refused("wants a text that is not empty")
    return value


def any_text(value: Any) -> str:
    """Take a text or a date, as text."""
    if isinstance(value, str):
        return value
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    raise Refused(f"wants a text, not {name_kind(value)}")


def texts(value: Any) -> tuple[str, ...]:
    """Take a list of texts, or one."""
    if isinstance(value, str):
        return (text(value),)
    if not isinstance(value, list):
        raise Refused(f"wants a list of texts, not {name_kind(value)}")
    for item in value:
        if not isinstance(item, str) or not item.strip():
            raise Refused(
                f"wants a list of texts, but {tell(item)} is not one" if item else "has an empty text in it"
            )
    return tuple(value)


def size(value: Any) -> int:
    """Take a number of bytes, or a text like "20 GB" or "512 MiB"."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        said = (
            tell(value) if isinstance(value, str | int) and not isinstance(value, bool) else name_kind(value)
        )
        raise Refused(f'wants a size like "20 GB", not {said}')
    number, unit, binary = match.groups()
    power = " kmgt".index(unit.lower()) if unit else 0
    try:
        return int(float(number) * (1024 if binary else 1000) ** power)
    except OverflowError:
        raise Refused("is larger than any disk") from None


def jobs(value: Any) -> int:
    """Take how many steps may run at a time."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST_JOBS:
        return value
    said = tell(value) if isinstance(value, int) and not isinstance(value, bool) else name_kind(value)
    raise Refused(f"wants a number of steps from 1 to {MOST_JOBS:,}, not {said}")


def executor_kind(value: Any) -> str:
    """Take the name of an executor of ours, or "module:Class" of another."""
    if isinstance(value, str) and is_foreign(value):
        return value
    return str(one_of(*EXECUTORS)(value))


def one_of(*words: str) -> Rule:
    """Take one of a few words."""

    def rule(value: Any) -> str:
        if value in words and isinstance(value, str):
            return value
        wanted = ", ".join(f'"{word}"' for word in words[:-1]) + f' or "{words[-1]}"'
        said = f'"{value}"' if isinstance(value, str) else name_kind(value)
        raise Refused(
            f"wants {wanted}, not {said}", did_you_mean(value, words) if isinstance(value, str) else None
        )

    return rule


def table(value: Any) -> dict[str, Any]:
    """Take a table of anything."""
    if not isinstance(value, dict):
        raise Refused(f"wants a table, not {name_kind(value)}")
    return value


_LOCATOR = re.compile(r"([a-z][a-z0-9+.-]+):[/:]", re.IGNORECASE)
"""How a URL begins, also after `Path` has made one slash of two; one letter is a drive."""


def find_scheme(place: str) -> str | None:
    """Return what a URL begins with ("s3"); None for a path, which a URL must not be taken for."""
    found = _LOCATOR.match(place)
    return found[1].lower() if found else None


def cache_folder(value: Any) -> str:
    """Take the path of a folder of this machine."""
    path = text(value)
    if scheme := find_scheme(path):
        to_share = f'a URL is for the remote, which stands beside the folder: remote = "{scheme}://..."'
        raise Refused(
            f"wants a folder of this machine, not the URL '{path}'",
            "write the path alone" if scheme in ("file", "local") else to_share,
        )
    return path


def remote_url(value: Any) -> str:
    """Take an fsspec URL or path without a password in it."""
    url = text(value)
    scheme, colon, rest = url.partition(":")
    # One letter is a drive. fsspec would take the others for a folder of this name.
    if colon and len(scheme) > 1 and scheme.isalnum() and not rest.startswith(("//", ":")):
        raise Refused("is no URL", f'write "{scheme}://{rest.lstrip("/")}"')
    authority = url.partition("://")[2].partition("/")[0]
    if ":" in authority.rpartition("@")[0]:
        raise Refused(
            "holds a password, and this file is shared",
            "leave it out: the fsspec driver takes it from its own environment or configuration, "
            "SFTP wants a key",
        )
    return url


def remote_options(value: Any) -> dict[str, Any]:
    """Take fsspec options, without secrets at any depth."""
    return _take_options(
        value,
        "leave it out: the fsspec driver takes it from its own environment (for S3, "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile)",
    )


def executor_options(value: Any) -> dict[str, Any]:
    """Take what an executor is to be opened with, without secrets at any depth."""
    return _take_options(value, "leave it out: set it in the environment of those who build")


def _take_options(value: Any, advice: str) -> dict[str, Any]:
    todo: list[tuple[tuple[str, ...], Any]] = [((), table(value))]
    while todo:
        path, item = todo.pop()
        if isinstance(item, Mapping):
            todo.extend(((*path, str(key)), inner) for key, inner in item.items())
        elif path and _opens_doors(path[-1]) and item not in _NOT_SECRET and not isinstance(item, bool):
            raise Refused(
                "looks like a secret, and this file is shared",
                advice,
                path,
            )
    return dict(value)


def _opens_doors(option: str) -> bool:
    """Tell whether an option is called like a secret: here any key may be one, and what signs a URL."""
    words = split_name(option)
    return names_secret(option) or words[-1:] == ["key"] or "_".join(words).endswith("sas")


_SALT = 16
"""Characters: fewer could be guessed with what it hides."""


def salt(value: Any) -> str:
    """Take a text that nobody guesses."""
    said = text(value)
    if len(said) < _SALT:
        raise Refused(
            f"wants a text of {_SALT} characters or more, made by chance",
            'python -c "import secrets; print(secrets.token_urlsafe(16))" gives one',
        )
    return said


def trusted(value: Any) -> tuple[str, ...]:
    """Take a list of public keys, each behind the name of whose it is."""
    found = texts(value)
    for entry in found:
        words = entry.split()
        if any(word.startswith(PRIVATE) for word in words):
            raise Refused(
                "holds a private key, and this file is shared", "`dagbuild key show` prints what to write"
            )
        if len(words) != 2 or not is_public(words[1]):
            raise Refused(
                f"wants a name and a public key, but '{entry}' is none",
                '`dagbuild key show` prints the line of one\'s own key: "ada ed25519-..."',
            )
    return found


def prefix(value: Any) -> str:
    """Take the name of a folder below the remote's URL."""
    path = text(value).strip("/")
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts) or not _PREFIX.fullmatch(path):
        raise Refused(f'wants a folder below the URL like "main" or "user/ada", not \'{value}\'')
    return path


def prefixes(value: Any) -> tuple[str, ...]:
    """Take a list of folders below the remote's URL."""
    return tuple(map(prefix, texts(value)))


_PREFIX = re.compile(r"[0-9A-Za-z._+/-]+")


def check_folder(name: str, value: str | Path) -> Path:
    """Return a cache folder that was not said in a file; raises SettingsError when it is a URL."""
    try:
        return Path(cache_folder(str(value)))
    except Refused as refused:
        raise SettingsError(f"'{name}' {refused.message}", hint=refused.hint) from None


_POLICY = one_of("exact", "minor", "major", "ignore")


def packages(value: Any) -> dict[str, str]:
    """Take a policy for each distribution, or one for all."""
    if isinstance(value, str):
        return {"*": _POLICY(value)}
    policies = {"*": "exact"}
    for name, policy in table(value).items():
        try:
            policies[name] = _POLICY(policy)
        except Refused as refused:
            raise Refused(refused.message, refused.hint, (name,)) from None
    return policies


_LONGEST_PIN = 200
_PIN_NAME = re.compile(r"[^\W\d][\w.]*")


def pin_file(folder: Path, node: str) -> Path:
    """Return where the value of a pin is told; raises Refused for what cannot be the name of a node."""
    if not _PIN_NAME.fullmatch(node) or ".." in node:
        raise Refused("has no name that a node can have")
    name = node
    if len(node.encode()) > _LONGEST_PIN:  # longer than a file's name may be
        from dagbuild.ground.digest import digest_text  # settings alone need no digests

        name = f"{node.encode()[:_LONGEST_PIN].decode('utf-8', 'ignore')}-{digest_text(node)[-16:]}"
    return folder / PINS / f"{name}.json"


def read_pinned(folder: Path, node: str) -> dict[str, Any]:
    """Return the plain form of a pinned value, from the file beside dagbuild.toml."""
    file = pin_file(folder, node)
    again = "run `dagbuild pin` again, or take the file from where the pin came from"
    try:
        plain = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise Refused(f"has no file {PINS}/{file.name} ({error.strerror})", again) from None
    except (ValueError, RecursionError):
        plain = None
    if not isinstance(plain, dict) or "codec" not in plain:
        raise Refused(f"has a file {PINS}/{file.name} that `dagbuild pin` has not written", again)
    return plain


PINS = "pins"
"""The folder beside dagbuild.toml that says what pinned values are; the table says whose they are, and since when."""

PIN: dict[str, Rule] = {
    "digest": text,
    "note": any_text,
    "author": any_text,
    "date": any_text,
}


def pin(fields: Mapping[str, Any], artifact: Mapping[str, Any]) -> Pin:
    """Make a pin of checked fields and of the plain form of its value."""
    if "digest" not in fields:
        raise Refused("has no 'digest'", "run `dagbuild pin` again rather than edit it by hand")
    return Pin(artifact=artifact, **fields)


TABLES: dict[str, dict[str, Rule]] = {
    "project": {"modules": texts, "targets": texts},
    "cache": {"folder": cache_folder, "size": size, "fsync": one_of("none", "build", "always")},
    "remote": {
        "url": remote_url,
        "mode": one_of("read-write", "read", "write", "off"),
        "trusted": trusted,
        "unsigned": one_of("no", "data"),
        "read": prefixes,
        "write": prefix,
        "options": remote_options,
    },
    "executor": {
        "kind": executor_kind,
        "jobs": jobs,
        "memory": size,
        "address": text,
        "options": executor_options,
    },
    "variables": {"salt": salt, "ignored": texts},
    "build": {
        "packages": packages,
        "undeclared": one_of(*UNDECLARED),
        "returns": one_of(*RETURNS),
        "unseen": one_of(*UNSEEN),
    },
}
"""Tables whose keys we know."""

FREE = ("config", "inputs")
"""Tables whose keys are the project's own."""

SHORT = {"cache": "folder", "remote": "url", "executor": "kind"}
"""`cache = "folder"` is short for `[cache] folder = "folder"`."""
