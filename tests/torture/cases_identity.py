"""Values that are told by `is`, and values whose classes have moved."""

from __future__ import annotations

from tests.torture.case import NOTHING, Build, Case, rename, sub, write
from tests.torture.parts import X, collector, one

CASES: list[Case] = []
case = collector(CASES)


def edit(old: str, new: str, name: str = "nodes.py", run: str = "b", maybe: str = "") -> Build:
    """Return a build after an edit that `b` depends on."""
    return Build(run, maybe, edits=[sub(name, old, new)])


def passed(top: str, value: str, use: str, more: str = "") -> str:
    """Return nodes of which `a` gives a value, and `b` looks at what it was given."""
    return f"""
--- nodes.py
{top}

def a(x: int) -> object:
    ran("a")
    return {value}

def b(a: object, x: int) -> object:
    ran("b")
    return {use}
{more}"""


# -- values that are themselves ------------------------------------------------------------------------

LIB = """
--- lib.py
import enum

MISSING = object()

class Marker:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return self.name

UNSET = Marker("UNSET")

class Nothing:
    pass

NOTHING = Nothing()

class Config:
    NONE = object()
    ALL = Nothing()
"""
for name, (value, use) in {
    "in_dict": ("{'v': MISSING, 'w': MISSING}", "a['v'] is MISSING and a['w'] is MISSING"),
    "alone": ("MISSING", "a is MISSING"),
    "in_tuple": ("(1, [MISSING])", "a[1][0] is MISSING"),
    "as_key": ("{MISSING: 1}", "a[MISSING] == 1"),
    "in_set": ("{MISSING, 1, 'u'}", "MISSING in a and len(a) == 3"),
    "in_object": ("Marker(MISSING)", "a.name is MISSING"),
    "in_series": ("pd.Series([1, MISSING], dtype=object)", "a[1] is MISSING"),
    "in_array": ("np.array([1, MISSING], dtype=object)", "a[1] is MISSING"),
    "with_a_name": ("[UNSET, 1]", "a[0] is UNSET and str(a[0]) == 'UNSET'"),
    "of_a_class": ("[NOTHING]", "a[0] is NOTHING"),
    "in_a_class": ("[Config.NONE, Config.ALL]", "a[0] is Config.NONE and a[1] is Config.ALL"),
    "of_a_library": ("{'v': dataclasses.MISSING}", "a['v'] is dataclasses.MISSING"),
    "frozen": ("frozenset([MISSING])", "MISSING in a"),
}.items():
    top = "import dataclasses\nimport numpy as np\nimport pandas as pd\nfrom lib import MISSING, NOTHING, UNSET, Config, Marker"
    case(
        f"identity_{name}",
        passed(top, value, use, LIB),
        Build(value="True"),
        Build(
            "b",
            edits=[sub("nodes.py", "def b(a: object, x: int)", "def b(a: object, x: int, y: int = 2)")],
            value="True",
        ),
        first=Build("a b", value="True"),
        **X,
    )
case(
    "identity_of_own_module",
    passed("_MISSING = object()", "{'v': _MISSING}", "a['v'] is _MISSING"),
    Build(value="True"),
    first=Build("a b", value="True"),
    **X,
)
case(
    "identity_that_is_its_name_only",
    passed("from lib import UNSET", "[UNSET]", "[str(a[0]), a[0] is UNSET]", LIB),
    Build("a b", edits=[sub("lib.py", 'Marker("UNSET")', 'Marker("unset")')]),
    Build("a b", edits=[sub("lib.py", "return self.name", "return self.name * 2")]),
    **X,
)
case(
    "identity_of_what_can_change",
    passed(
        "class _Bag:\n    def __init__(self):\n        self.items = []\n\n_BAG = _Bag()",
        "_BAG",
        "[a.items.append(x), a.items, _BAG.items]",
    ),
    NOTHING,
    first=Build("a b", value="[None, [1], []]"),
    **X,
)

# -- what constants share ------------------------------------------------------------------------------

