"""An edit of a value, whatever it is and wherever it stands, is told with what it was and what it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy  # noqa: F401 - what the modules import is here already, and stays
import pandas  # noqa: F401
import pytest

from dagbuild.code.closure import SourceReader
from dagbuild.code.fingerprint import make_manifests
from dagbuild.loader import load_graph
from dagbuild.model.record import Manifest, Part
from dagbuild.plan.reasons import find_changes

Load = Callable[..., ModuleType]

HEAD = """
import collections, dataclasses, datetime, decimal, enum, functools, random, types
import numpy as np
import pandas as pd
from pathlib import Path
from typing import NamedTuple
from dagbuild import cache, parameterize, source, value

class Colour(enum.Enum):
    RED = 1
    BLUE = 2

@dataclasses.dataclass
class Params:
    rate: float = 0.1
    deep: dict = dataclasses.field(default_factory=dict)

class Point(NamedTuple):
    x: int
    y: int = 0

class Plain:
    def __init__(self, **held):
        self.__dict__.update(held)

"""
LINE = HEAD.count("\n") + 1


def manifest_of(load: Load, tmp_path: Path, **files: str) -> Manifest:
    """Return the manifest of `node` as it comes back from a record."""
    nodes = load(**files)
    graph = load_graph([nodes], {})
    made = make_manifests([graph.nodes["node"]], SourceReader([nodes], str(tmp_path)), packages={})["node"]
    return Manifest(
        tuple(Part.from_json(part) for part in json.loads(json.dumps([p.to_json() for p in made.parts])))
    )


def changes(load: Load, tmp_path: Path, old: dict[str, str], new: dict[str, str]) -> list[str]:
    was = manifest_of(load, tmp_path, **old)
    now = manifest_of(load, tmp_path, **new)
    assert was.fingerprint != now.fingerprint
    return [str(reason) for reason in find_changes(was, now)]


LONG = {f"key{n}": "v" * 30 for n in range(40)}
MANY = list(range(1000, 1060))
CONSTANTS = {
    "int": ("1", "2", "`K`: 1 -> 2"),
    "type": ("1", "1.0", "`K`: 1 -> 1.0"),
    "bool": ("True", "False", "`K`: True -> False"),
    "none": ("None", "0", "`K`: None -> 0"),
    "text": ("'a'", "'b'", "`K`: 'a' -> 'b'"),
    "bytes": ("b'RED'", "b'BLUE'", "`K`: b'RED' -> b'BLUE'"),
    "long text": (
        repr("x" * 200 + "a" + "y" * 90), repr("x" * 200 + "b" + "y" * 90),
        f"`K`: …{'x' * 15}a{'y' * 29}… -> …{'x' * 15}b{'y' * 29}…",
    ),
    "huge text": (
        repr("x" * 5000), repr("x" * 5001),
        f"`K`: '{'x' * 30}…', 5,000 characters -> '{'x' * 30}…', 5,001 characters",
    ),
    "end of a huge text": (repr("x" * 5000), repr("x" * 4999 + "y"), "`K` changed"),
    "date": ("datetime.date(2020, 1, 1)", "datetime.date(2020, 1, 2)", "`K`: 2020-01-01 -> 2020-01-02"),
    "decimal": ("decimal.Decimal('1.10')", "decimal.Decimal('1.2')", "`K`: 1.10 -> 1.2"),
    "path": ("Path('a/b')", "Path('a/c')", "`K`: a/b -> a/c"),
    "list item": ("[1, 2, 3]", "[1, 5, 3]", "`K[1]`: 2 -> 5"),
    "list grows": ("[1, 2]", "[1, 2, 3]", "`K[2]` is new: 3"),
    "list grows in the middle": ("[1, 2]", "[1, 9, 2]", "`K[1]` is new: 9"),
    "list shrinks": ("[1, 2]", "[2]", "`K[0]` is gone; it was 1"),
    "tuple item": ("(1, 2)", "(1, 3)", "`K[1]`: 2 -> 3"),
    "list to tuple": ("[1, 2]", "(1, 2)", "`K`: [1, 2] -> (1, 2)"),
    "dict value": ("{'uk': 0.2, 'de': 0.19}", "{'uk': 0.25, 'de': 0.19}", "`K['uk']`: 0.2 -> 0.25"),
    "dict key comes": ("{'uk': 1}", "{'uk': 1, 'fr': 2}", "`K['fr']` is new: 2"),
    "dict key goes": ("{'uk': 1, 'fr': 2}", "{'uk': 1}", "`K['fr']` is gone; it was 2"),
    "dict order": ("{'uk': 1, 'fr': 2}", "{'fr': 2, 'uk': 1}", "`K` is in another order"),
    "nested": ("{'a': {'b': [1, {'c': 2}]}}", "{'a': {'b': [1, {'c': 3}]}}", "`K['a']['b'][1]['c']`: 2 -> 3"),
    "set grows": ("{1, 2}", "{1, 2, 3}", "`K item` is new: 3"),
    "set item": ("{1, 2}", "{1, 3}", "`K`: 2 -> 3"),
    "frozen set": ("frozenset({'a'})", "frozenset({'a', 'b'})", "`K item` is new: 'b'"),
    "empty set": ("set()", "{1}", "`K`: set() -> {1}"),
    "member": ("Colour.RED", "Colour.BLUE", "`K`: Colour.RED -> Colour.BLUE"),
    "member in a list": ("[Colour.RED]", "[Colour.BLUE]", "`K[0]`: Colour.RED -> Colour.BLUE"),
    "dataclass": ("Params(0.1)", "Params(0.2)", "`K.rate`: 0.1 -> 0.2"),
    "in a dataclass": ("Params(deep={'k': 1})", "Params(deep={'k': 2})", "`K.deep['k']`: 1 -> 2"),
    "named tuple": ("Point(1, 2)", "Point(1, 3)", "`K.y`: 2 -> 3"),
    "object": ("Plain(a=1, b='x')", "Plain(a=1, b='y')", "`K.b`: 'x' -> 'y'"),
    "object gets more": ("Plain(a=1)", "Plain(a=1, b=2)", "`K.b` is new: 2"),
    "partial": ("functools.partial(int, base=2)", "functools.partial(int, base=3)", "`K.base`: 2 -> 3"),
    "counter": ("collections.Counter('aab')", "collections.Counter('aabb')", "`K['b']`: 1 -> 2"),
    "array": ("np.zeros((3, 2))", "np.zeros((4, 2))", "`K`: ndarray of 3 x 2 float64 -> ndarray of 4 x 2 float64"),
    "dtype": ("np.zeros(3)", "np.zeros(3, int)", "`K`: ndarray of 3 float64 -> ndarray of 3 int64"),
    "array's values": ("np.zeros(3)", "np.ones(3)", "`K` changed"),
    "number of numpy": ("np.float64(0.5)", "np.float64(0.25)", "`K`: 0.5 -> 0.25"),
    "frame": (
        "pd.DataFrame({'a': [1]})", "pd.DataFrame({'a': [1.5]})",
        "`K`: DataFrame of 1 x 1: a int64 -> DataFrame of 1 x 1: a float64",
    ),
    "frame's values": ("pd.DataFrame({'a': [1]})", "pd.DataFrame({'a': [2]})", "`K` changed"),
    "array in a dict": ("{'w': np.zeros(3)}", "{'w': np.ones(3)}", "`K['w']` changed"),
    "long dict": (repr(LONG), repr(LONG | {"key7": "w" * 30}), "`K['key7']` changed"),
    "long list": (repr(MANY), repr([*MANY[:40], 7, *MANY[41:]]), "`K[40]`: 1040 -> 7"),
    "longer list": (
        repr(list(range(1000, 1090))), repr([*range(1000, 1040), 7, *range(1041, 1090)]), "`K[40]` changed",
    ),
    "huge list": (
        "list(range(5000))", "list(range(5001))", "`K`: list of 5,000 items -> list of 5,001 items",
    ),
    "what is huge inside": ("{'a': 1, 'b': 'x' * 9999}", "{'a': 2, 'b': 'x' * 9999}", "`K['a']`: 1 -> 2"),
    "many items": (
        "{'a': 1, 'b': 1, 'c': 1, 'd': 1, 'e': 1, 'f': 1, 'g': 1, 'h': 1}",
        "{'a': 2, 'b': 2, 'c': 2, 'd': 2, 'e': 2, 'f': 2, 'g': 2, 'h': 2}",
        "`K['a']`: 1 -> 2",
    ),
    "computed": ("2 * 21", "2 * 22", "`K`: 42 -> 44"),
    "function": ("len", "sum", "`K`: len -> sum"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), CONSTANTS.values(), ids=CONSTANTS)
def test_constants(load: Load, tmp_path: Path, old: str, new: str, said: str) -> None:
    """Old and new value, or the part that differs, and the line."""
    text = HEAD + "K = {}\n\ndef node() -> str:\n    return str(K)\n"
    told = changes(
        load,
        tmp_path,
        {"nodes": text.replace("{}\n\n", old + "\n\n")},
        {"nodes": text.replace("{}\n\n", new + "\n\n")},
    )

    assert told[0] == f"constant {said} (nodes.py:{LINE})"
    assert all(line.startswith("constant `K") for line in told)


# What is edited in the code around a constant of its own, and what is told of it.
HELD = {
    "default": ("def node(x: int = 1) -> int:\n    return x\n", "= 1", "= 2", "default `x` of function `node`: 1 -> 2"),
    "keyword default": (
        "def node(*, x: int = 1) -> int:\n    return x\n", "= 1", "= 2", "default `x` of function `node`: 1 -> 2",
    ),
    "default of a helper": (
        "def _f(a, b=[1, 2]):\n    return b\n\ndef node() -> int:\n    return _f(0)\n", "[1, 2]", "[1, 3]",
        "default `b[1]` of helper `_f`: 2 -> 3",
    ),
    "closure": (
        "def _make(n):\n    def _add(x):\n        return x + n\n    return _add\n\n_two = _make(1)\n\n"
        "def node() -> int:\n    return _two(0)\n", "make(1)", "make(2)",
        "variable `n` of helper `_make.<locals>._add`: 1 -> 2",
    ),
    "decorator's argument": (
        "def _times(n):\n    def wrap(f):\n        @functools.wraps(f)\n        def inner():\n            return f() * n\n"
        "        return inner\n    return wrap\n\n@_times(3)\ndef node() -> int:\n    return 1\n", "@_times(3)", "@_times(4)",
        "variable `n` of function `_times.<locals>.wrap.<locals>.inner`: 3 -> 4; decorator `@_times` of helper `node` changed",
    ),
    "attribute of a class": (
        "class Model:\n    rate = 1\n    def f(self):\n        return self.rate\n\ndef node() -> int:\n    return Model().f()\n",
        "rate = 1", "rate = 2", "attribute `Model.rate`: 1 -> 2",
    ),
    "in an attribute": (
        "class Model:\n    rates = {'a': 1}\n    def f(self):\n        return self.rates\n\n"
        "def node() -> int:\n    return Model().f()\n", "'a': 1", "'a': 2", "attribute `Model.rates['a']`: 1 -> 2",
    ),
    "member": (
        "class Size(enum.Enum):\n    SMALL = 1\n    LARGE = 9\n\ndef node() -> int:\n    return Size.LARGE.value\n",
        "LARGE = 9", "LARGE = 10", "member `Size.LARGE`: 9 -> 10",
    ),
    "new member": (
        "class Size(enum.Enum):\n    SMALL = 1\n\ndef node() -> int:\n    return len(Size)\n",
        "SMALL = 1", "SMALL = 1\n    LARGE = 9", "member `Size.LARGE` is new: 9",
    ),
    "field": (
        "@dataclasses.dataclass\nclass Fit:\n    rate: float = 0.1\n\ndef node() -> float:\n    return Fit().rate\n",
        "0.1\n\ndef", "0.2\n\ndef", "default of `Fit.rate`: 0.1 -> 0.2",
    ),
    "what parameters are given": (
        "@parameterize(node={'a': value(1), 'b': source('raw')})\ndef every(a: int, b: int) -> int:\n    return a + b\n\n"
        "def raw() -> int:\n    return 1\n", "value(1)", "value(2)", "parameter `a`: 1 -> 2",
    ),
    "version": ("@cache(version='1')\ndef node() -> int:\n    return 1\n", "'1'", "'2'", "`version` in @cache: '1' -> '2'"),
    "format": (
        "@cache(format='pickle')\ndef node() -> int:\n    return 1\n", "@cache(format='pickle')\n", "",
        "`format` in @cache is gone; it was 'pickle'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "old", "new", "said"), HELD.values(), ids=HELD)
def test_what_code_holds(load: Load, tmp_path: Path, text: str, old: str, new: str, said: str) -> None:
    """A default, a closure, an attribute: named with both values, and nothing else is said to have changed."""
    told = changes(load, tmp_path, {"nodes": HEAD + text}, {"nodes": HEAD + text.replace(old, new)})

    assert "; ".join(line.partition(" (")[0] for line in told) == said


def test_code_that_changed_with_what_it_holds_is_said_to_have_changed(load: Load, tmp_path: Path) -> None:
    """No reason is hidden behind another one."""
    text = "def node(x: int = 1) -> int:\n    return x\n"
    told = changes(
        load, tmp_path, {"nodes": text}, {"nodes": text.replace("= 1", "= 2").replace("x\n", "x + 1\n")}
    )

    assert told == ["function `node` changed (nodes.py:1)"]


def test_a_constant_of_another_module_is_told_where_it_is(load: Load, tmp_path: Path) -> None:
    """Under the name that it has there, once, however many modules import it."""
    files = {
        "settings": "\n\nRATE = {}\n",
        "more": "from settings import RATE as R\n\ndef _again():\n    return R\n",
        "nodes": "import settings\nfrom settings import RATE\nfrom more import _again\n\n"
        "def node() -> float:\n    return RATE + _again() + settings.RATE\n",
    }  # fmt: skip
    old, new = ({**files, "settings": files["settings"].format(rate)} for rate in (1, 2))

    assert changes(load, tmp_path, old, new) == ["constant `RATE`: 1 -> 2 (settings.py:3)"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("K = 1\nK = K + 1\n", ":2"),
        ("if True:\n    K = 1\nelse:\n    K = 2\n", ""),
        ("if True:\n    K = 1\n", ":2"),
        ("A, K = 1, 2\n", ":1"),
        ("K: int = 1\n", ":1"),
        ("K = []\nK.append(1)\n", ":1"),
        ("for K in range(3):\n    pass\n", ":1"),
    ],
)  # fmt: skip
def test_the_line_is_that_of_the_binding(load: Load, tmp_path: Path, text: str, line: str) -> None:
    """Where a branch decides which one it is, none is named."""
    text += "\ndef node() -> str:\n    return str(K)\n"
    made = manifest_of(load, tmp_path, nodes=text)

    assert next(part.where for part in made.parts if part.kind == "constant") == f"nodes.py{line}"


# Ways to a secret of the environment, and the constant that holds it.
SECRETS = {
    "read": "import os\nK = os.environ['SECRET_OF_MINE']\n",
    "got": "import os\nK = os.getenv('SECRET_OF_MINE')\n",
    "another name": "from os import environ as e\nK = e['SECRET_OF_MINE']\n",
    "in a text": "import os\nK = f\"user:{os.environ['SECRET_OF_MINE']}@host\"\n",
    "in a dict": "import os\nK = {'a': os.environ['SECRET_OF_MINE']}\n",
    "as a key": "import os\nK = {os.environ['SECRET_OF_MINE']: 1}\n",
    "put in later": "import os\nK = {}\nK['a'] = os.environ['SECRET_OF_MINE']\n",
    "put in by a function": "import os\nK = {}\ndef _fill():\n    K.update(a=os.environ['SECRET_OF_MINE'])\n_fill()\n",
    "by a function": "import os\ndef _get():\n    return os.environ['SECRET_OF_MINE']\nK = _get()\n",
    "half of it": "import os\ndef _get():\n    return os.environ['SECRET_OF_MINE'][:9]\nK = _get()\n",
    "by way of a constant": "import os\n_ALL = os.environ\nK = _ALL['SECRET_OF_MINE']\n",
    "number": "import os\nK = int(os.environ['SECRET_NUMBER'])\n",
    "number by a function": "import os\ndef _get():\n    return int(os.environ['SECRET_NUMBER'])\nK = _get()\n",
    "bytes": "import os\nK = os.environ['SECRET_OF_MINE'].encode()\n",
    "by an object": (
        "import os\nclass Settings:\n    def __init__(self):\n        self.a = os.environ['SECRET_OF_MINE']\nK = Settings()\n"
    ),
    "turned round": "import os\nK = os.environ['SECRET_OF_MINE'][::-1]\n",
    "turned round by a function": "import os\ndef _get():\n    return os.environ['SECRET_OF_MINE'][::-1]\nK = _get()\n",
    "turned round by a method": (
        "import os\nclass Settings:\n    def get(self):\n        return os.environ['SECRET_OF_MINE'][::-1]\n"
        "_settings = Settings()\nK = _settings.get()\n"
    ),
    "by a library": "import subprocess\nK = subprocess.os.environ['SECRET_OF_MINE']\n",
    "by a call of what nobody can follow": "import posixpath\nK = posixpath.expandvars('$SECRET_OF_MINE')\n",
    "a number of what nobody can follow": "import posixpath\nK = int(posixpath.expandvars('$SECRET_NUMBER'))\n",
}
SECRET = "eiPh3ahchoow4oo"
NUMBER = "40318204"


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_what_came_of_the_environment_is_not_shown(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Neither it nor a piece of it gets into the manifest, which is stored and shared."""
    monkeypatch.setenv("SECRET_OF_MINE", SECRET)
    monkeypatch.setenv("SECRET_NUMBER", NUMBER)
    text += (
        "\ndef _make(n=None):\n    def _of(m=K):\n        return n, m\n    return _of\n\n_held = _make(K)\n\n"
        "class Holder:\n    at = K\n\ndef node() -> str:\n    return str([K, _held, Holder.at])\n"
    )
    made = manifest_of(load, tmp_path, nodes=text)

    assert any(part.kind == "constant" for part in made.parts)
    told = " ".join(part.text for part in made.parts)
    assert not any(text in told for text in (SECRET[:9], SECRET[::-1]))
    assert NUMBER not in told


