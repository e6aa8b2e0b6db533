"""Digests that nobody can guess, for what may hold a secret.

Asks `outlines` what may, and mixes the project's salt in. Guards: who has a digest and not the salt cannot find out by
trying words what came of the environment, neither there nor in whatever is made of that digest.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

from dagbuild.code.entities import Entity
from dagbuild.code.outlines import Outlines
from dagbuild.ground.digest import Digest, digest_text
from dagbuild.ground.environment import Variables
from dagbuild.ground.secrets import holds_secret


class Hiding:
    """Makes the digests of entities and values, each openly or under the salt of `variables`."""

    def __init__(self, outlines: Outlines, variables: Variables) -> None:
        self._outlines = outlines
        self._variables = variables

    def digest(self, entity: Entity, text: str) -> Digest:
        """Return the digest of an entity, which the text says."""
        return self._under_salt(text) if self._outlines.holds_secret(entity) else digest_text(text)

    def cover(self, value: Any, told: str) -> str:
        """Return what says a value, its text or a digest, or something else instead where the value is a secret."""
        plain = isinstance(value, FunctionType | type) or not self._outlines.is_secret(value)
        return told if plain else self._under_salt(told)

    def tell_setting(self, name: str, value: Any, digest: str) -> tuple[str, str]:
        """Return the digest and the outline of a config value, which has this digest; a secret has no outline."""
        if holds_secret(name, value):
            return self._under_salt(digest), ""
        return digest, self._outlines.write_value(value)

    def _under_salt(self, text: str) -> Digest:
        return Digest(f"hidden-{self._variables.digest(text)}")