GRID = "import copy\n_GRID = [[0] * 2] * 2"
CHANGED = "_change(copy.deepcopy(_GRID), x)"
CHANGE = "\ndef _change(g, x):\n    g[0][0] = x\n    return g\n"
ROWS = ("[[0] * 2] * 2", "[[0] * 2 for _ in range(2)]")
case("constant_aliased_rows", one(GRID + CHANGE, CHANGED), NOTHING, edit(*ROWS), **X)
case(
    "constant_aliased_in_table",
    one("import copy\n_ROW = [0]\n_GRID = {'u': _ROW, 'v': (1, _ROW)}\ndef _change(g, x):\n    g['u'][0] = x\n    return g\n", CHANGED),
    NOTHING,
    edit("(1, _ROW)", "(1, [0])"),
    **X,
)  # fmt: skip
case(
    "constant_aliased_in_object",
    one(
        "import copy\nclass _Box:\n    def __init__(self):\n        self.u = []\n        self.v = self.u\n\n_GRID = _Box()\n"
        "def _change(g, x):\n    g.u.append(x)\n    return [g.u, g.v]\n",
        CHANGED,
    ),
    NOTHING,
    edit("self.v = self.u", "self.v = []"),
    **X,
)
case(
    "constant_aliased_tuples",
    one("import copy\n_PAIR = ([0],)\n_GRID = [_PAIR, _PAIR]\ndef _change(g, x):\n    g[0][0][0] = x\n    return g\n", CHANGED),
    NOTHING,
    edit("[_PAIR, _PAIR]", "[_PAIR, ([0],)]"),
    **X,
)  # fmt: skip
case(
    "default_aliased_rows",
    one("import copy\ndef _change(x, g=[[0] * 2] * 2):\n    g = copy.deepcopy(g)\n    g[0][0] = x\n    return g\n", "_change(x)"),
    NOTHING,
    edit(*ROWS),
    **X,
)  # fmt: skip
case(
    "captured_aliased_rows",
    one(
        "import copy\ndef _make(g):\n    def _inner(x):\n        h = copy.deepcopy(g)\n        h[0][0] = x\n        return h\n    return _inner\n\n"
        "_change = _make([[0] * 2] * 2)",
        "_change(x)",
    ),
    NOTHING,
    edit(*ROWS),
    **X,
)
case(
    "class_attribute_aliased_rows",
    one("import copy\nclass _C:\n    grid = [[0] * 2] * 2\n" + CHANGE, "_change(copy.deepcopy(_C.grid), x)"),
    NOTHING,
    edit(*ROWS),
    **X,
)
case(
    "bound_value_aliased_rows",
    """
--- nodes.py
from dagbuild import inject, value

@inject(g=value([[0] * 2] * 2))
def b(g: list, x: int) -> list:
    ran("b")
    g[0][0] = x
    return g
""",
    NOTHING,
    edit(*ROWS),
    **X,
)
for name, (old, new) in {
    "rows_written_out": ("[[0] * 2 for _ in range(2)]", "[[0, 0], [0, 0]]"),
    "texts": ("['u', 'u']", "['u'] * 2"),
    "tuples": ("[(1, 2), (1, 2)]", "[(1, 2)] * 2"),
    "dates": ("[datetime.date(2020, 1, 1), datetime.date(2020, 1, 1)]", "[datetime.date(2020, 1, 1)] * 2"),
}.items():
    case(
        f"constant_alike_{name}",
        one(f"import datetime\n_K = {old}", "str(_K) + str(x)"),
        Build(edits=[sub("nodes.py", old, new)]),
        **X,
    )

# -- classes that have moved ---------------------------------------------------------------------------

MODEL = """
--- lib.py
class Model:
    def __init__(self, k):
        self.k = k

    def go(self, x):
        return x + self.k
"""
MOVED = [rename("lib.py", "tools.py"), sub("nodes.py", "from lib", "from tools")]
for name, namesake in {
    "namesake_left": write("lib.py", "class Model:\n    def go(self, x):\n        return -1000\n"),
    "namesake_imported": write("lib.py", "import tools\n\nclass Model(tools.Model):\n    def go(self, x):\n        return -1000\n"),
    "function_left": write("lib.py", "def Model(k):\n    return None\n"),
    "name_kept": write("lib.py", "from tools import Model\n"),
}.items():  # fmt: skip
    case(
        f"class_moved_{name}",
        passed("from lib import Model", "Model(3)", "a.go(x) + y", MODEL).replace(
            "def b(a: object, x: int)", "def b(a: object, x: int, y: int)"
        ),
        Build("b", maybe="a", edits=[*MOVED, namesake], config={"x": 1, "y": 2}),
        NOTHING,
        Build("b", config={"x": 1, "y": 3}),
        config={"x": 1, "y": 1},
    )
