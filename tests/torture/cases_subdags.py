"""Graphs within nodes: an edit of what is within runs what it concerns, in each of its uses, and nothing else."""

from tests.torture.case import NOTHING, Build, Case, install, sub
from tests.torture.parts import collector

CASES: list[Case] = []
case = collector(CASES)

FILES = """
--- nodes.py
import parts
from dagbuild import configuration, source, subdag, value

FACTOR = 3

def spend() -> int:
    ran("spend")
    return 10

@subdag(parts, inputs={"amount": source("spend"), "factor": value(FACTOR)}, config={"mode": configuration("way")})
def uk(low: int) -> int:
    ran("uk")
    return low

@subdag(parts, inputs={"amount": source("spend"), "factor": value(7)}, config={"mode": "down"})
def de(moved: int) -> int:
    ran("de")
    return moved

def b(uk: int, de: int) -> str:
    ran("b")
    return f"{uk} {de}"
--- parts.py
from dagbuild import config, extract_fields
import helpers

def scaled(amount: int, factor: int) -> int:
    ran("scaled")
    return helpers.scale(amount, factor)

@config.when(mode="up")
def moved__up(scaled: int) -> int:
    ran("up")
    return scaled + 1

@config.when(mode="down")
def moved__down(scaled: int) -> int:
    ran("down")
    return scaled - 1

@extract_fields({"low": int, "high": int})
def bounds(moved: int) -> dict:
    ran("bounds")
    return {"low": moved - 1, "high": moved + 1}

def unused(moved: int) -> int:
    ran("unused")
    return moved
--- helpers.py
def scale(amount: int, factor: int) -> int:
    return amount * factor

def other() -> int:
    return 1
"""

case(
    "subdag_nested",
    """
--- nodes.py
from dagbuild import source, subdag, value
import middle

@subdag(middle, inputs={"start": value(2)})
def b(inner: int) -> int:
    ran("b")
    return inner
--- middle.py
from dagbuild import source, subdag
import deep

def base(start: int) -> int:
    ran("base")
    return start + 1

@subdag(deep, inputs={"x": source("base")})
def inner(doubled: int) -> int:
    ran("inner")
    return doubled
--- deep.py
def doubled(x: int) -> int:
    ran("doubled")
    return x * 2
""",
    Build("doubled inner b", edits=[sub("deep.py", "x * 2", "x * 3")]),
    Build("base doubled inner b", edits=[sub("nodes.py", "value(2)", "value(5)")]),
    Build("inner", edits=[sub("middle.py", "return doubled", "return doubled + 0")]),
    NOTHING,
)
case(
    "subdag_edits_within",
    FILES,
    NOTHING,
    Build(edits=[sub("parts.py", "import helpers", "import helpers  # as before")]),
    Build(edits=[sub("parts.py", "return moved\n", "return moved + 5\n")]),
    Build(edits=[sub("helpers.py", "return 1", "return 2")]),
    Build("up bounds uk b", edits=[sub("parts.py", "scaled + 1", "scaled + 2")]),
    Build(
        "scaled up down bounds uk de b",
        edits=[sub("helpers.py", "amount * factor", "amount * factor + 1")],
    ),
    Build("bounds", edits=[sub("parts.py", '"high": moved + 1', '"high": moved + 2')]),
    Build("scaled", edits=[sub("parts.py", "return helpers", "factor = factor + 0\n    return helpers")]),
    config={"way": "up"},
    first=Build("spend scaled up down bounds uk de b"),
)
case(
    "subdag_edits_of_what_is_given",
    FILES,
    Build("scaled up bounds uk b", edits=[sub("nodes.py", "FACTOR = 3", "FACTOR = 4")]),
    Build("scaled down de b", edits=[sub("nodes.py", "value(7)", "value(8)")]),
    Build("down bounds uk b", config={"way": "down"}),
    Build(config={"way": "up"}),
    Build("spend", edits=[sub("nodes.py", "return 10", "return 5 + 5")]),
    Build("up de b", maybe="down", edits=[sub("nodes.py", '{"mode": "down"}', '{"mode": "up"}')]),
    Build(
        edits=[
            sub(
                "nodes.py",
                'source("spend"), "factor": value(8)',
                'source("spend"), "factor": value(4 + 4)',
            )
        ]
    ),
    config={"way": "up"},
    first=Build("spend scaled up down bounds uk de b"),
)
case(
    "with_columns",
    """
--- nodes.py
import pandas as pd
from dagbuild import with_columns
import parts

def table() -> pd.DataFrame:
    ran("table")
    return pd.DataFrame({"x": [1, 2], "y": [3, 4]})

@with_columns(parts, columns_to_pass=["x"], select=["cost", "double"])
def b(table: pd.DataFrame) -> str:
    ran("b")
    return table.to_json()
--- parts.py
import pandas as pd

def cost(x: pd.Series) -> pd.Series:
    ran("cost")
    return x + 1

def double(x: pd.Series) -> pd.Series:
    ran("double")
    return x * 2

def other(x: pd.Series) -> pd.Series:
    ran("other")
    return x
""",
    Build("double b", edits=[sub("parts.py", "x * 2", "x * 3")]),
    Build(edits=[sub("parts.py", "return x\n", "return -x\n")]),
    Build("table b", edits=[sub("nodes.py", '"y": [3, 4]', '"y": [3, 5]')]),
    Build("table cost double b", edits=[sub("nodes.py", '"x": [1, 2]', '"x": [1, 3]')]),
    Build("other b", edits=[sub("nodes.py", '["cost", "double"]', '["cost", "double", "other"]')]),
    first=Build("table cost double b"),
)
case(
    "subdag_of_an_installed_library",
    """
--- nodes.py
import teamlib.features
from dagbuild import subdag, value

@subdag(teamlib.features, inputs={"x": value(2)})
def b(kept: int) -> int:
    ran("b")
    return kept
--- site:teamlib/__init__.py
--- site:teamlib/features.py
def doubled(x: int) -> int:
    ran("doubled")
    return x * 2

def kept(doubled: int) -> int:
    ran("kept")
    return doubled
""",
    NOTHING,
    Build(
        "doubled kept b",
        edits=[sub("site:teamlib/features.py", "x * 2", "x * 3"), install("teamlib", "1.1", "teamlib")],
    ),
    Build(
        "kept",
        maybe="doubled",
        edits=[
            sub("site:teamlib/features.py", "return doubled", "return doubled + 0"),
            install("teamlib", "1.2", "teamlib"),
        ],
    ),
    Build("doubled kept b", edits=[sub("nodes.py", "value(2)", "value(3)")]),
    first=Build("doubled kept b", edits=[install("teamlib", "1.0", "teamlib")]),
)
