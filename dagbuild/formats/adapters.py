"""What a loader and a saver are: classes whose fields say what is loaded or saved, and how.

Knows no format, no graph and no store. Anybody may write more of them; `register_adapter` makes them known.
"""

from __future__ import annotations

import abc
import dataclasses
import typing
from collections.abc import Collection
from typing import Any, ClassVar, Literal, TypeAlias

from dagbuild.ground.errors import GraphError
from dagbuild.model.types import accepts, plain_type

Leaves: TypeAlias = Literal["files", "elsewhere", "nothing"]
"""Where a saver leaves what it saves: a build looks whether files are still there; elsewhere, it cannot."""


class AdapterCommon(abc.ABC):
    """What loaders and savers have in common: the types they are for, a name, and dataclass fields as arguments."""

    place: ClassVar[str | None] = None
    """The argument that is the path of the file, or folder, where there is one that is nothing else."""

    @classmethod
    @abc.abstractmethod
    def applicable_types(cls) -> Collection[type]:
        """Return the types of what is loaded or saved."""

    @classmethod
    @abc.abstractmethod
    def name(cls) -> str:
        """Return the name of the format: `load_from.<name>`, `to.<name>`."""

    @classmethod
    @abc.abstractmethod
    def applies_to(cls, type_: Any) -> bool:
        """Tell whether it is for this type."""

    @classmethod
    def can_load(cls) -> bool:
        """Tell whether it loads."""
        return False

    @classmethod
    def can_save(cls) -> bool:
        """Tell whether it saves."""
        return False

    @classmethod
    def get_required_arguments(cls) -> dict[str, Any]:
        """Return the type of each argument that must be given; raises GraphError unless it is a dataclass."""
        return {name: kind for name, kind, required in _list_fields(cls) if required}

    @classmethod
    def get_optional_arguments(cls) -> dict[str, Any]:
        """Return the type of each argument that has a default; raises GraphError unless it is a dataclass."""
        return {name: kind for name, kind, required in _list_fields(cls) if not required}


class DataLoader(AdapterCommon, abc.ABC):
    """Loads a value from somewhere."""

    plans: ClassVar[bool] = False
    """Whether it gives a plan that loads when it is asked, which cannot be stored."""

    @abc.abstractmethod
    def load_data(self, type_: Any) -> tuple[Any, dict[str, Any]]:
        """Return the value, and what is known of where it came from."""

    @classmethod
    def can_load(cls) -> bool:
        """Tell whether it loads."""
        return True

    @classmethod
    def applies_to(cls, type_: Any) -> bool:
        """Tell whether what it loads is of this type."""
        return any(accepts(kind, type_) for kind in cls.applicable_types())


class DataSaver(AdapterCommon, abc.ABC):
    """Saves a value somewhere."""

    leaves: ClassVar[Leaves] = "files"
    completes: ClassVar[bool] = False
    """Whether it gives a path without an ending one of its own."""

    @abc.abstractmethod
    def save_data(self, data: Any) -> dict[str, Any]:
        """Save the value, and return what is known of where it is now."""

    @classmethod
    def can_save(cls) -> bool:
        """Tell whether it saves."""
        return True

    @classmethod
    def applies_to(cls, type_: Any) -> bool:
        """Tell whether it saves values of this type; of a value that may be anything, whether it saves anything."""
        kinds = cls.applicable_types()
        if plain_type(type_) is Any:
            return any(plain_type(kind) in (Any, object) for kind in kinds)
        return any(accepts(type_, kind) for kind in kinds)


def _list_fields(adapter: type) -> list[tuple[str, Any, bool]]:
    """Return (name, type, whether it must be given) of each argument."""
    if not dataclasses.is_dataclass(adapter):
        raise GraphError(
            f"'{adapter.__qualname__}' loads or saves, and is no dataclass",
            hint=f"write @dataclass above class {adapter.__name__}: its fields are the arguments",
        )
    try:
        kinds = typing.get_type_hints(adapter)
    except (NameError, TypeError):  # of texts that name what is not there, nothing is known
        kinds = {}
    return [
        (
            field.name,
            kinds.get(field.name, Any),
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(adapter)
        if field.init
    ]
