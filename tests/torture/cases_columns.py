"""What a node says of the columns that it takes, and what becomes of the others."""

from tests.torture.case import NOTHING, Build, Case, sub
from tests.torture.parts import X, collector

CASES: list[Case] = []
case = collector(CASES)


def nodes(make: str, takers: str, extra: str = "") -> str:
    """Return a node `a` that makes a table, after something else and before what takes it."""
    return f"""
--- nodes.py
from typing import Annotated, Optional
import pandas as pd
from dagbuild import Columns, cache, extract_columns, group, inject, source
{extra}
def a(x: int) -> pd.DataFrame:
    ran("a")
    return {make}
{takers}"""


def table(annotation: str, make: str, use: str = "float(a.to_numpy().sum())", extra: str = "") -> str:
    """Return a node `a` that makes a table and a node `b` that takes some of it."""
    return nodes(make, f"""
def b(a: {annotation}) -> object:
    ran("b")
    return {use}
""", extra)  # fmt: skip


TWO = 'pd.DataFrame({"u": [x, 2], "v": [3, 4]}, index=[5, 6])'
U = 'Annotated[pd.DataFrame, Columns("u")]'
BOTH = 'Annotated[pd.DataFrame, Columns("u", "v")]'

case(
    "unlisted_column",
    table(U, TWO),
    NOTHING,
    Build("a", edits=[sub("nodes.py", "[3, 4]", "[3, 5]")]),
    Build("a b", edits=[sub("nodes.py", "[x, 2]", "[x, 7]")]),
    **X,
)
case(
    "unlisted_column_added_renamed_and_dropped",
    table(U, TWO),
    Build("a", edits=[sub("nodes.py", '"v": [3, 4]', '"v": [3, 4], "w": "text"')]),
    Build("a", edits=[sub("nodes.py", '"w": "text"', '"z": "text"')]),
    Build("a", edits=[sub("nodes.py", '"v": [3, 4], "z": "text"', "")]),
    **X,
)
case(
    "unlisted_column_before",
    table(U, TWO),
    Build("a", edits=[sub("nodes.py", '{"u"', '{"w": [[], {}], "u"')]),
    Build("a", edits=[sub("nodes.py", "[[], {}]", "['x', b'y']")]),
    **X,
)
case(
    "listed_column_renamed",
    table(U, TWO),
    Build("a", edits=[sub("nodes.py", '"u": [x, 2]', '"w": [x, 2]')], fail=True),
    Build("b", edits=[sub("nodes.py", 'Columns("u")', 'Columns("w")')]),
    **X,
)
case(
    "column_swapped_with_another",
    table(U, TWO),
    Build("a b", edits=[sub("nodes.py", '{"u": [x, 2], "v": [3, 4]}', '{"v": [x, 2], "u": [3, 4]}')]),
    **X,
)
case(
    "list_of_columns",
    table(U, TWO),
    Build("b", edits=[sub("nodes.py", 'Columns("u")', 'Columns("u", "v")')]),
    Build("b", edits=[sub("nodes.py", 'Columns("u", "v")', 'Columns("v", "u")')]),
    Build("b", edits=[sub("nodes.py", ', Columns("v", "u")', ', "a note"')]),
    **X,
)
case(
    "order_of_the_table",
    table(BOTH, f"{TWO}[['u', 'v']]", "list(a.columns)"),
    Build("a", edits=[sub("nodes.py", "['u', 'v']", "['v', 'u']")]),
    **X,
)
case(
    "index_of_the_table",
    table(U, TWO, "list(a.index)"),
    Build("a b", edits=[sub("nodes.py", "[5, 6]", "[5, 7]")]),
    Build("a b", edits=[sub("nodes.py", "index=[5, 7]", 'index=pd.Index([5, 7], name="n")')]),
    **X,
)
case(
    "dtype_of_a_listed_column",
    table(BOTH, f"{TWO}.astype({{'u': 'i8', 'v': 'i8'}})", "str(a.dtypes.tolist())"),
    Build("a b", edits=[sub("nodes.py", "'u': 'i8'", "'u': 'i4'")]),
    Build("a b", edits=[sub("nodes.py", "'u': 'i4'", "'u': 'Int64'")]),
    **X,
)
case(
    "attrs_and_flags_of_the_table",
    table(U, f"_noted({TWO})", "str(a.attrs), a.flags.allows_duplicate_labels", """
def _noted(frame):
    frame.attrs["unit"] = "m"
    return frame.set_flags(allows_duplicate_labels=True)
"""),
    Build("a b", edits=[sub("nodes.py", '"m"', '"km"')]),
    Build("a b", edits=[sub("nodes.py", "allows_duplicate_labels=True", "allows_duplicate_labels=False")]),
    **X,
)  # fmt: skip
case(
    "name_of_the_columns",
    table(U, f"{TWO}.rename_axis(columns='n')", "a.columns.name"),
    Build("a b", edits=[sub("nodes.py", "'n'", "'m'")]),
    **X,
)
case(
    "class_in_a_listed_column",
    table(U, 'pd.DataFrame({"u": [Point()], "v": [1]})', "a['u'].iloc[0].value()", """
class Point:
    def value(self):
        return 1
"""),
    Build("a", edits=[sub("nodes.py", '"v": [1]', '"v": [2]')]),
    Build("a b", edits=[sub("nodes.py", "return 1", "return 5")]),
    **X,
)  # fmt: skip
case(
    "optional_table",
    table('Optional[Annotated[pd.DataFrame, Columns("u")]]', TWO, "list(a.columns)"),
    Build("a", edits=[sub("nodes.py", "[3, 4]", "[3, 5]")]),
    **X,
)
case(
    "columns_in_a_constant",
    table("Annotated[pd.DataFrame, Columns(*NAMES)]", TWO, extra='NAMES = ["u"]\n'),
    Build("a", edits=[sub("nodes.py", "[3, 4]", "[3, 5]")]),
    Build("b", edits=[sub("nodes.py", '["u"]', '["v"]')]),
    **X,
)
case(
    "two_parameters_of_one_table",
    nodes(TWO, """
@inject(p=source("a"), q=source("a"))
def b(p: Annotated[pd.DataFrame, Columns("u")], q: Annotated[pd.DataFrame, Columns("v")]) -> object:
    ran("b")
    return [*p.columns, *q["v"]]
"""),
    Build("a", edits=[sub("nodes.py", "[3, 4]}", '[3, 4], "w": 0}')]),
    Build("a b", edits=[sub("nodes.py", "[3, 4]", "[3, 5]")]),
    **X,
)  # fmt: skip
case(
    "group_of_tables",
    nodes(TWO, """
@inject(many=group(source("a"), source("a")))
def b(many: list[Annotated[pd.DataFrame, Columns("u")]]) -> object:
    ran("b")
    return [list(each.columns) for each in many]
"""),
    Build("a", edits=[sub("nodes.py", "[3, 4]", "[3, 5]")]),
    Build("a b", edits=[sub("nodes.py", "[x, 2]", "[x, 3]")]),
    **X,
)  # fmt: skip
case(
    "through_a_view",
    nodes(TWO, """
@cache("never")
def view(a: Annotated[pd.DataFrame, Columns("u")]) -> pd.DataFrame:
    return a.assign(w=1)

def b(view: Annotated[pd.DataFrame, Columns("w", "u")]) -> object:
    ran("b")
    return view.to_dict()
"""),
    Build("a", edits=[sub("nodes.py", "[3, 4]", "[3, 5]")]),
    Build("b", edits=[sub("nodes.py", "w=1", "w=2")]),
    Build("a b", edits=[sub("nodes.py", "[x, 2]", "[x, 3]")]),
    **X,
)  # fmt: skip
case(
    "extracted_column",
    nodes(TWO, """
def b(u: pd.Series) -> object:
    ran("b")
    return u.to_dict()
""", '@extract_columns("u", "v")'),
    Build("a", edits=[sub("nodes.py", "[3, 4]", "[3, 5]")]),
    Build("a b", edits=[sub("nodes.py", "[x, 2]", "[x, 3]")]),
    **X,
)  # fmt: skip
case(
    "column_given_whole_to_another",
    nodes(TWO, """
def b(a: Annotated[pd.DataFrame, Columns("u")], c: int) -> object:
    ran("b")
    return a.to_dict(), c

def c(a: pd.DataFrame) -> int:
    ran("c")
    return a.shape[1]
"""),
    Build("a c", edits=[sub("nodes.py", "[3, 4]", "[3, 5]")]),
    Build("a c b", edits=[sub("nodes.py", "[3, 5]}", '[3, 5], "w": 0}')]),
    **X,
)  # fmt: skip
case(
    "override_of_the_table",
    table(U, TWO),
    Build("b", overrides={"a": "pd.DataFrame({'u': [1, 2], 'v': [1, 2]})"}),
    Build(overrides={"a": "pd.DataFrame({'v': [7, 8], 'u': [1, 2], 'w': 'x'})"}),
    Build("b", overrides={"a": "pd.DataFrame({'u': [1, 3], 'v': [1, 2]})"}),
    **X,
)
case(
    "input_table",
    """
--- nodes.py
from typing import Annotated
import pandas as pd
from dagbuild import Columns

def b(x: Annotated[pd.DataFrame, Columns("u")]) -> object:
    ran("b")
    return x.to_dict()
""",
    Build(inputs={"x": "pd.DataFrame({'v': [7, 8], 'u': [1, 2]})"}),
    Build("b", inputs={"x": "pd.DataFrame({'v': [7, 8], 'u': [1, 3]})"}),
    inputs={"x": "pd.DataFrame({'u': [1, 2], 'v': [1, 2]})"},
)
