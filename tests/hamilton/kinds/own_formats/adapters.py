"""Formats of one's own: a list of lines, and a diary that is kept in memory."""

import dataclasses
from collections.abc import Collection
from typing import Any

from hamilton import registry
from hamilton.io.data_adapters import DataLoader, DataSaver


@dataclasses.dataclass
class LinesLoader(DataLoader):
    """Reads lines, without those that begin with a mark."""

    path: str
    comment: str = "#"
    limit: int | None = None

    def load_data(self, type_: type) -> tuple[list, dict[str, Any]]:
        with open(self.path) as file:
            lines = [line.rstrip("\n") for line in file if not line.startswith(self.comment)]
        return lines[: self.limit], {"path": self.path, "type": type_.__name__}

    @classmethod
    def applicable_types(cls) -> Collection[type]:
        return [list]

    @classmethod
    def name(cls) -> str:
        return "lines"


@dataclasses.dataclass
class LinesSaver(DataSaver):
    """Writes lines."""

    path: str
    end: str = "\n"

    def save_data(self, data: list) -> dict[str, Any]:
        with open(self.path, "w") as file:
            file.writelines(f"{line}{self.end}" for line in data)
        return {"path": self.path, "lines": len(data)}

    @classmethod
    def applicable_types(cls) -> Collection[type]:
        return [list]

    @classmethod
    def name(cls) -> str:
        return "lines"


@dataclasses.dataclass
class DiarySaver(DataSaver):
    """Notes anything in a diary."""

    diary: dict
    day: str = "today"

    def save_data(self, data: Any) -> dict[str, Any]:
        self.diary.setdefault(self.day, []).append(data)
        return {"entries": len(self.diary[self.day])}

    @classmethod
    def applicable_types(cls) -> Collection[type]:
        return [int, str]

    @classmethod
    def applies_to(cls, type_: type) -> bool:
        return type_ in (int, str)

    @classmethod
    def name(cls) -> str:
        return "diary"


for adapter in (LinesLoader, LinesSaver, DiarySaver):
    registry.register_adapter(adapter)
