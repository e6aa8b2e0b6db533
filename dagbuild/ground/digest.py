"""Names of bytes: what they are.

The only file that knows xxhash. A digest's text starts with the algorithm's name. xxh3 names bytes and
finds accidents: other bytes with the same xxh3 can be written down at once. What comes from elsewhere is known by its
strong digest, which nobody can meet with other bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from json.encoder import c_make_encoder, encode_basestring_ascii  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any, NewType

import xxhash

if TYPE_CHECKING:
    from typing_extensions import Buffer

Digest = NewType("Digest", str)
"""The name of some bytes: "xxh3-" and 32 hexadecimal digits; safe as a file name."""

PREFIX = "xxh3-"

DIGEST_SIZE = 16
"""Bytes of a digest where it is not a text."""

STRONG = "sha256-"
"""How the text of a strong digest begins; 64 hexadecimal digits follow."""

_is_digest = re.compile(f"{PREFIX}[0-9a-f]{{32}}").fullmatch
_is_strong = re.compile(f"{STRONG}[0-9a-f]{{64}}").fullmatch


def digest_bytes(data: Buffer) -> Digest:
    """Return the digest of contiguous bytes."""
    return Digest(PREFIX + xxhash.xxh3_128_hexdigest(data))


def digest_chunks(chunks: Iterable[Buffer]) -> Digest:
    """Return the digest of the concatenation of `chunks`, without concatenating them."""
    state = xxhash.xxh3_128()
    for chunk in chunks:
        state.update(chunk)
    return Digest(PREFIX + state.hexdigest())


def digest_text(text: str) -> Digest:
    """Return the digest of a text; lone surrogates are allowed."""
    return digest_bytes(text.encode("utf-8", "surrogatepass"))


def canonical_json(value: Any) -> bytes:
    """Return the one JSON text of a plain value: sorted keys, no spaces, ASCII; raises ValueError on NaN."""
    return _encode(value).encode("ascii")


def _open_encoder() -> Callable[[Any], str]:
    encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
    if c_make_encoder is None:  # an interpreter without json's C code
        return encoder.encode
    # JSONEncoder makes a new one for each text, which takes as long as a short text itself. Ours keeps no account of
    # what it is in the middle of: a plain value has no cycle.
    write = c_make_encoder(None, encoder.default, encode_basestring_ascii, None, ":", ",", True, False, False)
    return lambda value: "".join(write(value, 0))


_encode = _open_encoder()


def digest_json(value: Any) -> Digest:
    """Return the digest of a plain value's canonical JSON."""
    return digest_bytes(canonical_json(value))


raw_digest: Callable[[Buffer], bytes] = xxhash.xxh3_128_digest
"""Returns the digest of contiguous bytes in `DIGEST_SIZE` bytes; no call in between, for it is asked for columns."""


def digest_from_bytes(data: bytes) -> Digest:
    """Return the digest that `raw_digest` gives in bytes."""
    return Digest(PREFIX + data.hex())


def is_digest(text: str) -> bool:
    """Tell whether a text from outside is a well-formed digest, and so safe to make a path of."""
    return _is_digest(text) is not None


def is_strong(text: str) -> bool:
    """Tell whether a text from outside is a well-formed strong digest, and so safe to make a path of."""
    return _is_strong(text) is not None


class Both:
    """Digests bytes that come in parts in both ways at once: what they are called, and what they are."""

    def __init__(self) -> None:
        import hashlib  # what only makes values here needs none of it

        self._fast = xxhash.xxh3_128()
        self._strong = hashlib.sha256()

    def update(self, data: Buffer) -> None:
        """Take the next part; another thread may run meanwhile."""
        self._fast.update(data)
        self._strong.update(data)

    @classmethod
    def of(cls, data: Buffer) -> Both:
        """Return the digests of contiguous bytes."""
        return cls.of_all((data,))

    @classmethod
    def of_all(cls, chunks: Iterable[Buffer]) -> Both:
        """Return the digests of the concatenation of `chunks`."""
        both = cls()
        for chunk in chunks:
            both.update(chunk)
        return both

    @property
    def digest(self) -> Digest:
        """The name of the bytes."""
        return Digest(PREFIX + self._fast.hexdigest())

    @property
    def strong(self) -> str:
        """Their strong digest."""
        return STRONG + self._strong.hexdigest()
