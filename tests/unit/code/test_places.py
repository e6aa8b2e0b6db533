"""A parameter of a node may be called anything, unless something can tell."""

from __future__ import annotations

import ast

import pytest

from dagbuild.code.normal_form import dump_function
from dagbuild.code.parameters import find_places
from dagbuild.ground.digest import Digest


def digest(body: str, arguments: str = "spend, x") -> Digest:
    """Return what stands for a function in the fingerprint of its node."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    (function,) = ast.parse(f"def f({arguments}):\n{lines}").body
    assert isinstance(function, ast.FunctionDef)
    return dump_function(function, find_places(function)).body.digest


FREE = [
    "return spend + x",
    "return g(spend=spend)",
    'return frame["spend"] + spend',
    'return {"spend": spend}',
    "return spend.mean(spend.size)",
    "return [row + spend for row in spend]",
    "return g(lambda row: row + spend)",
    "def inner(row, by=spend):\n    return row + spend\nreturn inner",
    "class Row:\n    def get(self):\n        return spend\nreturn Row",
    "spend = spend + 1\nspend += 1\ndel spend\nreturn 1",
    "return f'{spend:>{spend}} days'",
    "for spend in spend:\n    pass\nreturn spend",
    "with spend as spend:\n    return spend",
    "return (spend := spend + 1)",
    "return getattr(spend, 'size')",
    "return frame.spend + spend",
    'df["spend"] = spend\nreturn df',
    '"""Of all the spend."""\nreturn spend',
]


@pytest.mark.parametrize("body", FREE)
def test_a_name_that_nobody_sees(body: str) -> None:
    """The name in the body follows the parameter; keywords, attributes and columns of that name are others."""
    function = ast.parse("def f(spend, x):\n" + "".join(f"    {line}\n" for line in body.splitlines()))
    renamed = ast.unparse(Rename().visit(function)).partition("\n")[2]
    text = "\n".join(line[4:] for line in renamed.splitlines())

    assert "cost" in text
    assert digest(text, "cost, x") == digest(body)


class Rename(ast.NodeTransformer):
    """Renames the variable `spend`, as an editor would."""

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.copy_location(ast.Name("cost" if node.id == "spend" else node.id, node.ctx), node)

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return (
            ast.Constant(node.value.replace("all the spend", "all the cost"))
            if node.value == "Of all the spend."
            else node
        )


NAMED = [
    "return locals()",
    "return vars()",
    "return eval(text)",
    "exec(text)\nreturn spend",
    "import inspect\nreturn spend",
    "return sys._getframe().f_locals",
    "return df.query(text)",
    "return pd.eval(text)",
    "return duckdb.sql(text)",
    "return text.format('spend')",
    "return f'{spend=}'",
    "return [spend for spend in x]",
    "return lambda spend: spend",
    "def spend():\n    return 1\nreturn spend",
    "class spend:\n    pass\nreturn spend",
    "def inner():\n    nonlocal spend\n    spend = 1\nreturn inner",
    "def inner():\n    spend = 1\n    return spend\nreturn inner() + spend",
    "import spend\nreturn spend",
    "from a import b as spend\nreturn spend",
    "try:\n    return 1\nexcept E as spend:\n    return spend",
    "match x:\n    case spend:\n        return spend",
    "match x:\n    case [1, *spend]:\n        return spend",
    "match x:\n    case {1: 2, **spend}:\n        return spend",
    "return [y for y in x if (spend := y)]",
    "return x + 1  # one that is not used\nspend_text = 'select * from spend'",
]


@pytest.mark.parametrize("body", NAMED)
def test_a_name_that_may_be_seen(body: str) -> None:
    """Where the name can be looked up or means something else as well, it stays."""
    assert digest(body) != digest(body.replace("spend", "cost"), "cost, x")
    assert digest(body) != digest(body, "x, spend")


def test_places_are_told_apart() -> None:
    """Which parameter stands where is what a function means."""
    assert digest("return spend - x") != digest("return x - spend")
    assert digest("return spend - x") == digest("return x - spend", "x, spend")
    assert digest("return spend - x") != digest("return spend - x", "spend, *, x")
    assert digest("return spend - x") != digest("return spend - y", "spend, x")


@pytest.mark.parametrize("arguments", ["spend, *x", "spend, **x", "spend, __x"])
def test_other_parameters(arguments: str) -> None:
    """What collects arguments gets them by name; two underscores are mangled in classes."""
    assert digest("return spend", arguments) != digest("return cost", arguments.replace("spend", "cost"))
