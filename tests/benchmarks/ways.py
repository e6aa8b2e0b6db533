"""Ways to keep a value: ours, and what people use beside it.

Each way keeps values by number in a folder of its own, and gives them back in another process. A way whose library is
not installed says so. Knows no times and no benchmark.
"""

from __future__ import annotations

import importlib.util
import json
import pickle
from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.support import take_in

SETTLED = 2000
"""Blobs after which each of the 256 folders that they are spread over is there."""


class Way(ABC):
    name: str
    library = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def is_there(cls) -> bool:
        return not cls.library or importlib.util.find_spec(cls.library) is not None

    def settle(self) -> None:  # noqa: B027 - most have nothing to do
        """Bring the folder to where it is after some use."""

    @abstractmethod
    def save(self, number: int, value: Any) -> None: ...

    @abstractmethod
    def load(self, number: int) -> Any: ...

    def close(self) -> None:  # noqa: B027 - most have nothing to do
        """Do what is done at the end of a build."""


class Ours(Way):
    name = "dagbuild"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        from dagbuild.artifacts import Artifacts
        from dagbuild.store.local import LocalStore

        self._store = LocalStore(folder / "cache")
        self._artifacts = Artifacts(self._store)

    def settle(self) -> None:
        for number in range(SETTLED):
            self._artifacts.save(np.full(128, number))

    def save(self, number: int, value: Any) -> None:
        artifact = self._artifacts.save(value)
        (self.folder / f"{number}.json").write_text(json.dumps(artifact.to_json()))

    def load(self, number: int) -> Any:
        from dagbuild.model.record import Artifact

        return self._artifacts.load(
            Artifact.from_json(json.loads((self.folder / f"{number}.json").read_text()))
        )

    def close(self) -> None:
        self._store.close()


class AtFirst(Ours):
    name = "at first"

    def settle(self) -> None:
        """Leave the folder empty: each of the first blobs makes a folder below it."""


class Elsewhere(Ours):
    """As if it had been fetched, and loaded by an earlier process already; "elsewhere-new" was not."""

    name = "elsewhere"

    def save(self, number: int, value: Any) -> None:
        self._receive(number, value)
        self.load(number)

    def _receive(self, number: int, value: Any) -> None:
        artifact, blobs = self._artifacts.encode(value)
        refs = tuple(take_in(self._store, b"".join(chunks)) for chunks in blobs)
        (self.folder / f"{number}.json").write_text(json.dumps(replace(artifact, blobs=refs).to_json()))


class ElsewhereNew(Elsewhere):
    name = "elsewhere-new"

    def save(self, number: int, value: Any) -> None:
        self._receive(number, value)


class Pickle(Way):
    name = "pickle"

    def save(self, number: int, value: Any) -> None:
        with (self.folder / f"{number}.pickle").open("wb") as file:
            pickle.dump(value, file, protocol=5)

    def load(self, number: int) -> Any:
        with (self.folder / f"{number}.pickle").open("rb") as file:
            return pickle.load(file)


class Parquet(Way):
    name = "parquet"

    def save(self, number: int, value: pd.DataFrame) -> None:
        value.to_parquet(self.folder / f"{number}.parquet")

    def load(self, number: int) -> Any:
        return pd.read_parquet(self.folder / f"{number}.parquet")


HELD: list[Any] = [None]
"""What the function gives whose value a cache keeps: a cache is asked for calls, not for values."""


def given(number: int) -> Any:
    """The function that joblib calls; its code is part of the key."""
    return HELD[0]


class Joblib(Way):
    name = "joblib"
    library = "joblib"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        from joblib import Memory

        self._call = Memory(folder, verbose=0).cache(given)

    def save(self, number: int, value: Any) -> None:
        HELD[0] = value
        self._call(number)

    def load(self, number: int) -> Any:
        HELD[0] = None
        return self._call(number)


class Hamilton(Way):
    name = "hamilton"
    library = "hamilton"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        from hamilton import driver

        from tests.benchmarks import hamilton_nodes

        self._driver = driver.Builder().with_modules(hamilton_nodes).with_cache(path=folder).build()

    def save(self, number: int, value: Any) -> None:
        HELD[0] = value
        self.load(number)

    def load(self, number: int) -> Any:
        return self._driver.execute(["value"], inputs={"number": number})["value"]


WAYS: dict[str, type[Way]] = {
    way.name: way for way in (Ours, AtFirst, Elsewhere, ElsewhereNew, Pickle, Parquet, Joblib, Hamilton)
}
