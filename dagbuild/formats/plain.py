"""Loaders and savers of plain values: json, yaml, pickle, text, bytes, literals, the environment, arrays."""

from __future__ import annotations

import importlib
import io
import json
import os
import pickle
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from dagbuild.formats.adapters import AdapterCommon, DataLoader, DataSaver, Leaves
from dagbuild.formats.metadata import get_file_metadata
from dagbuild.ground.errors import UserError


class _Plain(AdapterCommon):
    """One that says by its attributes what it is for."""

    form: ClassVar[str]
    kinds: ClassVar[Collection[Any]]

    @classmethod
    def applicable_types(cls) -> Collection[Any]:
        """Return the types of what is loaded or saved."""
        return cls.kinds

    @classmethod
    def name(cls) -> str:
        """Return the name of the format."""
        return cls.form


class _File(_Plain):
    """One whose argument `path` is a file's."""

    place: ClassVar[str | None] = "path"


@dataclass
class JSONDataLoader(_File, DataLoader):
    """Loads a dict or list from a JSON file."""

    path: str
    form: ClassVar[str] = "json"
    kinds: ClassVar[Collection[Any]] = [dict, list]

    def load_data(self, _: Any) -> tuple[Any, dict[str, Any]]:
        """Return the value, and what is known of the file."""
        return json.loads(Path(self.path).read_bytes()), get_file_metadata(self.path)


@dataclass
class JSONDataSaver(_File, DataSaver):
    """Saves a dict or list as a JSON file."""

    path: str
    form: ClassVar[str] = "json"
    kinds: ClassVar[Collection[Any]] = [dict, list]

    def save_data(self, data: Any) -> dict[str, Any]:
        """Save the value, and return what is known of the file."""
        Path(self.path).write_text(json.dumps(data), encoding="utf-8")
        return get_file_metadata(self.path)


_YAML: Collection[type] = [str, int, float, bool, dict, list]


@dataclass
class YAMLDataLoader(_File, DataLoader):
    """Loads a plain value from a YAML file."""

    path: str
    form: ClassVar[str] = "yaml"
    kinds: ClassVar[Collection[Any]] = _YAML

    def load_data(self, _: Any) -> tuple[Any, dict[str, Any]]:
        """Return the value, and what is known of the file; raises UserError without PyYAML."""
        return _open_yaml().safe_load(Path(self.path).read_bytes()), get_file_metadata(self.path)


@dataclass
class YAMLDataSaver(_File, DataSaver):
    """Saves a plain value as a YAML file."""

    path: str
    form: ClassVar[str] = "yaml"
    kinds: ClassVar[Collection[Any]] = _YAML

    def save_data(self, data: Any) -> dict[str, Any]:
        """Save the value, and return what is known of the file; raises UserError without PyYAML."""
        text = _open_yaml().dump(data)
        Path(self.path).write_text(text, encoding="utf-8")
        return get_file_metadata(self.path)


def _open_yaml() -> ModuleType:
    try:
        return importlib.import_module("yaml")
    except ImportError as error:
        raise UserError("files of the format 'yaml' need PyYAML", hint="pip install pyyaml") from error


@dataclass
class PickleLoader(_File, DataLoader):
    """Loads whatever a pickle holds."""

    path: str
    form: ClassVar[str] = "pickle"
    kinds: ClassVar[Collection[Any]] = [object, Any]

    def load_data(self, _: Any) -> tuple[Any, dict[str, Any]]:
        """Return the value, and what is known of the file."""
        return pickle.loads(Path(self.path).read_bytes()), get_file_metadata(self.path)


@dataclass
class PickleSaver(_File, DataSaver):
    """Saves whatever can be pickled."""

    path: str
    form: ClassVar[str] = "pickle"
    kinds: ClassVar[Collection[Any]] = [object]

    def save_data(self, data: Any) -> dict[str, Any]:
        """Save the value, and return what is known of the file."""
        Path(self.path).write_bytes(pickle.dumps(data))
        return get_file_metadata(self.path)


@dataclass
class RawFileDataLoader(_File, DataLoader):
    """Loads the text of a file."""

    path: str
    encoding: str = "utf-8"
    form: ClassVar[str] = "file"
    kinds: ClassVar[Collection[Any]] = [str]

    def load_data(self, _: Any) -> tuple[str, dict[str, Any]]:
        """Return the text, and what is known of the file."""
        return Path(self.path).read_text(encoding=self.encoding), get_file_metadata(self.path)


@dataclass
class RawFileDataSaver(_File, DataSaver):
    """Saves a text as a file."""

    path: str
    encoding: str = "utf-8"
    form: ClassVar[str] = "file"
    kinds: ClassVar[Collection[Any]] = [str]

    def save_data(self, data: str) -> dict[str, Any]:
        """Save the text, and return what is known of the file."""
        Path(self.path).write_text(data, encoding=self.encoding)
        return get_file_metadata(self.path)


@dataclass
class RawFileDataSaverBytes(_File, DataSaver):
    """Saves bytes as a file."""

    path: str
    form: ClassVar[str] = "file"
    kinds: ClassVar[Collection[Any]] = [bytes, io.BytesIO]

    def save_data(self, data: bytes | io.BytesIO) -> dict[str, Any]:
        """Save the bytes, and return what is known of the file."""
        Path(self.path).write_bytes(data if isinstance(data, bytes) else data.getvalue())
        return get_file_metadata(self.path)


@dataclass
class LiteralValueDataLoader(_Plain, DataLoader):
    """Gives the value that it is given."""

    value: Any

    form: ClassVar[str] = "literal"
    kinds: ClassVar[Collection[Any]] = [Any]

    def load_data(self, _: Any) -> tuple[Any, dict[str, Any]]:
        """Return the value, of which nothing else is known."""
        return self.value, {}


@dataclass
class EnvVarDataLoader(_Plain, DataLoader):
    """Gives variables of the environment, by their names; raises UserError where one is not set."""

    names: Sequence[str]

    form: ClassVar[str] = "environment"
    kinds: ClassVar[Collection[Any]] = [dict]

    def load_data(self, _: Any) -> tuple[dict[str, str], dict[str, Any]]:
        """Return the variables; raises UserError where one is not set."""
        # By what is told the name of a variable, so that it is seen to be looked up.
        found = {name: os.path.expandvars(f"${{{name}}}") for name in self.names}
        if lacking := [name for name in self.names if name not in os.environ]:
            raise UserError(f"the environment has no {', '.join(map(repr, lacking))}", hint="set it")
        return found, {}


@dataclass
class InMemoryResult(_Plain, DataSaver):
    """Saves nothing: it gives the value itself."""

    leaves: ClassVar[Leaves] = "nothing"

    form: ClassVar[str] = "memory"
    kinds: ClassVar[Collection[Any]] = [Any]

    def save_data(self, data: Any) -> Any:
        """Return the value."""
        return data


ADAPTERS = (
    JSONDataLoader, JSONDataSaver, YAMLDataLoader, YAMLDataSaver, PickleLoader, PickleSaver, RawFileDataLoader,
    RawFileDataSaver, RawFileDataSaverBytes, LiteralValueDataLoader, EnvVarDataLoader, InMemoryResult,
)  # fmt: skip
