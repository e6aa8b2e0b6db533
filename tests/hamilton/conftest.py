"""What tests of our doors leave behind: nothing that the libraries which Hamilton opens have set."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def environment_put_back() -> Iterator[None]:
    """Hamilton's plugins import what is installed, and some of that sets variables for the whole process."""
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)
