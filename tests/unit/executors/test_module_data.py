"""What a node changes of the data that modules hold stays, and is said where another node sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import build, write_files


@dataclass(frozen=True)
class Data:
    """What modules hold (`start`, and in `data_lib`), what node `first` does with it, and what node `second` does.

    `said` is what `first` is said to change; nothing where that concerns nobody.
    """

    start: str
    first: str
    second: str
    said: str = ""


SEEN = {
    "a name set": Data("MODE = 1", "global MODE; MODE = 2", "return MODE", "data_nodes.MODE"),
    "a name set for the first time": Data(
        "MODE = None", "global MODE; MODE = 2", "return MODE", "data_nodes.MODE"
    ),
    "a name that was not there": Data(
        "", "global MODE; MODE = 2", "return globals().get('MODE')", "data_nodes.MODE"
    ),
    "a list that grows": Data("LIST = [1]", "LIST.append(2)", "return len(LIST)", "data_nodes.LIST"),
    "an empty list": Data("LIST = []", "LIST.append(2)", "return len(LIST)", "data_nodes.LIST"),
    "a list cut": Data("LIST = [1]", "del LIST[:]", "return len(LIST)", "data_nodes.LIST"),
    "an item set": Data("TABLE = {}", "TABLE['a'] = 1", "return TABLE.get('a')", "data_nodes.TABLE"),
    "an item in an item": Data(
        "TABLE = {'a': {'b': 1}}",
        "each = TABLE['a']; each['b'] = 2",
        "return TABLE['a']['b']",
        "data_nodes.TABLE",
    ),
    "a set": Data("SEEN = {1}", "SEEN.add(2)", "return len(SEEN)", "data_nodes.SEEN"),
    "a counter that both use": Data(
        "N = 0\ndef _next() -> int:\n    global N\n    N += 1\n    return N",
        "return _next()",
        "return _next()",
        "data_nodes.N",
    ),
    "a memo that changes what it has": Data(
        "LAST = {'a': 0}\ndef _last(n: int) -> int:\n    LAST['a'] += n\n    return LAST['a']",
        "return _last(1)",
        "return _last(2)",
        "data_nodes.LAST",
    ),
    "an attribute of a class": Data(
        "class Mode:\n    now = 'quiet'", "Mode.now = 'loud'", "return len(Mode.now)", "data_nodes.Mode.now"
    ),
    "a table of a class": Data(
        "class Mode:\n    table: dict = {}",
        "Mode.table['a'] = 1",
        "return len(Mode.table)",
        "data_nodes.Mode.table",
    ),
    "an object": Data(
        "class Mode:\n    def __init__(self) -> None:\n        self.now = 1\nMODE = Mode()",
        "MODE.now = 2",
        "return MODE.now",
        "data_nodes.MODE",
    ),
    "a generator": Data(
        "import random\nRNG = random.Random(3)",
        "return RNG.random()",
        "return RNG.random()",
        "data_nodes.RNG",
    ),
    "numpy's generator": Data(
        "import numpy as np\nRNG = np.random.default_rng(3)",
        "return float(RNG.random())",
        "return float(RNG.random())",
        "data_nodes.RNG",
    ),
    "another module's name": Data(
        "import data_lib", "data_lib.LIMIT = 2", "return data_lib.LIMIT", "data_lib.LIMIT"
    ),
    "another module's table": Data(
        "import data_lib", "data_lib.fill('a')", "return data_lib.TABLE.get('a')", "data_lib.TABLE"
    ),
    "through a helper that reads": Data(
        "import data_lib", "data_lib.fill('a')", "return data_lib.get('a')", "data_lib.TABLE"
    ),
}

SILENT = {
    "nothing": Data("LIMIT = 1", "return LIMIT", "return LIMIT"),
    "what nobody else reaches": Data("MODE = 1", "global MODE; MODE = 2", "return 1"),
    "a value equal to the one before": Data("MODE = 'a'", "global MODE; MODE = 'a'", "return MODE"),
    "a memo by key": Data("import data_lib", "return data_lib.load('a')", "return data_lib.load('bb')"),
    "a memo by key in two functions": Data(
        "import data_lib", "return data_lib.load2('a')", "return data_lib.load2('b')"
    ),
    "a memo by setdefault": Data(
        "TABLE = {}\ndef _load(n: int) -> int:\n    return TABLE.setdefault(n, n + 1)",
        "return _load(1)",
        "return _load(2)",
    ),
    "a memo of one thing": Data(
        "T = None\ndef _load() -> int:\n    global T\n    if T is None:\n        T = 5\n    return T",
        "return _load()",
        "return _load()",
    ),
    "a memo in a list": Data(
        "T: list = []\ndef _load() -> int:\n    if not T:\n        T.append(5)\n    return T[0]",
        "return _load()",
        "return _load()",
    ),
    "a cached function": Data(
        "import functools\n@functools.cache\ndef _load(n: int) -> int:\n    return n",
        "return _load(1)",
        "return _load(2)",
    ),
    "a memo of a class": Data(
        "class Memo:\n    held = None\n    @classmethod\n    def load(cls) -> int:\n        if cls.held is None:\n"
        "            cls.held = 5\n        return cls.held",
        "return Memo.load()",
        "return Memo.load()",
    ),
    "a memo in an object": Data(
        "class Memo:\n    def __init__(self) -> None:\n        self.table = {}\n    def load(self, n: int) -> int:\n"
        "        return self.table.setdefault(n, n + 1)\nMEMO = Memo()",
        "return MEMO.load(1)",
        "return MEMO.load(2)",
    ),
}

DATA_LIB = """
    LIMIT = 1
    TABLE: dict[str, int] = {}

    def fill(name: str) -> None:
        TABLE[name] = len(name)

    def get(name: str) -> int:
        return TABLE.get(name, 0)

    def load(name: str) -> int:
        if name not in TABLE:
            TABLE[name] = len(name)
        return TABLE[name]

    def load2(name: str) -> int:
        if name not in TABLE:
            fill(name)
        return TABLE[name]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, data: Data) -> None:
    text = f"{data.start}\n\ndef first() -> object:\n    {data.first}\n\ndef second() -> object:\n    {data.second}\n"
    write_files(
        folder, {"dagbuild.toml": 'modules = ["data_nodes"]\nexecutor = "inline"\n', "data_lib.py": DATA_LIB}
    )
    (folder / "data_nodes.py").write_text(text)


