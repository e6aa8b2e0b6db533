"""Secrets: what is called like one, and texts in which none shows.

Knows names and texts; nothing of records or settings. Guards: what is told or kept for others has none of the values
that are given under the name of a secret, by the environment or to a project, and no part of a URL that may let
somebody in.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import re
import weakref
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

_SHORT = frozenset({"pass", "pwd"})
"""Secrets only where more words stand before: a shell keeps the folder in PWD and OLDPWD."""
_OF_KEYS = frozenset(
    {"api", "access", "private", "secret", "signing", "encryption", "account", "auth", "ssh", "service"}
)
"""What stands before "key" in the name of one that must not be known; a sort key may."""
_ENDS = (
    "passphrase", "secret", "secrets", "token", "credential", "credentials", "dsn",
    *(f"{before}key" for before in _OF_KEYS),
)  # fmt: skip
"""How the words of secrets end, also where they are written as one: clientsecret, accesstoken."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
SHORTEST = 6
"""Characters of a secret that is looked for in texts: shorter ones stand in many words."""

HIDDEN = "***"


@functools.lru_cache(maxsize=4096)
def names_secret(name: str) -> bool:
    """Tell whether something is called like a secret: API_TOKEN, db_password, awsSecretAccessKey, SENTRY_DSN."""
    words = split_name(name)
    pairs = itertools.pairwise(words)
    return (
        any("passw" in word or word.endswith(_ENDS) for word in words)
        or any(after in {"key", "keys"} and before in _OF_KEYS for before, after in pairs)
        or (len(words) > 1 and words[-1] == "sas")
        or (len(words) > 1 and words[-1] in _SHORT)
        or "_".join(words).endswith("connection_string")
    )


def split_name(name: str) -> list[str]:
    """Return the words of a name, in lower case, without digits."""
    return re.findall(r"[a-z]+", _HUMP.sub("_", name).lower())


def find_secrets() -> dict[str, str]:
    """Return the values, with the names, of all that is known as a secret, if long enough to find."""
    variables = {value: name for name, value in os.environ.items() if names_secret(name)}
    return {value: name for value, name in (find_given() | variables).items() if len(value) >= SHORTEST}


class GivenSecrets:
    """Texts, with their names, that are given to a project and called like secrets: known while somebody holds this."""

    def __init__(self, found: Mapping[str, str]) -> None:
        self.found = found
        _held.append(weakref.ref(self, _held.remove))


def find_texts(given: Mapping[str, object]) -> dict[str, str]:
    """Return the texts, with their names, that stand at any depth below a name of a secret, such as `db_password`."""
    return {text: name for name, text in _find_texts(given, "")}


def _find_texts(given: Mapping[Any, object], above: str) -> Iterator[tuple[str, str]]:
    for key, value in given.items():
        name = above or (str(key) if names_secret(str(key)) else "")
        if isinstance(value, Mapping):
            yield from _find_texts(value, name)
        elif isinstance(value, list | tuple | set | frozenset):
            yield from _find_texts(dict(enumerate(value)), name)
        elif name and isinstance(value, str):
            yield name, value


_held: deque[weakref.ref[GivenSecrets]] = deque()
"""No lock: a process may be forked from this one while another thread looks, and would wait for it for ever."""


def find_given() -> dict[str, str]:
    """Return the values, with the names, of what is given to projects of this process and called like secrets."""
    held = [each for ref in list(_held) if (each := ref()) is not None]
    return {text: name for each in held for text, name in each.found.items()}


def holds_secret(name: str, value: object) -> bool:
    """Tell whether a setting is called like a secret, or holds something that is, or what a secret variable holds."""
    if names_secret(name):
        return True
    secrets = find_secrets()
    todo: list[object] = [value]
    while todo:
        here = todo.pop()
        if isinstance(here, Mapping):
            if any(names_secret(str(key)) for key in here):
                return True
            todo += here.values()
        elif isinstance(here, list | tuple | set | frozenset):
            todo += here
        elif isinstance(here, str | os.PathLike) and any(secret in os.fspath(here) for secret in secrets):
            return True
    return False


def redact(text: str, more: Mapping[str, str] | None = None) -> str:
    """Return a text with `$NAME` in place of what is known as a secret.

    `more` are other secrets, each with its name.
    """
    if text:
        for form, name in list_forms({**find_secrets(), **(more or {})}):
            text = text.replace(form, name)
    return text


def list_forms(secrets: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return how secrets may stand in texts, which are given with their names, each with what to put in its place.

    As they are, and as Python or JSON write them down. In this order: one may be a part of another.
    """
    ordered = sorted(secrets, key=len, reverse=True)
    return [(form, f"${secrets[value]}") for value in ordered for form in _list_forms(value)]


def _list_forms(value: str) -> list[str]:
    if value.isalnum():
        return [value]
    quoted = [repr(value)[1:-1], repr(f"{value}'\"")[1:-4], ascii(value)[1:-1], json.dumps(value)[1:-1]]
    return [value, *sorted({*quoted} - {value}, key=len, reverse=True)]


def clean(text: str) -> str:
    """Return a text that may be shown to anybody: secrets and open doors in URLs are left out."""
    return mask_urls(redact(text))


def mask_url(url: str) -> str:
    """Return a URL without what may let somebody in: user and password, a query's values, a fragment.

    On the web a part of the path may be a secret, too: one that looks made by chance. A path of this machine is no URL.
    """
    if "://" not in url:
        return url
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return f"{url.partition('://')[0]}://{HIDDEN}"
    authority = f"{host}:{port}" if port else parts.netloc.rpartition("@")[2]
    if "@" in parts.netloc:
        authority = f"{HIDDEN}@{authority}"
    path = _BY_CHANCE.sub(HIDDEN, parts.path) if parts.scheme in _WEB else parts.path
    query = HIDDEN if parts.query else ""
    return SplitResult(parts.scheme, authority, path, query, "").geturl()


_WEB = frozenset({"http", "https", "ftp", "ftps", "ws", "wss"})
_BY_CHANCE = re.compile(r"(?<=/)(?=[^/]*[0-9])(?=[^/]*[A-Za-z])[A-Za-z0-9_~=-]{16,}(?=/|$)")

_URL = re.compile(r"[a-z][a-z0-9+.-]{0,40}://[^\s'\"<>`\\]+", re.IGNORECASE)


def mask_urls(text: str) -> str:
    """Return a text with the URLs in it masked."""
    if "://" not in text:
        return text
    return _URL.sub(lambda found: _mask_found(found.group()), text)


def _mask_found(url: str) -> str:
    authority = url.partition("://")[2].partition("/")[0]
    is_open = "@" not in authority and "?" not in url and "#" not in url and not url.startswith("http")
    return url if is_open else mask_url(url)
