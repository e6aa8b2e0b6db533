"""Edits of functions that nodes call, directly or not."""

from tests.torture.case import NOTHING, Build, Case, sub
from tests.torture.parts import EDIT_F, LIB, B, X, collector, uses

CASES: list[Case] = []
case = collector(CASES)

HELP = """
--- nodes.py
def _plus(x):
    return _one(x) + 0

def _one(x):
    return x + 1

def a(x: int) -> int:
    ran("a")
    return _one(x)

def b(a: int, x: int) -> int:
    ran("b")
    return a + _plus(x)

def c(x: int) -> int:
    ran("c")
    return x * 3
"""
DECO = (
    """
--- nodes.py
import functools

def _twice(fn):
    @functools.wraps(fn)
    def wrapper(*args, **kwargs):
        return fn(*args, **kwargs) * 2
    return wrapper

@_twice
def a(x: int) -> int:
    ran("a")
    return x + 1
"""
    + B
)
case(
    "helper_same_module",
    HELP,
    Build("b", edits=[sub("nodes.py", "_one(x) + 0", "_one(x) + 5")]),
    target="b c",
    **X,
)
case(
    "helper_of_helper",
    HELP,
    Build("a b", edits=[sub("nodes.py", "return x + 1", "return x + 2")]),
    target="b c",
    **X,
)
case("helper_from_import", uses("from lib import f") + LIB, Build("a b", edits=[EDIT_F]), target="b c", **X)
case(
    "helper_import_pkg_as",
    uses("import pkg.lib as L", "L.f(x)") + LIB.replace("lib.py", "pkg/lib.py") + "--- pkg/__init__.py\n",
    Build("a b", edits=[sub("pkg/lib.py", "x + 1\n", "x + 2\n")]),
    target="b c",
    **X,
)
case(
    "helper_reexported",
    uses("from pkg import f")
    + LIB.replace("lib.py", "pkg/impl.py")
    + "--- pkg/__init__.py\nfrom .impl import f\n",
    Build("a b", edits=[sub("pkg/impl.py", "x + 1\n", "x + 2\n")]),
    target="b c",
    **X,
)
case(
    "helper_two_modules_deep",
    uses("from mid import m", "m(x)") + LIB + "--- mid.py\nimport lib\n\ndef m(x):\n    return lib.f(x)\n",
    Build("a b", edits=[EDIT_F]),
    target="b c",
    **X,
)
case(
    "helper_unused_in_lib",
    uses("import lib", "lib.f(x)") + LIB,
    Build(edits=[sub("lib.py", "x + 100", "x + 200")]),
    target="b c",
    **X,
)
case("star_import", uses("from lib import *") + LIB, Build("a b", edits=[EDIT_F]), target="b c", **X)
case(
    "import_in_body",
    uses("", "__import__('lib') and f(x)").replace(
        "    return __import__('lib') and f(x)", "    from lib import f\n    return f(x)"
    )
    + LIB,
    Build("a b", edits=[EDIT_F]),
    target="b c",
    **X,
)
case(
    "same_name_two_modules",
    uses("from lib_a import clean\nimport lib_b", "clean(x)")
    + "--- lib_a.py\ndef clean(x):\n    return x + 1\n--- lib_b.py\ndef clean(x):\n    return x + 50\n",
    Build(edits=[sub("lib_b.py", "50", "60")]),
    Build("a b", edits=[sub("lib_a.py", "x + 1", "x + 2")]),
    target="b c",
    **X,
)
case(
    "recursion",
    """
--- nodes.py
def _fact(n):
    return 1 if n < 2 else n * _fact(n - 1)

def b(x: int) -> int:
    ran("b")
    return _fact(x)
""",
    NOTHING,
    Build("b", edits=[sub("nodes.py", "return 1 if", "return 2 if")]),
    config={"x": 4},
)
case(
    "async_helper",
    """
--- nodes.py
import asyncio

async def _get(x):
    await asyncio.sleep(0)
    return x + 1

def b(x: int) -> int:
    ran("b")
    return asyncio.run(_get(x))
""",
    Build("b", edits=[sub("nodes.py", "x + 1", "x + 2")]),
    **X,
)
case(
    "nested_function",
    '''
--- nodes.py
def b(x: int) -> int:
    ran("b")

    def inner(v):
        """Doc."""
        return v + 1
    return inner(x)
''',
    Build(edits=[sub("nodes.py", "Doc.", "Other.")]),
    Build("b", edits=[sub("nodes.py", "v + 1", "v + 2")]),
    **X,
)
case(
    "comprehension_helper",
    """
--- nodes.py
from lib import f

def b(x: int) -> list:
    ran("b")
    return [f(i) for i in range(x)]
"""
    + LIB,
    Build("b", edits=[EDIT_F]),
    config={"x": 3},
)
case(
    "apply_helper",
    """
--- nodes.py
import pandas as pd
from lib import f

def a(x: int) -> pd.Series:
    ran("a")
    return pd.Series([x, 2]).apply(f)

def b(a: pd.Series) -> int:
    ran("b")
    return int(a.sum())
"""
    + LIB,
    NOTHING,
    Build("a b", edits=[EDIT_F]),
    **X,
)
case(
    "dispatch_dict",
    """
--- nodes.py
import lib
_OPS = {"f": lib.f, "g": lib.g}

def b(x: int, op: str) -> int:
    ran("b")
    return _OPS[op](x)
"""
    + LIB,
    NOTHING,
    Build("b", edits=[EDIT_F]),
    config={"x": 1, "op": "f"},
)
case(
    "globals_by_string",
    """
--- nodes.py
def _one(x):
    return x + 1

def b(x: int) -> int:
    ran("b")
    return globals()["_" + "one"](x)
""",
    Build("b", edits=[sub("nodes.py", "x + 1", "x + 2")]),
    **X,
)
case(
    "lambda_module_level",
    uses("from lib import f") + "--- lib.py\nf = lambda x: x + 1\n",
    NOTHING,
    Build("a b", edits=[EDIT_F]),
    target="b c",
    **X,
)
case(
    "partial_value",
    uses("from lib import f2 as f")
    + "--- lib.py\nfrom functools import partial\n\ndef f(x, k):\n    return x + k\n\nf2 = partial(f, k=1)\n",
    NOTHING,
    Build("a b", edits=[sub("lib.py", "k=1", "k=2")]),
    target="b c",
    **X,
)
case(
    "lru_cache_helper",
    """
--- nodes.py
import functools

@functools.lru_cache(maxsize=None)
def _one(x):
    return x + 1

def b(x: int) -> int:
    ran("b")
    return _one(x)
""",
    NOTHING,
    Build("b", edits=[sub("nodes.py", "x + 1", "x + 2")]),
    **X,
)
case("node_decorator_body", DECO, NOTHING, Build("a b", edits=[sub("nodes.py", "* 2", "* 3")]), **X)
case("node_body_under_decorator", DECO, Build("a b", edits=[sub("nodes.py", "x + 1", "x + 2")]), **X)
case(
    "closure_variable",
    """
--- nodes.py
def _make(k):
    def a(x: int) -> int:
        ran("a")
        return x + k
    return a

a = _make(1)
"""
    + B,
    NOTHING,
    Build("a b", edits=[sub("nodes.py", "_make(1)", "_make(2)")]),
    **X,
)
case(
    "builtin_shadowed",
    """
--- nodes.py
def b(x: int) -> int:
    ran("b")
    return len([x]) + x
""",
    Build(
        "b",
        edits=[sub("nodes.py", "def b(", "def len(v):\n    return 50\n\nlen.__name__ = '_len'\n\n\ndef b(")],
    ),
    **X,
)
case(
    "branch_not_taken",
    uses("import sys\nif sys.version_info > (3,):\n    from lib import f\nelse:\n    from old import f")
    + LIB
    + "--- old.py\ndef f(x):\n    return x\n",
    Build(edits=[sub("old.py", "return x", "return -x")]),
    Build("a b", edits=[EDIT_F]),
    target="b c",
    **X,
)
case(
    "star_import_order",
    uses("from lib_a import *\nfrom lib_b import *")
    + "--- lib_a.py\ndef f(x):\n    return x + 1\n--- lib_b.py\ndef g(x):\n    return x\n",
    Build("a b", edits=[sub("lib_b.py", "def g(x):", "def f(x):")]),
    target="b c",
    **X,
)
