"""Config, inputs, overrides, and values on their way from node to node."""

from tests.torture.case import NOTHING, Build, Case, sub
from tests.torture.parts import AB, B, X, collector

CASES: list[Case] = []
case = collector(CASES)

CFG = (
    AB
    + """
def d(a: int, y: int) -> int:
    ran("d")
    return a + y
"""
)
FRAME = """
--- nodes.py
import pandas as pd

def a(df: pd.DataFrame) -> str:
    ran("a")
    return df.to_json(orient="split") + str(list(df.dtypes))

def b(a: str) -> str:
    ran("b")
    return a[::-1]
"""


def frame(name: str, one: str, two: str, *, rerun: bool = True) -> None:
    """Add a case of an input frame that is replaced."""
    case(
        name,
        FRAME,
        NOTHING,
        Build("a b" if rerun else "", inputs={"df": two}),
        inputs={"df": one},
    )


case(
    "config_used",
    CFG,
    Build("d", config={"x": 1, "y": 3, "z": 0}),
    target="b d",
    config={"x": 1, "y": 2, "z": 0},
)
case(
    "config_unused",
    CFG,
    Build(config={"x": 1, "y": 2, "z": 9}),
    target="b d",
    config={"x": 1, "y": 2, "z": 0},
)
case(
    "variant_switch_and_back",
    """
--- nodes.py
from dagbuild import config

@config.when(mode="fast")
def a__fast(x: int) -> int:
    ran("a__fast")
    return x + 1

@config.when(mode="slow")
def a__slow(x: int) -> int:
    ran("a__slow")
    return x + 2
"""
    + B,
    Build("a__slow b", config={"x": 1, "mode": "slow"}),
    Build("", config={"x": 1, "mode": "fast"}),
    first=Build("a__fast b"),
    config={"x": 1, "mode": "fast"},
)
case(
    "override_changed",
    AB,
    Build("b", overrides={"a": "6"}),
    Build("", overrides={"a": "5"}),
    first=Build("b"),
    overrides={"a": "5"},
    **X,
)
frame("input_df_index", 'pd.DataFrame({"p": [1, 2]})', 'pd.DataFrame({"p": [1, 2]}, index=[1, 0])')
frame(
    "input_df_column_order",
    'pd.DataFrame({"p": [1, 2], "q": [3, 4]})',
    'pd.DataFrame({"q": [3, 4], "p": [1, 2]})',
)
frame(
    "input_df_equal_copy",
    'pd.DataFrame({"p": [1, 2], "q": [3, 4]})',
    'pd.DataFrame({"p": [1, 2, 9], "o": [0, 0, 0], "q": [3, 4, 9]})[["p", "q"]].iloc[:2]',
    rerun=False,
)
case(
    "input_negative_zero",
    """
--- nodes.py
import math

def b(v: float) -> float:
    ran("b")
    return math.copysign(1, v)
""",
    Build("b", inputs={"v": "-0.0"}),
    inputs={"v": "0.0"},
)
case("early_cutoff", AB, Build("a", edits=[sub("nodes.py", "return x + 1", "return 1 + x * 1")]), **X)
case(
    "upstream_nan_cutoff",
    """
--- nodes.py
def a(x: int) -> float:
    ran("a")
    return float("nan")

def b(a: float) -> str:
    ran("b")
    return "v" + str(a)
""",
    NOTHING,
    Build(maybe="a", edits=[sub("nodes.py", 'return float("nan")', 'y = float("nan")\n    return y')]),
    **X,
)
case(
    "random_not_rerun",
    """
--- nodes.py
import random

def a() -> float:
    ran("a")
    return random.random()

def b(a: float) -> float:
    ran("b")
    return a * 2
""",
    Build(check_value=False),
    first=Build("a b", check_value=False),
)
case(
    "mutated_by_downstream",
    """
--- nodes.py
def a() -> list:
    ran("a")
    return [1, 2]

def b(a: list) -> int:
    ran("b")
    a.append(100)
    return sum(a)

def c(a: list) -> int:
    ran("c")
    return sum(a) * 1
""",
    Build("c", value="103 6", edits=[sub("nodes.py", "sum(a) * 1", "sum(a) * 2")]),
    first=Build("a b c", check_value=False),
    target="b c",
)
case(
    "generator_result",
    """
--- nodes.py
from typing import Iterator

def a(x: int) -> Iterator:
    ran("a")
    yield x
    yield x + 1

def b(a: Iterator) -> list:
    ran("b")
    return list(a)
""",
    Build(maybe="a b"),
    Build("b", maybe="a", edits=[sub("nodes.py", "list(a)", "list(a)[::-1]")]),
    **X,
)
case(
    "none_result",
    """
--- nodes.py
def a() -> object:
    ran("a")
    return None

def b(a: object) -> str:
    ran("b")
    return repr(a)
""",
    NOTHING,
)
case(
    "result_type_kept",
    """
--- nodes.py
def a(x: int) -> int:
    ran("a")
    return x + 1

def c(a: int) -> str:
    ran("c")
    return str(a)

def b(c: str, y: int) -> str:
    ran("b")
    return c * y
""",
    Build("b", config={"x": 1, "y": 3}),
    config={"x": 1, "y": 2},
)
case(
    "raises",
    """
--- nodes.py
def a(x: int) -> int:
    ran("a")
    return x

def c(a: int) -> int:
    ran("c")
    return a + 1

def b(a: int) -> int:
    ran("b")
    raise ValueError("no")
""",
    Build("b", maybe="c", fail=True),
    Build("b", maybe="c", edits=[sub("nodes.py", 'raise ValueError("no")', "return a")]),
    first=Build("a b", maybe="c", fail=True),
    target="c b",
    **X,
)
case(
    "killed_in_node",
    """
--- nodes.py
import os

def a(x: int) -> int:
    ran("a")
    return x

def b(a: int) -> int:
    ran("b")
    if os.environ.get("KILL"):
        os._exit(9)
    return a + 1
""",
    Build("b", env={}),
    NOTHING,
    first=Build("a b", fail=True),
    env={"KILL": "1"},
    **X,
)
case(
    "upstream_custom_getstate",
    """
--- nodes.py
from lib import Model

def a(x: int) -> object:
    ran("a")
    return Model(x + 1)

def b(a: object) -> str:
    ran("b")
    return str(a.v)
--- lib.py
class Model:
    def __init__(self, v):
        self.v = v
        self.cache = object()

    def __getstate__(self):
        return {"v": self.v}

    def __setstate__(self, s):
        self.__init__(s["v"])
""",
    NOTHING,
    Build("a b", edits=[sub("nodes.py", "x + 1", "x + 2")]),
    **X,
)