def test_what_is_called_a_secret_is_not_shown(load: Load, tmp_path: Path) -> None:
    """Unless it stands in the code for everybody to read: a number of tokens is none."""
    text = (
        "import json\nAPI_TOKEN = json.loads('\"uN3known\"')\nMAX_TOKENS = 512\n\n"
        "def node(password: str = json.loads('\"uN3known\"')) -> str:\n    return f'{API_TOKEN}{MAX_TOKENS}'\n"
    )
    made = manifest_of(load, tmp_path, nodes=text)

    assert {part.name: part.text for part in made.parts if part.kind == "constant"} == {
        "nodes.API_TOKEN": "", "nodes.MAX_TOKENS": "512",
    }  # fmt: skip
    assert "uN3known" not in " ".join(part.text for part in made.parts)


def test_texts_are_bounded_and_name_no_folder_of_a_machine(load: Load, tmp_path: Path) -> None:
    """A constant of any size takes some hundred bytes of a record."""
    text = (
        "from pathlib import Path\nHERE = Path(__file__).parent\nDATA = str(HERE / 'data')\n"
        "A = {n: list(range(100)) for n in range(300)}\nB = [['x' * 99] * 99] * 99\nC = 'x' * 10**6\nD = 10**5000\n"
        "E = {f'k{n}': 'v' * 50 for n in range(90)}\nF = {'a': {'b': {'c': {'d': {'e': {'f': {'g': [1] * 500}}}}}}}\n"
        "class Own:\n    pass\nG = Own()\nG.itself = G\n"
        "def node() -> str:\n    return str([HERE, DATA, A, B, C, D, E, F, G])\n"
    )
    made = manifest_of(load, tmp_path, nodes=text)
    texts = {part.name: part.text for part in made.parts if part.kind == "constant"}

    assert len(texts) == 9
    assert max(map(len, texts.values())) < 1300
    assert not any(str(tmp_path) in text for text in texts.values())
    assert texts["nodes.DATA"] == "'./data'"
