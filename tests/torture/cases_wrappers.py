"""Objects that stand before a function and hold more than the function."""

from tests.torture.case import NOTHING, Build, Case, copy_project, install, sub
from tests.torture.parts import X, collector, one

CASES: list[Case] = []
case = collector(CASES)

WRAP = """
--- site:tinywrap.py
import functools

class Scaled:
    def __init__(self, fn, k, then=None, word="sum"):
        functools.update_wrapper(self, fn)
        self.k, self.then, self.word = k, then, word

    def __call__(self, x):
        v = self.__wrapped__(x) * self.k + len(self.word)
        return self.then(v) if self.then else v

class Slotted:
    __slots__ = ("__wrapped__", "k")

    def __init__(self, fn, k):
        self.__wrapped__, self.k = fn, k

    def __call__(self, x):
        return self.__wrapped__(x) * self.k

class Locked(Scaled):
    def __reduce_ex__(self, protocol):
        raise TypeError("not to be copied")

def scaled(k):
    return lambda fn: Scaled(fn, k)
"""
FIRST = Build("b", edits=[install("tiny-wrap", "1.0", "tinywrap")])
ONE = "def _one(x):\n    return x + 1\n\ndef _two(x):\n    return x + 7\n\n"
EDIT_ONE = Build("b", edits=[sub("nodes.py", "x + 1", "x + 2")])


def wrapped(made: str, *edits: tuple[str, str], name: str) -> None:
    """Add a case of a function wrapped by a library's object, and edits that count; comments and copies do not."""
    case(
        name,
        one("import tinywrap\n" + ONE + f"_f = {made}\n", "_f(x)", WRAP),
        NOTHING,
        EDIT_ONE,
        Build(edits=[sub("nodes.py", "def _one(x):\n", "def _one(x):\n    # why\n")]),
        *(Build("b", edits=[sub("nodes.py", old, new)]) for old, new in edits),
        Build(edits=[copy_project("copy")]),
        first=FIRST,
        **X,
    )


wrapped("tinywrap.Scaled(_one, 3)", ("_one, 3", "_one, 4"), name="wrapper_with_number")
wrapped(
    "tinywrap.Scaled(_one, 3, _two)",
    ("x + 7", "x + 8"),
    ("3, _two", "3, None"),
    name="wrapper_with_second_function",
)
wrapped("tinywrap.Scaled(_one, 3, word='sum')", ("'sum'", "'median'"), name="wrapper_with_text")
wrapped(
    "[tinywrap.Scaled(_one, k, word='a' * k) for k in (2, 3)][1]",
    ("(2, 3)", "(2, 4)"),
    name="wrapper_in_comprehension",
)
wrapped("tinywrap.Slotted(_one, 3)", ("_one, 3", "_one, 4"), name="wrapper_with_slots")
wrapped("tinywrap.Locked(_one, 3)", ("_one, 3", "_one, 4"), name="wrapper_that_refuses_copies")
wrapped(
    "tinywrap.Scaled(tinywrap.Scaled(_one, 2), 3)",
    ("_one, 2", "_one, 4"),
    ("4), 3", "4), 5"),
    name="wrapper_of_wrapper",
)
case(
    "wrapper_as_decorator",
    one("import tinywrap\n\n@tinywrap.scaled(3)\ndef _f(v):\n    return v + 1\n", "_f(x)", WRAP),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "scaled(3)", "scaled(4)")]),
    Build("b", edits=[sub("nodes.py", "v + 1", "v + 2")]),
    first=FIRST,
    **X,
)
PROXY = (
    "import wrapt\n"
    + ONE
    + "def _g(wrapped, instance, args, kwargs):\n    return wrapped(*args, **kwargs) * 2\n\n"
)
case(
    "proxy_with_wrapper",
    one(
        PROXY
        + "def _h(wrapped, instance, args, kwargs):\n    return 5\n\n_f = wrapt.FunctionWrapper(_one, _g)",
        "_f(x)",
    ),
    NOTHING,
    EDIT_ONE,
    Build("b", edits=[sub("nodes.py", "* 2", "* 3")]),
    Build("b", edits=[sub("nodes.py", "(_one, _g)", "(_one, _h)")]),
    Build(edits=[copy_project("copy")]),
    **X,
)
case(
    "proxy_with_attribute_of_its_own",
    one(
        PROXY
        + "class _P(wrapt.ObjectProxy):\n    def __call__(self, x):\n        return self.__wrapped__(x) * self._self_k\n"
        "\n_f = _P(_one)\n_f._self_k = 3",
        "_f(x)",
    ),
    NOTHING,
    EDIT_ONE,
    Build("b", edits=[sub("nodes.py", "_self_k = 3", "_self_k = 4")]),
    **X,
)
case(
    "proxy_decorator",
    one(
        "import wrapt\n\n@wrapt.decorator\ndef _twice(wrapped, instance, args, kwargs):\n"
        "    return wrapped(*args, **kwargs) * 2\n\n@_twice\ndef _f(v):\n    return v + 1\n",
        "_f(x)",
    ),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "* 2", "* 3")]),
    Build("b", edits=[sub("nodes.py", "v + 1", "v + 2")]),
    **X,
)
case(
    "memory_of_a_library",
    one(
        'import joblib\n_MEMORY = joblib.Memory(None, verbose=0)\n\n@_MEMORY.cache\ndef _f(v):\n    """Old."""\n    return v + 1\n',
        "_f(x)",
    ),
    NOTHING,
    Build(edits=[sub("nodes.py", "Old", "New")]),
    Build(edits=[sub("nodes.py", "    return v + 1", "    # why\n    return v + 1")]),
    Build("b", edits=[sub("nodes.py", "v + 1", "v + 2")]),
    Build(edits=[copy_project("copy")]),
    **X,
)