def find_said(folder: Path, *nodes: str) -> list[str]:
    """Return what the nodes, built in this order, are said to change, in whose sight."""
    notices = [notice.text for notice in build(folder, *nodes).notices if " changes " in notice.text]
    return [text.partition(" finds ")[0] for text in notices]


@pytest.mark.parametrize("name", SEEN)
def test_what_another_node_sees_is_said(name: str, folder: Path) -> None:
    """With the node that has changed it, what that is, and one that sees it."""
    data = SEEN[name]
    write(folder, data)

    said = find_said(folder, "first", "second")

    assert said[:1] == [f"'first' changes {data.said}, which data_nodes.second"]


@pytest.mark.parametrize("name", SILENT)
def test_what_is_the_same_for_everybody_is_not_cried_at(name: str, folder: Path) -> None:
    """Memos are legal, and so is what concerns the node alone."""
    write(folder, SILENT[name])

    assert find_said(folder, "first", "second") == []


def test_a_view_is_a_part_of_the_node_that_it_runs_in(folder: Path) -> None:
    """What it changes for itself concerns nobody else."""
    start = "from dagbuild import cache\nN = [1]\n@cache('never')\ndef view() -> int:\n    N.append(2)\n    return len(N)"
    write(folder, Data(start, "return 1", "return 1"))
    with (folder / "data_nodes.py").open("a") as nodes:
        nodes.write("\ndef third(view: int) -> int:\n    return view\n")

    assert find_said(folder, "third") == []


def test_a_node_that_fails_is_not_mistaken_for_the_next(folder: Path) -> None:
    """What it has changed before it failed is not said of who runs after it."""
    write(folder, Data("N = [1]", "N.append(2); raise ValueError('no')", "return len(N)"))

    result = build(folder, "first", "second", keep_going=True)

    assert [notice.text for notice in result.notices if " changes " in notice.text] == []
    assert result.values["second"] == 2
