"""Artifacts over each kind of store: one whose blobs are files that can be mapped, and one without files."""

import pytest

from dagbuild.artifacts import Artifacts
from dagbuild.store.local import LocalStore
from dagbuild.testing.memory import MemoryStore


@pytest.fixture(params=["local", "memory"])
def store(request, tmp_path):
    made = LocalStore(tmp_path / "cache") if request.param == "local" else MemoryStore()
    yield made
    made.close()


@pytest.fixture
def artifacts(store):
    return Artifacts(store)
