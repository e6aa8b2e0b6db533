"""The public suites: each finds a broken subject, and they say what they need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import dagbuild.testing

ROOT = Path(__file__).parents[2]

CODEC = """
from dagbuild.codecs import Codec, codec
from dagbuild.testing import CodecContract

class Pair:
    def __init__(self, left, right):
        self.left, self.right = left, right
    def __eq__(self, other):
        return (self.left, self.right) == (other.left, other.right)

@codec(Pair)
class PairCodec(Codec):
    name = "pair/1"
    def encode(self, value, writer):
        return [value.left, value.right]
    def decode(self, meta, reader):
        return Pair(*meta)

class TestPair(CodecContract):
    name = "pair/1"
    def values(self):
        return [Pair(1, 2), Pair("a", None)]
"""

STORE = """
import pytest
from dagbuild.testing import MemoryStore, StoreContract

class OwnStore(MemoryStore):
    def has_blobs(self, refs, *, local=False):
        return super().has_blobs(refs, local=local)

class TestOwnStore(StoreContract):
    @pytest.fixture
    def store(self):
        return OwnStore()
    @pytest.fixture
    def again(self, store):
        return lambda: store
"""

EXECUTOR = """
import pytest
from dagbuild.executors.inline import InlineExecutor
from dagbuild.testing import ExecutorContract

class OwnExecutor(InlineExecutor):
    def close(self):
        super().close()

class TestOwnExecutor(ExecutorContract):
    @pytest.fixture
    def executor(self, worker):
        return OwnExecutor(worker)
"""


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(("DAGBUILD_", "PYTEST_"))}
    env["PYTHONPATH"] = str(ROOT)
    env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # a third party need not have ours
    return subprocess.run(
        [sys.executable, *words], cwd=cwd, env=env, text=True, capture_output=True, check=False
    )


@pytest.mark.parametrize(
    ("subject", "whole", "broken", "failing"),
    [
        (CODEC, "return Pair(*meta)", "return Pair(meta[0], meta[0])", "test_gives_back_what_was_saved"),
        (CODEC, "[value.left, value.right]", "[value.left, id(value)]", "test_is_the_same_again"),
        (
            CODEC,
            'name = "pair/1"\n    def values',
            'name = "pair/2"\n    def values',
            "test_tells_whether_it_is_code",
        ),
        (STORE, "local=local)", "local=local) - set(refs)", "test_says_which_blobs_are_there"),
        (EXECUTOR, "super().close()", "del self._queue", "test_can_be_closed_twice"),
    ],
    ids=["codec_loses", "codec_wavers", "codec_of_another_name", "store_forgets", "executor_closes_once"],
)
def test_a_suite_tells_the_broken_from_the_whole(
    tmp_path: Path, subject: str, whole: str, broken: str, failing: str
) -> None:
    """It passes for the subject as it is, and fails at the promise that a broken one does not keep."""
    assert whole in subject
    (tmp_path / "test_whole.py").write_text(subject)
    (tmp_path / "test_broken.py").write_text(subject.replace(whole, broken))
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", failing)

    passed = run(*command, "test_whole.py", cwd=tmp_path)
    failed = run(*command, "test_broken.py", cwd=tmp_path)

    assert passed.returncode == 0, passed.stdout
    assert failed.returncode == 1, failed.stdout
    assert f"::{failing}" in failed.stdout


@pytest.mark.parametrize("suite", [name for name in dagbuild.testing.__all__ if name.endswith("Contract")])
def test_without_pytest_a_suite_says_what_to_install(tmp_path: Path, suite: str) -> None:
    """And what needs no pytest is there."""
    script = f"""
import sys
sys.modules["pytest"] = None  # as Python has it for what is not to be found
from dagbuild.testing import MemoryStore, make_record
try:
    from dagbuild.testing import {suite}
except ImportError as error:
    print(error)
"""

    said = run("-c", script, cwd=tmp_path)

    assert said.stdout.strip() == (
        f"'{suite}' is a suite of tests and needs pytest: pip install 'dagbuild[testing]'"
    )


@pytest.mark.parametrize("name", dagbuild.testing.__all__)
def test_public_names_are_explained(name: str) -> None:
    """Each tells what it is for."""
    assert getattr(dagbuild.testing, name).__doc__
