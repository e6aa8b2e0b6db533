"""Each call for an element finds the process as importing left it, whatever the calls before it have left there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import build, write_files

LEFT = {
    "a list": ("SEEN = []", "SEEN.append(url); return len(SEEN)"),
    "a list with something in it": ("SEEN = [0]", "SEEN.append(url); return len(SEEN)"),
    "a counter in a table": ("N = {}", "N['n'] = N.get('n', 0) + 1; return N['n']"),
    "a set": ("SEEN = set()", "SEEN.add(url); return len(SEEN)"),
    "a deque": (
        "import collections\nSEEN = collections.deque([1, 2], 3)",
        "SEEN.append(3); SEEN.popleft(); return len(SEEN)",
    ),
    "a name": ("N = 0", "global N; N += 1; return N"),
    "a name that is deleted": ("N = 5", "global N; n = N; del N; return n"),
    "a name that was not there": ("", "global N; N = globals().get('N', 0) + 1; return N"),
    "a default argument": (
        "def _note(url, seen=[0]):\n    seen.append(url)\n    return len(seen)",
        "return _note(url)",
    ),
    "an empty default argument": (
        "def _note(url, *, seen={}):\n    seen['n'] = seen.get('n', 0) + 1\n    return seen['n']",
        "return _note(url)",
    ),
    "an attribute of a function": (
        "def _note():\n    _note.n += 1\n    return _note.n\n_note.n = 0",
        "return _note()",
    ),
    "a variable of the function around": (
        "def _make():\n    n = 0\n    def _up():\n        nonlocal n\n        n += 1\n        return n\n"
        "    return _up\n_note = _make()",
        "return _note()",
    ),
    "an attribute of a class": ("class Mode:\n    n = 0", "Mode.n += 1; return Mode.n"),
    "an object": (
        "class Mode:\n    def __init__(self):\n        self.seen = []\nMODE = Mode()",
        "MODE.seen.append(url); return len(MODE.seen)",
    ),
    "a list in a list": ("SEEN = [[0]]", "SEEN[0].append(url); return len(SEEN[0])"),
    "a generator of random numbers": ("import random\nRNG = random.Random(3)", "return RNG.random()"),
    "numpy's generator": (
        "import numpy as np\nRNG = np.random.default_rng(3)",
        "return float(RNG.random())",
    ),
}

NODES = """
from dagbuild import Collect, Parallelizable

{start}

def url() -> Parallelizable[int]:
    return [10, 20, 30]

def page(url: int) -> object:
    {body}

def all(page: Collect[object]) -> list:
    return list(page)
"""


def write(folder: Path, start: str, body: str) -> None:
    write_files(folder, {"dagbuild.toml": 'modules = ["left_nodes"]'})
    (folder / "left_nodes.py").write_text(NODES.format(start=start, body=body))


@pytest.mark.parametrize("what", LEFT)
def test_no_call_finds_what_another_one_has_left(tmp_path: Path, what: str) -> None:
    """All elements give the same here, for none of these functions looks at its element."""
    write(tmp_path, *LEFT[what])

    values = build(tmp_path, "all", executor="inline").values["all"]

    assert values == [values[0]] * 3


def test_nor_does_one_in_a_process_of_its_own(tmp_path: Path) -> None:
    """Which runs several short steps."""
    write(tmp_path, *LEFT["a list"])

    assert build(tmp_path, "all", executor="local").values["all"] == [1, 1, 1]


MEMOS = {
    "of one thing": ("MODEL = None", "global MODEL\n    if MODEL is None:\n        MODEL = _load()\n    return MODEL"),
    "by key": ("MODELS = {}", "if 1 not in MODELS:\n        MODELS[1] = _load()\n    return MODELS[1]"),
    "in a default argument": (
        "def _get(memo={}):\n    if 1 not in memo:\n        memo[1] = _load()\n    return memo[1]",
        "return _get()",
    ),
    "in a list": ("MODELS = []", "if not MODELS:\n        MODELS.append(_load())\n    return MODELS[0]"),
}  # fmt: skip


@pytest.mark.parametrize("what", MEMOS)
def test_a_memo_is_filled_once_for_all_elements(
    tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model that is loaded by the first call is there for the others."""
    start, body = MEMOS[what]
    write(tmp_path, f"{start}\ndef _load():\n    print('loads')\n    return 7", body)

    result = build(tmp_path, "all", executor="inline")

    assert result.values["all"] == [7, 7, 7]
    assert capsys.readouterr().out.count("loads") == 1


def test_what_cannot_be_put_back_is_said(tmp_path: Path) -> None:
    """Of a long list nobody keeps the items."""
    write(tmp_path, "SEEN = list(range(5000))", "SEEN.append(url); return len(SEEN)")

    result = build(tmp_path, "all", executor="inline")

    notes = result.steps["page"].record.notes  # type: ignore[union-attr]
    assert [note.text for note in notes] == [
        "changes left_nodes.SEEN for what runs after it in the process, and it cannot be put back"
    ]
