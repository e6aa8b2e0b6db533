"""Artifacts over each kind of store: one whose blobs are files that can be mapped, and one without files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.store.local import LocalStore
from dagbuild.testing.memory import MemoryStore


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    made = LocalStore(tmp_path / "cache") if request.param == "local" else MemoryStore()
    yield made
    made.close()


@pytest.fixture
def artifacts(store: Any) -> Artifacts:
    return Artifacts(store)
