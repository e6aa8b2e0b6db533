"""What stands in a record that comes from elsewhere, for who is to believe it.

Plain data: knows no keys of anybody and checks nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Proof:
    """Who says what the record says: the public key of the signer, and the signature of all the rest of the record.

    Both are empty where the publisher had no key. A signer without a signature: the record was made here, of a value
    that this signer's record brought.
    """

    signer: str = ""
    signature: str = ""

    @property
    def unsigned(self) -> Proof:
        """What the signature itself covers, and what stays when the record becomes another."""
        return replace(self, signature="")

    def to_json(self) -> dict[str, Any]:
        """Return the plain form."""
        return {"signer": self.signer, "signature": self.signature}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Proof:
        """Return the proof of a plain form; raises ValueError."""
        signer, signature = data["signer"], data["signature"]
        if not (isinstance(signer, str) and isinstance(signature, str)):
            raise ValueError("its signer or signature is no text")
        return cls(signer, signature)
