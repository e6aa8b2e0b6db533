"""What the user gives from outside: config, inputs, overrides and pins, by name.

Knows neither graph nor store. Promise: how a value was spelled stays with it until its type is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dagbuild.ground.errors import SettingsError
from dagbuild.model.conversion import Spelled, Texts, convert_value
from dagbuild.model.record import Artifact
from dagbuild.model.types import TypeForm
from dagbuild.settings import Pin, Settings


def open_pin(node: str, pin: Pin) -> Artifact:
    """Return the value of a pin as stored; raises SettingsError unless it is what its digest says."""
    try:
        artifact = Artifact.from_json(pin.artifact)
        told = artifact.digest
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        told = None
    if told != pin.digest:
        raise SettingsError(
            f"pins/{node}.json is not the value that [pins.{node}] names",
            hint="run `dagbuild pin` again, or take both from where the pin came from",
        )
    return artifact


@dataclass(frozen=True, slots=True)
class Said:
    """A value from outside: an "input", "config" or "override", and how it was spelled where it came as a text."""

    kind: str
    value: Any
    texts: Texts = field(default_factory=dict)

    @classmethod
    def of_override(cls, value: Any) -> Said:
        """Return what stands in a node's place: a value, or a text to be read."""
        return (
            cls("override", value.value, {(): value.text})
            if isinstance(value, Spelled)
            else cls("override", value)
        )

    def convert(self, form: TypeForm) -> Any:
        """Return the value as the annotation wants it; raises Unfit."""
        return convert_value(self.value, form, self.texts)


@dataclass(frozen=True)
class Outside:
    """What the user gives: values by name; `pins` are artifacts with a text for people.

    `texts` say how inputs and config values were spelled that came as texts.
    """

    config: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    pins: Mapping[str, tuple[Artifact, str]] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, Texts]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        settings: Settings,
        pins: Mapping[str, Pin] | None = None,
        inputs: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> Outside:
        """Return what the settings give, with more inputs, and overrides that win over these pins."""
        inputs, overrides = inputs or {}, overrides or {}
        texts = {
            "config": settings.texts_of("config"),
            "input": {name: said for name, said in settings.texts_of("inputs").items() if name not in inputs},
        }
        pinned = {
            name: (open_pin(name, pin), pin.note or pin.digest)
            for name, pin in (pins or {}).items()
            if name not in overrides
        }
        return cls(settings.config, {**settings.inputs, **inputs}, overrides, pinned, texts)

    def find(self, name: str) -> Said | None:
        """Return the value that is given for an input, or None."""
        for kind, values in (("input", self.inputs), ("config", self.config)):
            if name in values:
                return Said(kind, values[name], self.texts.get(kind, {}).get(name, {}))
        return None

    def has(self, name: str) -> bool:
        """Tell whether nothing has to be made for this name: a value is given, for an input or in a node's place."""
        return any(name in values for values in (self.inputs, self.config, self.overrides, self.pins))
