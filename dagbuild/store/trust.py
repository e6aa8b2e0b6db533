"""Whose records may be used, and for what.

Knows public keys and records; no blobs, codecs or folders. Guards: a record from elsewhere is handed out whole when
somebody who is trusted has signed just this record, as data when the project takes such, else not at all; and one whose
signer is trusted no longer is no longer used, wherever its copy lies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from dagbuild.ground.matching import is_pattern
from dagbuild.ground.signing import SigningKey, is_signed
from dagbuild.model.proof import Proof
from dagbuild.model.record import ACCEPTED, Record
from dagbuild.model.record_check import leads_outside

Unsigned = Literal["no", "data"]
"""What is taken of records that nobody who is trusted has signed."""

OWN = "you"
"""Who has signed with the key of this machine's user."""


@dataclass(frozen=True)
class Trust:
    """`signers` are the names of who is trusted, by public key; `key` is one's own, which is trusted too."""

    signers: Mapping[str, str] = field(default_factory=dict)
    unsigned: Unsigned = "no"
    key: SigningKey | None = None

    def name_signer(self, proof: Proof) -> str | None:
        """Return who has signed, by the project's name of them; None of somebody who is not trusted."""
        if not proof.signer:
            return None
        return self.signers.get(proof.signer) or (OWN if proof.signer == self.own else None)

    @cached_property
    def own(self) -> str | None:
        """The public half of one's own key."""
        return self.key.public if self.key else None

    def sign(self, record: Record) -> Record:
        """Return what to publish of a record of one's own: signed, where there is a key."""
        signer = self.own
        if self.key is None or signer is None:
            return replace(record, proof=Proof())
        return replace(record, proof=Proof(signer, self.key.sign(record.signed_text(signer))))

    def is_signed(self, record: Record) -> bool:
        """Tell whether somebody who is trusted has signed just this record."""
        return record.proof is not None and self.name_signer(record.proof) is not None and is_genuine(record)

    def admit(self, record: Record, *, near: bool) -> Record | None:
        """Return a record as it may be used, None when it may not.

        `near`: it lies in the cache folder, where nothing is that was not admitted on its way there; but its signer may
        have been trusted then only.
        """
        if record.proof is None and near:
            return record
        if self.name_signer(record.proof or Proof()) is not None and (near or is_genuine(record)):
            return None if self._walks_outside(record) else record
        if self.unsigned == "no" or not _is_data(record):
            return None
        # Whatever signer it claims is forgotten: a copy near is taken for what its proof says.
        return replace(record, artifact=replace(record.artifact, data_only=True), proof=Proof())

    def _walks_outside(self, record: Record) -> bool:
        """Tell whether to ask if another's record holds is to walk through folders that are not in the project."""
        return any(
            seen.kind == "listing" and is_pattern(seen.name) and leads_outside(seen.name)
            for seen in record.observations
        ) and not (record.proof and record.proof.signer == self.own)

    def refusal(self, record: Record) -> str:
        """Say why a record is not used."""
        proof = record.proof or Proof()
        if not proof.signer:
            return "nobody has signed it"
        if self.name_signer(proof) is None:
            return f"its signer is not trusted: {proof.signer}"
        if is_genuine(record):
            return "it would look through folders outside of the project"
        return "its signature is not that of this record"


def _is_data(record: Record) -> bool:
    """Tell whether a stranger's record is about a value, and about nothing that is not in the project.

    Outputs would be written into the project, where they may be anything; and an author's word would be anybody's.
    """
    artifact = record.artifact
    if artifact.code or artifact.outputs or artifact.carried or artifact.codec == ACCEPTED:
        return False
    return not any(
        # To see what code means, its module is imported.
        seen.kind == "code" or (seen.kind in _PLACES and leads_outside(seen.name))
        for seen in record.observations
    )


_PLACES = frozenset({"file", "listing", "saved"})
"""The kinds of observations whose names are of places on the disk."""


def is_genuine(record: Record) -> bool:
    """Tell whether the signature in a record is its signer's, over just this record."""
    proof = record.proof
    if proof is None or not proof.signature:
        return False
    try:
        text = record.signed_text(proof.signer)
    except ValueError:
        return False  # it holds what has no canonical text
    return is_signed(text, proof.signer, proof.signature)
