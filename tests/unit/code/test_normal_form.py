"""Texts that mean the same have one form; texts that do not have two."""

from __future__ import annotations

import ast

import pytest

from dagbuild.code.normal_form import FunctionForm, dump_function


def form(text: str) -> FunctionForm:
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    return dump_function(node)


SAME = [
    ("def f(x):\n    return x+1", "def f(x):\n    # why\n    return (x\n        + 1)"),
    ("def f(x):\n    return x", 'def f(x):\n    """Doc."""\n    return x'),
    ("def f(x):\n    return x", "def other(x):\n    return x"),
    ("def f(x):\n    return x", "def f(x: int) -> str:\n    return x"),
    ("def f(x):\n    pass\n    return x", 'def f(x):\n    ...\n    "note"\n    return x'),
    ("def f():\n    y: int = 1\n    return y", "def f():\n    y = 1\n    return y"),
    ('def f():\n    return "a" "b"', "def f():\n    return 'ab'"),
    ('def f(v):\n    return f"a" f"b{v}" "c"', 'def f(v):\n    return f"ab{v}c"'),
    ('def f():\n    return f"ab"', 'def f():\n    return "ab"'),
    ("def f():\n    return 0x10, 1_0, 1e1", "def f():\n    return 16, 10, 10.0"),
    ("def f():\n    def g(a: int) -> int:\n        'doc'\n        return a\n    return g", "def f():\n    def g(a):\n        return a\n    return g"),
    ("def f(a, b=1):\n    return a", "def f(a, b=2):\n    return a"),
]  # fmt: skip
OTHER = [
    ("def f():\n    return 1", "def f():\n    return 1.0"),
    ("def f():\n    return 1", "def f():\n    return True"),
    ("def f():\n    return 1", 'def f():\n    return "1"'),
    ("def f():\n    return b'1'", 'def f():\n    return "1"'),
    ("def f():\n    return 1, 2", "def f():\n    return [1, 2]"),
    ("def f():\n    return 0.0", "def f():\n    return -0.0"),
    ("def f():\n    return x", "def f():\n    x: int\n    return x"),
    ("def f(a):\n    return a", "def f(*, a):\n    return a"),
    ("def f(a):\n    return a", "def f(a, /):\n    return a"),
    ("def f(a):\n    return a", "def f(a=1):\n    return a"),
    ("def f(a, *b):\n    return a", "def f(a, **b):\n    return a"),
    ("def f():\n    return 1", "async def f():\n    return 1"),
    ("def f(v):\n    return v[1:]", "def f(v):\n    return v[:1]"),
    ("def f(v):\n    return f'{v}'", "def f(v):\n    return f'{v!r}'"),
    ("def f(v):\n    return f'{v}'", "def f(v):\n    return f'{v:>3}'"),
    ("def f(v):\n    return {**v}", "def f(v):\n    return {None: v}"),
    ("def f(v):\n    return a.b.c", "def f(v):\n    return a.b().c"),
    ("def f(v):\n    with v as w, w: pass", "def f(v):\n    with v, w as w: pass"),
    ("def f(v):\n    return not v < 1", "def f(v):\n    return not v > 1"),
    ("def f(v):\n    global x\n    x = v", "def f(v):\n    x = v"),
    ("def f(v):\n    from a import b", "def f(v):\n    from .a import b"),
    ("def f(v):\n    return [i async for i in v]", "def f(v):\n    return [i for i in v]"),
    ("def f(v):\n    try:\n        v()\n    except* E: pass", "def f(v):\n    try:\n        v()\n    except E: pass"),
    ("def f():\n    def g(a=1): return a\n    return g", "def f():\n    def g(a=2): return a\n    return g"),
    ("def f():\n    @h\n    def g(a: int): return a\n    return g", "def f():\n    @h\n    def g(a: str): return a\n    return g"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "two"), SAME)
def test_spelling_does_not_count(one: str, two: str) -> None:
    """Layout, comments, docstrings, annotations, statements that do nothing and a function's own name."""
    assert form(one).body.digest == form(two).body.digest


@pytest.mark.parametrize(("one", "two"), OTHER)
def test_meaning_counts(one: str, two: str) -> None:
    """Everything that can change what the function does."""
    assert form(one).body.digest != form(two).body.digest


def test_references_are_chains_of_names_of_the_module() -> None:
    """Attributes are taken along, local names are left out."""
    found = form("def f(x):\n    y = lib.sub.g(x)\n    return [K for i in y if (z := i)] + [z, len(y)]").body

    assert found.chains == (("K",), ("len",), ("lib", "sub", "g"))


def test_imports_in_the_body_are_followed_by_what_is_used() -> None:
    """An imported name is local; what is taken from it is known."""
    found = form("def f():\n    from .lib import g as h\n    import a.b\n    return h.k(a.b.c)").body

    assert [(i.level, i.module, i.name, i.path) for i in found.imports] == [
        (0, "a", None, ("b", "c")),
        (0, "a.b", "", ("b", "c")),
        (1, "lib", "g", ("k",)),
    ]


def test_environment_variables_with_literal_names_are_found() -> None:
    """In each of the ways to read one."""
    found = form(
        "def f():\n    return os.environ['A'], os.environ.get('B'), os.getenv('C', 1), environ['D'], getenv('E')"
    )

    assert found.body.environment == ("A", "B", "C", "D", "E")


def test_a_sum_of_thousands_of_terms_has_a_form() -> None:
    """No recursion limit in the way."""
    long = ast.parse("def f():\n    return 1").body[0]
    assert isinstance(long, ast.FunctionDef)
    total: ast.expr = ast.Constant(1)
    for _ in range(20_000):
        total = ast.BinOp(total, ast.Add(), ast.Constant(1))
    long.body = [ast.Return(total)]

    assert dump_function(long).body.digest != form("def f():\n    return 1").body.digest
