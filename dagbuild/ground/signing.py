"""Keys and signatures: Ed25519, as texts.

The only file that knows `cryptography`, which is imported where something is signed or checked. Knows nothing of
records or settings. Guards: the private half of a key stands in one text that is asked for by name, and in no `repr`
or error.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from dataclasses import dataclass, field

PUBLIC = "ed25519-"
"""How the text of a public key begins; its 32 bytes follow in base64 for URLs, without padding."""

PRIVATE = "dagbuild-private-key"
"""How the text of a private key begins; a name without spaces and its 32 bytes follow."""

_SIZE = 32


def is_public(text: str) -> bool:
    """Tell whether a text is a well-formed public key."""
    return text.startswith(PUBLIC) and len(_decode(text[len(PUBLIC) :])) == _SIZE


@dataclass(frozen=True)
class SigningKey:
    """A private key with the name of whose it is."""

    name: str
    secret: bytes = field(repr=False)

    @classmethod
    def make(cls, name: str) -> SigningKey:
        """Return a new key."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> SigningKey:
        """Return the key that a text spells; raises ValueError, which does not repeat the text."""
        words = text.split()
        if len(words) != 3 or words[0] != PRIVATE or len(secret := _decode(words[2])) != _SIZE:
            raise ValueError("it is no private key of dagbuild")
        return cls(words[1], secret)

    def spell(self) -> str:
        """Return the text of the private key."""
        return f"{PRIVATE} {self.name} {_encode(self.secret)}"

    @property
    def public(self) -> str:
        """The text of the public key."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return PUBLIC + _encode(
            Ed25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()
        )

    def sign(self, data: bytes) -> str:
        """Return a signature of some bytes."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return _encode(Ed25519PrivateKey.from_private_bytes(self.secret).sign(data))


def is_signed(data: bytes, public: str, signature: str) -> bool:
    """Tell whether a signature is that of a public key over these bytes."""
    if not is_public(public):
        return False
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(_decode(public[len(PUBLIC) :])).verify(_decode(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Return the bytes of a text, none of one that is not the one text of its bytes."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (NoBase64, ValueError):
        return b""
    return data if _encode(data) == text else b""
