"""Names: which of them are the module's, whatever the syntax around them."""

from tests.torture.case import NOTHING, Build, Case, crlf, sub, with_bom
from tests.torture.parts import X, collector, one

CASES: list[Case] = []
case = collector(CASES)


def edit(old: str, new: str) -> Build:
    """Return a build after an edit that `b` depends on."""
    return Build("b", edits=[sub("nodes.py", old, new)])


def free(old: str, new: str) -> Build:
    """Return a build after an edit that says nothing."""
    return Build(edits=[sub("nodes.py", old, new)])


case(
    "local_hides_module_name",
    one("K = 1\nspend = 1\n\ndef _f(spend):\n    K = spend + 1\n    return K\n", "_f(x)"),
    free("K = 1\n", "K = 2\n"),
    free("spend = 1\n", "spend = 2\n"),
    **X,
)
case(
    "attribute_named_like_module_name",
    one("real = 5\n\ndef _f(v):\n    return v.real\n", "_f(x)"),
    free("real = 5", "real = 6"),
    **X,
)
case(
    "comprehension_hides_name",
    one("i = 5\nn = 2\n", "[i for i in range(n)] + [x]"),
    free("i = 5", "i = 6"),
    edit("n = 2", "n = 3"),
    **X,
)
case(
    "walrus_in_comprehension",
    one("y = 5\nz = 2\n", "[y for v in range(3) if (y := v + z)] + [x]"),
    free("y = 5", "y = 6"),
    edit("z = 2", "z = 3"),
    **X,
)
case(
    "match_captures",
    one(
        """
rest = 5
LIMIT = 1

class Codes:
    OK = 200

def _f(v):
    match v:
        case {"k": value, **rest}:
            return (value, rest)
        case [first, *rest]:
            return rest
        case Codes.OK:
            return LIMIT
        case int() as number if number > LIMIT:
            return number
    return LIMIT
""",
        '(_f({"k": 1, "l": 2}), _f([1, 2]), _f(200), _f(x))',
    ),
    free("rest = 5", "rest = 6"),
    edit("LIMIT = 1", "LIMIT = 2"),
    edit("OK = 200", "OK = 201"),
    **X,
)
case(
    "nested_closures",
    one(
        """
K = 1

def _outer(v):
    total = v

    def middle():
        def inner():
            nonlocal total
            total += K
            return total
        return inner
    return middle()()
""",
        "_outer(x)",
    ),
    edit("K = 1", "K = 2"),
    edit("return total\n        return inner", "return -total\n        return inner"),
    **X,
)
case(
    "global_statement",
    one("_COUNT = 1\n\ndef _f():\n    global _COUNT\n    _COUNT += 1\n    return _COUNT\n", "_f() * 0 + x"),
    NOTHING,
    edit("_COUNT = 1", "_COUNT = 5"),
    **X,
)
case(
    "annotation_makes_local",
    one(
        "K = 1\n\ndef _f(v):\n    try:\n        return K\n    except UnboundLocalError:\n        return -1\n",
        "_f(x) + x",
    ),
    edit("def _f(v):\n", "def _f(v):\n    K: int\n"),
    **X,
)
case(
    "annotations_of_locals",
    one("def _f(v: int) -> int:\n    y: int = v\n    return y\n", "_f(x)"),
    free("y: int = v", "y: float = v"),
    free("v: int) -> int", "v: 'float') -> object"),
    **X,
)
case(
    "future_annotations",
    one(
        "from lib import T\n\ndef _f(v: T) -> T:\n    return v\n",
        "_f(x)",
        "--- lib.py\nclass T:\n    k = 1\n",
    ).replace("--- nodes.py\n", "--- nodes.py\nfrom ranlog import ran\n"),
    free("from ranlog", "from __future__ import annotations\nfrom ranlog"),
    Build(edits=[sub("lib.py", "k = 1", "k = 2")]),
    **X,
)
case(
    "lambdas_on_one_line",
    one(
        "_F, _G = (lambda v: v + 1), (lambda v: v + 5)\n_H = {'u': lambda v: v * 2, 'w': lambda v: v * 3}",
        "_F(x) + _H['u'](x)",
    ),
    NOTHING,
    free("v + 5", "v + 6"),
    edit("v + 1", "v + 2"),
    edit("v * 2", "v * 4"),
    **X,
)
case(
    "lambda_moves",
    one("_F = lambda v: v + 1\n", "_F(x)"),
    free("_F = lambda v: v + 1", "# moved\n\n_F = (\n    lambda v: v\n    + 1\n)"),
    **X,
)
case(
    "f_string_parts",
    one('W = 6\n\ndef _f(v):\n    return f"a{v!r:>{W}}b" "c" f"{v=}"\n', "_f(x)"),
    free('b" "c" f"{v=}"', 'bc{v=}"'),
    edit("W = 6", "W = 8"),
    edit("!r:", "!s:^"),
    **X,
)
case(
    "spelling_of_literals",
    one("def _f():\n    return [1_000, 'it', 0x10, 1e3, -1, (1, 2)]\n", "_f() + [x]"),
    free("1_000, 'it', 0x10, 1e3", '1000, "it", 16, 1000.0'),
    edit("16, 1000.0", "16, 1000"),
    **X,
)
case(
    "no_op_statements",
    one("def _f(v):\n    pass\n    return v\n", "_f(x)"),
    free("    pass\n", '    "a note"\n    ...\n'),
    **X,
)
case(
    "generators_and_with",
    one(
        """
import contextlib
K = 1

@contextlib.contextmanager
def _open():
    yield K

def _gen(n):
    yield from (i + K for i in range(n))

def _f(n):
    with _open() as k:
        return [*_gen(n), k]
""",
        "_f(x)",
    ),
    NOTHING,
    edit("    yield K", "    yield K + 1"),
    edit("yield from (i + K", "yield from (i - K"),
    edit("K = 1", "K = 2"),
    **X,
)
case(
    "except_and_for_names",
    one(
        """
error = 5
LAST = 1

def _f(n):
    for error in range(n):
        pass
    try:
        raise ValueError(n)
    except ValueError as error:
        return str(error) + str(LAST)
""",
        "_f(x)",
    ),
    free("error = 5", "error = 6"),
    edit("LAST = 1", "LAST = 2"),
    **X,
)
case(
    "class_in_function",
    one(
        "K = 1\n\ndef _f():\n    class Local:\n        k = K\n\n        def go(self):\n            return self.k + K\n    return Local().go()\n",
        "_f() + x",
    ),
    edit("K = 1", "K = 2"),
    edit("self.k + K", "self.k - K"),
    **X,
)
case(
    "long_sum",
    one("def _f(v):\n    return " + " + ".join(["v"] * 700) + " + 1\n", "_f(x)"),
    NOTHING,
    edit(" + 1\n", " + 2\n"),
    **X,
)
case(
    "byte_order_mark",
    one("K = 'é'", "K * x"),
    Build(edits=[with_bom("nodes.py")]),
    Build(edits=[crlf("nodes.py")]),
    **X,
)
case(
    "two_definitions_of_one_name",
    one("def _f(v):\n    return v + 1\n\n_first = _f\n\ndef _f(v):\n    return v + 5\n", "_first(x)"),
    free("v + 5", "v + 6"),
    edit("v + 1", "v + 2"),
    **X,
)
case(
    "definition_under_condition",
    one(
        "import sys\nif sys.version_info > (3,):\n    def _f(v):\n        return v + 1\nelse:\n    def _f(v):\n        return v + 5\n",
        "_f(x)",
    ),
    free("v + 5", "v + 6"),
    edit("v + 1", "v + 2"),
    **X,
)
