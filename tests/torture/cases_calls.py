"""Functions that travel as values, and what is wrapped around them."""

from tests.torture.case import NOTHING, Build, Case, sub
from tests.torture.parts import LIB, X, collector, one

CASES: list[Case] = []
case = collector(CASES)


def edit(old: str, new: str, file: str = "nodes.py") -> Build:
    """Return a build after an edit that `b` depends on."""
    return Build("b", edits=[sub(file, old, new)])


def free(old: str, new: str, file: str = "nodes.py") -> Build:
    """Return a build after an edit that says nothing."""
    return Build(edits=[sub(file, old, new)])


case(
    "singledispatch",
    one(
        """
import functools

@functools.singledispatch
def _show(v):
    return "any"

@_show.register
def _(v: int):
    return "int" + str(v)

@_show.register(str)
def _show_str(v):
    return "str"
""",
        "_show(x) + _show('')",
    ),
    NOTHING,
    edit('"int" + str(v)', '"number" + str(v)'),
    edit('return "str"', 'return "text"'),
    edit("_(v: int)", "_(v: float)"),
    **X,
)
case(
    "decorator_with_arguments",
    one(
        """
import functools

def _times(k):
    def deco(fn):
        @functools.wraps(fn)
        def wrapper(*args):
            return fn(*args) * k
        return wrapper
    return deco

@_times(2)
def _f(v):
    return v + 1
""",
        "_f(x)",
    ),
    NOTHING,
    edit("_times(2)", "_times(3)"),
    edit("v + 1", "v + 2"),
    edit("fn(*args) * k", "fn(*args) + k"),
    **X,
)
case(
    "decorator_class",
    one(
        """
class Counted:
    def __init__(self, fn):
        self.fn = fn
        self.calls = 0

    def __call__(self, *args):
        return self.fn(*args) + 1

@Counted
def _f(v):
    return v * 2
""",
        "_f(x)",
    ),
    NOTHING,
    edit("v * 2", "v * 3"),
    edit("(*args) + 1", "(*args) + 2"),
    **X,
)
case(
    "decorator_without_wraps",
    one("def _plus(fn):\n    return lambda v: fn(v) + 1\n\n@_plus\ndef _f(v):\n    return v * 2\n", "_f(x)"),
    NOTHING,
    edit("v * 2", "v * 3"),
    edit("fn(v) + 1", "fn(v) + 2"),
    **X,
)
case(
    "mutable_default",
    one("def _f(v, seen=[1], *, more={'u': 1}):\n    return v + len(seen) + more['u']\n", "_f(x)"),
    NOTHING,
    edit("seen=[1]", "seen=[1, 2]"),
    edit("'u': 1", "'u': 5"),
    **X,
)
case(
    "default_is_constant_or_function",
    one("from lib import f\nK = 1\n\ndef _f(v, k=K, fn=f):\n    return fn(v) + k\n", "_f(x)", LIB),
    NOTHING,
    edit("x + 1\n", "x + 2\n", "lib.py"),
    edit("K = 1", "K = 2"),
    free("k=K", "k=1 + 1"),
    **X,
)
case(
    "dispatch_through_dict_of_classes",
    one(
        """
class One:
    def go(self, v):
        return v + 1

class Two:
    def go(self, v):
        return v + 5

_KINDS = {"one": One, "two": Two}
""",
        '_KINDS["one"]().go(x)',
    ),
    NOTHING,
    edit("v + 1", "v + 2"),
    edit('"one": One', '"one": Two'),
    **X,
)
case(
    "function_passed_as_value",
    one(
        "from lib import f, g\n\ndef _apply(fn, v):\n    return fn(v)\n",
        "_apply(f, x) + sum(map(f, [x]))",
        LIB,
    ),
    NOTHING,
    free("x + 100", "x + 200", "lib.py"),
    edit("x + 1\n", "x + 2\n", "lib.py"),
    **X,
)
case(
    "mutual_recursion_three",
    one(
        """
def _p(n):
    return 0 if n < 1 else _q(n - 1)

def _q(n):
    return 1 if n < 1 else _r(n - 1)

def _r(n):
    return 2 if n < 1 else _p(n - 1)

def _s(n):
    return 9
""",
        "_p(x)",
    ),
    NOTHING,
    edit("return 2 if", "return 5 if"),
    free("return 9", "return 8"),
    config={"x": 2},
)
case(
    "partial_chain_and_bound_method",
    one(
        """
from functools import partial
from lib import f

class M:
    def __init__(self, k):
        self.k = k

    def go(self, fn, v):
        return fn(v) * self.k

_G = partial(M(2).go, f)
""",
        "_G(x)",
        LIB,
    ),
    NOTHING,
    edit("x + 1\n", "x + 2\n", "lib.py"),
    edit("M(2)", "M(3)"),
    edit("* self.k", "- self.k"),
    **X,
)
case(
    "operator_objects",
    one(
        "import operator\n_GET = operator.itemgetter(1)\n_CALL = operator.methodcaller('upper')",
        "_GET([x, x + 1])",
    ),
    NOTHING,
    edit("itemgetter(1)", "itemgetter(0)"),
    **X,
)
case(
    "function_attribute",
    one("def _f(v):\n    return v + _f.k\n\n_f.k = 1\n", "_f(x)"),
    NOTHING,
    edit("_f.k = 1", "_f.k = 2"),
    **X,
)
case(
    "node_used_as_helper",
    """
--- nodes.py
def a(x: int) -> int:
    ran("a")
    return x + 1

def b(x: int) -> int:
    ran("b")
    return a(x) * 0 + len("u")
""",
    Build("b", maybe="a", edits=[sub("nodes.py", "x + 1", "x + 2")]),
    first=Build("b", maybe="a"),
    **X,
)
case(
    "numpy_constants",
    one(
        "import numpy as np\n_A = np.array([1, 2], dtype='int64')\n_V = np.vectorize(lambda v: v + 1)\n_D = np.dtype('f4')",
        "(_A.tolist(), _A.dtype.str, _V(_A).tolist(), _D.itemsize, x)",
    ),
    NOTHING,
    edit("dtype='int64'", "dtype='int32'"),
    edit("v + 1", "v + 2"),
    edit("'f4'", "'f8'"),
    **X,
)
case(
    "random_generator_seeded",
    one(
        "import random\nimport numpy as np\n_R = random.Random(1)\n_N = np.random.default_rng(1)",
        "(_R.getstate()[1][:3], _N.bit_generator.state, x)",
    ),
    NOTHING,
    edit("Random(1)", "Random(2)"),
    edit("default_rng(1)", "default_rng(2)"),
    **X,
)
case(
    "random_generator_unseeded",
    one("import random\n_R = random.Random()", "isinstance(_R.random(), float) and x"),
    NOTHING,
    **X,
)
case(
    "opaque_inside_container",
    one("import threading\n_S = {'lock': threading.Lock(), 'k': 1}", "_S['k'] + x"),
    NOTHING,
    edit("'k': 1", "'k': 2"),
    **X,
)
case(
    "opaque_in_closure",
    one(
        """
import random

def _make(rng, k=1):
    def _inner(v):
        return (v, k, rng.getstate()[1][:3])
    return _inner

_F = _make(random.Random(1))
""",
        "_F(x)",
    ),
    NOTHING,
    edit("Random(1)", "Random(2)"),
    edit("k=1", "k=2"),
    **X,
)
case(
    "opaque_default",
    one(
        "import random\n\ndef _f(v, *, rng=random.Random(1)):\n    return (v, rng.getstate()[1][:3])\n",
        "_f(x)",
    ),
    NOTHING,
    edit("Random(1)", "Random(2)"),
    **X,
)
case(
    "opaque_used_before",
    one("import random\n_R = random.Random(1)\n_R.seed(5)\n_R.random()\n", "(_R.getstate()[1][:3], x)"),
    NOTHING,
    edit("seed(5)", "seed(6)"),
    **X,
)
case(
    "opaque_made_by_helper",
    one(
        "import lib\nfrom lib import STREAM",
        "(STREAM is None, lib.START, x)",
        "--- lib.py\nSTART = 1\n\ndef _make():\n    return iter([START])\n\nSTREAM = _make()\n",
    ),
    NOTHING,
    edit("iter([START])", "iter([START, 2])", "lib.py"),
    **X,
)
case(
    "memo_filled_while_running",
    one("_MEMO = {}\n\ndef _f(v):\n    return _MEMO.setdefault(v, v + 1)\n", "_f(x)"),
    NOTHING,
    edit("v + 1", "v + 2"),
    **X,
)
case(
    "deep_helper_chain",
    one(
        "def _h0(v):\n    return v + 1\n"
        + "".join(f"\ndef _h{i}(v):\n    return _h{i - 1}(v)\n" for i in range(1, 300)),
        "_h299(x)",
    ),
    NOTHING,
    edit("v + 1", "v + 2"),
    **X,
)
case(
    "name_that_is_read",
    one("def _f():\n    return 1\n\n_TABLE = [_f]\n", "[f.__name__ for f in _TABLE] + [x]"),
    edit("_f", "_g"),
    **X,
)
case(
    "annotations_that_are_read",
    one("import typing\n\ndef _f(v: int) -> int:\n    return v\n", "str(typing.get_type_hints(_f)) + str(x)"),
    edit("v: int", "v: float"),
    **X,
)
case(
    "sets_of_tuples",
    one(
        "_S = {('u', 1), ('v', 2), ('w', 3)}\n_F = frozenset({frozenset('ab'), frozenset('cd')})",
        "(sorted(_S), len(_F), x)",
    ),
    Build(env={"PYTHONHASHSEED": "2"}),
    Build(env={"PYTHONHASHSEED": "3"}),
    edit("('w', 3)", "('w', 4)"),
    env={"PYTHONHASHSEED": "1"},
    **X,
)
case(
    "equal_constants_of_other_types",
    one("_K = [1, 0.0, 'u', (1,)]", "(_K, x)"),
    edit("[1, 0.0", "[True, 0.0"),
    edit("0.0", "-0.0"),
    edit("(1,)", "[1]"),
    **X,
)
