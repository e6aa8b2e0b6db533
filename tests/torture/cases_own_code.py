"""Edits of a node's own text."""

from tests.torture.case import NOTHING, Build, Case, sub, write
from tests.torture.parts import AB, A, B, C, X, collector

CASES: list[Case] = []
case = collector(CASES)

case("unchanged", AB, NOTHING, **X)
case("own_body", AB + C, Build("a b c", edits=[sub("nodes.py", "x + 1", "x + 2")]), target="b c", **X)
case(
    "revert",
    AB,
    Build("a b", edits=[sub("nodes.py", "x + 1", "x + 2")]),
    Build("", edits=[sub("nodes.py", "x + 2", "x + 1")]),
    **X,
)
case(
    "comment_only",
    AB,
    Build(edits=[sub("nodes.py", "    return x + 1", "    # why\n    return x + 1  # plus one")]),
    **X,
)
case(
    "docstring_only",
    AB.replace('int:\n    ran("a")', 'int:\n    """Old."""\n    ran("a")'),
    Build(edits=[sub("nodes.py", "Old.", "New and\n    longer.")]),
    **X,
)
case(
    "black_reformat",
    """
--- nodes.py
def a(x: int) -> dict:
    ran("a")
    d = {'k': x, "total": (x+1)}
    return dict(d, z = [x,
        2])

def b(a: dict) -> str:
    ran("b")
    return str(a)
""",
    Build(
        edits=[
            sub(
                "nodes.py",
                """    d = {'k': x, "total": (x+1)}
    return dict(d, z = [x,
        2])""",
                """    d = {
        "k": x,
        "total": x + 1,
    }

    return dict(d, z=[x, 2])""",
            )
        ]
    ),
    **X,
)
case(
    "string_whitespace",
    '''
--- nodes.py
def a() -> str:
    ran("a")
    return """one
two  # not a comment
"""

def b(a: str) -> int:
    ran("b")
    return len(a)
''',
    Build("a b", edits=[sub("nodes.py", "two  # not a comment", "two   # not a  comment")]),
)
case(
    "return_annotation",
    AB,
    Build(maybe="a", edits=[sub("nodes.py", "def a(x: int) -> int", "def a(x: int) -> bool")]),
    **X,
)
case(
    "rename_local",
    AB.replace("return x + 1", "y = x + 1\n    return y"),
    Build(maybe="a", edits=[sub("nodes.py", "y = x + 1\n    return y", "total = x + 1\n    return total")]),
    **X,
)
case(
    "node_default_arg",
    """
--- nodes.py
def a(x: int, k: int = 2) -> int:
    ran("a")
    return x + k
"""
    + B,
    Build("a b", edits=[sub("nodes.py", "k: int = 2", "k: int = 3")]),
    **X,
)
case(
    "literal_int_to_float",
    """
--- nodes.py
def a() -> object:
    ran("a")
    return 1

def b(a: object) -> str:
    ran("b")
    return str(a)
""",
    Build("a b", edits=[sub("nodes.py", "return 1", "return 1.0")]),
)
case("unrelated_function", AB + C, Build("c", edits=[sub("nodes.py", "a - 5", "a - 6")]), target="b c", **X)
case(
    "function_added",
    AB,
    Build(edits=[sub("nodes.py", "def b(", "def zero() -> int:\n    return 0\n\n\ndef b(")]),
    **X,
)
case("functions_reordered", AB, Build(edits=[write("nodes.py", B + A)]), **X)
case(
    "assert_added",
    AB,
    Build(maybe="a", edits=[sub("nodes.py", "    return x + 1", "    assert x\n    return x + 1")]),
    **X,
)
