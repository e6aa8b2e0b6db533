"""Objects that travel from node to node with code of the project: an edit of that code counts for whoever uses it."""

from tests.torture.case import NOTHING, Build, Case, Edit, sub
from tests.torture.parts import X, collector

CASES: list[Case] = []
case = collector(CASES)

MODEL = """
--- lib.py
import enum
from dataclasses import dataclass

@dataclass
class Model:
    k: int

    def run(self, x):
        return x + 1 + self.k

class Color(enum.Enum):
    RED = 1
    BLUE = 2

def f(x):
    return x + 1
"""
RUN = sub("lib.py", "x + 1 + self.k", "x + 2 + self.k")
F = sub("lib.py", "return x + 1\n", "return x + 2\n")


def stored(name: str, imports: str, value: str, use: str, edit: Edit = RUN) -> None:
    """Add a case of a node `a` that makes an object and a node `b` that uses it."""
    case(
        f"stored_{name}",
        f"""
--- nodes.py
{imports}

def a(x: int) -> object:
    ran("a")
    return {value}

def b(a: object, x: int) -> object:
    ran("b")
    return {use}
{MODEL}""",
        NOTHING,
        Build("b", maybe="a", edits=[edit]),
        NOTHING,
        **X,
    )


stored("instance", "from lib import Model", "Model(1)", "a.run(x)")
stored("in_containers", "import collections\nfrom lib import Model", "collections.deque([{'k': (Model(1),)}])", "a[0]['k'][0].run(x)")  # fmt: skip
stored("as_a_key", "from lib import Color", "{Color.RED: 1}", "[key.value for key in a]", sub("lib.py", "RED = 1", "RED = 7"))  # fmt: skip
stored(
    "member", "from lib import Color", "[Color.RED]", "a[0].value + x", sub("lib.py", "RED = 1", "RED = 7")
)
stored("bound_method", "from lib import Model", "Model(1).run", "a(x)")
stored("function", "from lib import f", "f", "a(x)", F)
stored("partial", "import functools\nfrom lib import f", "functools.partial(f, 3)", "a() + x", F)
stored("class_itself", "from lib import Model", "Model", "a(1).run(x)")
stored("column_of_objects", "import pandas as pd\nfrom lib import Model", "pd.DataFrame({'m': [Model(1), Model(2)]})", "[m.run(x) for m in a['m']]")  # fmt: skip
stored("array_of_objects", "import numpy as np\nfrom lib import Model", "np.array([Model(1), Model(2)], dtype=object)", "[m.run(x) for m in a]")  # fmt: skip
stored("attribute_of_a_library_object", "import types\nfrom lib import Model", "types.SimpleNamespace(m=Model(1))", "a.m.run(x)")  # fmt: skip
stored("polars_objects", "import polars as pl\nfrom lib import Model", "pl.Series('m', [Model(1)], dtype=pl.Object)", "a[0].run(x)")  # fmt: skip
