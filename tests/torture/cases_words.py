"""Edits of what dagbuild's own decorators and annotations say."""

from tests.torture.case import NOTHING, Build, Case, Edit, sub, touch
from tests.torture.parts import A, B, X, collector

CASES: list[Case] = []
case = collector(CASES)


def edit(old: str, new: str, run: str = "", maybe: str = "", **more: bool) -> Build:
    """Return a build after an edit of the nodes."""
    edits: list[Edit] = [sub("nodes.py", old, new)]
    return Build(run, maybe, edits, **more)  # type: ignore[arg-type]  # a keyword is `fail`


D = """
def d(x: int) -> int:
    ran("d")
    return x + 50
"""
TABLE = """
--- nodes.py
import pandas as pd
from dagbuild import extract_columns

@extract_columns("p", "q")
def a(x: int) -> pd.DataFrame:
    ran("a")
    return pd.DataFrame({"p": [x, 2], "q": [3, 4], "r": [5, 6]})

def b(p: pd.Series, q: pd.Series) -> str:
    ran("b")
    return str((p + q).tolist())
"""
CHECKED = (
    """
--- nodes.py
from dagbuild import check_output

_HIGH = 10

@check_output(range=(0, _HIGH), importance="fail")
def a(x: int) -> int:
    ran("a")
    return x + 6
"""
    + B
)
case(
    "tags_changed_and_dropped",
    '--- nodes.py\nfrom dagbuild import tag\n\n@tag(owner="me", pii="no")' + A + B,
    edit('owner="me", pii="no"', 'owner="you"'),
    edit('@tag(owner="you")', ""),
    **X,
)
case(
    "value_put_between_others",
    """
--- nodes.py
from dagbuild import parameterize, value

@parameterize(p1={"k": value(1)}, p3={"k": value(3)})
def p(x: int, k: int) -> int:  # ran("k1") ran("k2") ran("k3") ran("k4")
    ran(f"k{k}")
    return x + k

def b(p1: int, p3: int) -> int:
    ran("b")
    return p1 * p3
""",
    edit('p3={"k"', 'p2={"k": value(2)}, p3={"k"'),
    edit("value(3)", "value(4)", "k4 b"),
    edit("value(4)", "value(3)"),
    first=Build("b k1 k3"),
    **X,
)
case(
    "columns_taken_out_in_another_order",
    TABLE,
    edit('"p", "q"', '"q", "p", "r"'),
    edit('"q", "p", "r"', '"p", "q"'),
    edit('"q": [3, 4]', '"q": [3, 5]', "a b"),
    edit('"q": [3, 5]', '"q": [3, 4]'),
    edit('"r": [5, 6]', '"r": [5, 7]', "a"),
    **X,
)
case(
    "check_made_wider",
    CHECKED,
    edit("_HIGH = 10", "_HIGH = 20"),
    edit('importance="fail"', 'importance="warn"'),
    **X,
)
case(
    "check_added_that_fails",
    '--- nodes.py\nfrom dagbuild import check_output\n\ndef a(x: int) -> int:\n    ran("a")\n    return x + 6\n'
    + B,
    edit("def a(", '@check_output(range=(0, 5), importance="fail")\ndef a(', maybe="a", fail=True),
    edit("(0, 5)", "(0, 50)"),
    **X,
)
case(
    "another_node_injected",
    "--- nodes.py\nfrom dagbuild import inject, source\n"
    + A
    + D
    + '\n@inject(v=source("a"))\ndef b(v: int) -> int:\n    ran("b")\n    return v * 10\n',
    edit('source("a")', 'source("d")', "d b"),
    edit('source("d")', 'source("a")'),
    first=Build("a b"),
    **X,
)
case(
    "order_of_a_group",
    "--- nodes.py\nfrom dagbuild import group, inject, source\n"
    + A
    + D
    + '\n@inject(v=group(source("a"), source("d")))\ndef b(v: list[int]) -> str:\n    ran("b")\n    return str(v)\n',
    NOTHING,
    edit('source("a"), source("d")', 'source("d"), source("a")', "b"),
    **X,
)
case(
    "names_of_a_group",
    "--- nodes.py\nfrom dagbuild import group, inject, source\n"
    + A
    + D
    + '\n@inject(v=group(one=source("a"), two=source("d")))\ndef b(v: dict[str, int]) -> str:\n    ran("b")\n    return str(v)\n',
    edit('one=source("a"), two=', 'one=source("a"), other=', "b"),
    **X,
)
case(
    "version_raised",
    '--- nodes.py\nfrom dagbuild import cache\n\n@cache(version="1")\ndef b(x: int) -> int:\n    ran("b")\n    return x\n',
    NOTHING,
    edit('"1"', '"2"', "b"),
    edit('"2"', '"1"'),
    **X,
)
case(
    "ignored_helper_edited",
    """
--- nodes.py
from dagbuild import cache
from lib import f, note

@cache(ignore=[note])
def b(x: int) -> int:
    ran("b")
    note(x)
    return f(x)
--- lib.py
def note(x):
    print("note", f(x))

def f(x):
    return x + 1
""",
    Build(edits=[sub("lib.py", '"note"', '"a note"')]),
    Build("b", edits=[sub("lib.py", "x + 1", "x + 2")]),
    **X,
)
case(
    "ignored_class_edited",
    """
--- nodes.py
from dagbuild import cache
from lib import Note, f

@cache(ignore=[Note])
def b(x: int) -> int:
    ran("b")
    Note(x).tell()
    return f(x)
--- lib.py
import functools

def loud(function):
    @functools.wraps(function)
    def inner(*arguments):
        return function(*arguments)
    return inner

class Note:
    def __init__(self, x):
        self.x = x

    @loud
    def tell(self):
        print("note", say(self.x))

def say(x):
    return f"<{x}>"

def f(x):
    return x + 1
""",
    Build(edits=[sub("lib.py", '"note"', '"a note"')]),
    Build(edits=[sub("lib.py", 'f"<{x}>"', 'f"[{x}]"')]),
    Build("b", edits=[sub("lib.py", "x + 1", "x + 2")]),
    **X,
)
case(
    "variant_renamed_and_said_in_other_words",
    """
--- nodes.py
from dagbuild import config

@config.when(mode="fast")
def a__fast(x: int) -> int:
    ran("a")
    return x + 1

@config.when_not(mode="fast")
def a__other(x: int) -> int:
    ran("d")
    return x + 2
"""
    + B,
    edit("a__fast", "a__quick"),
    edit('@config.when(mode="fast")', '@config.when_in(mode=["fast", "faster"])'),
    first=Build("a b"),
    config={"x": 1, "mode": "fast"},
)
case(
    "declared_read_of_a_program",
    """
--- nodes.py
import subprocess
from dagbuild import reads

@reads("data/k.txt")
def b(x: int) -> str:
    ran("b")
    return subprocess.check_output(["cat", "data/k.txt"], text=True)
--- data/k.txt
one
""",
    NOTHING,
    Build("b", edits=[sub("data/k.txt", "one", "two")]),
    Build(edits=[touch("data/k.txt")]),
    Build(edits=[sub("data/k.txt", "two", "one")]),
    **X,
)
case(
    "fields_taken_out",
    """
--- nodes.py
from dagbuild import extract_fields

@extract_fields({"u": int, "v": int})
def a(x: int) -> dict:
    ran("a")
    return {"u": x, "v": 2, "w": 3}

def b(u: int) -> int:
    ran("b")
    return u * 10
""",
    edit('"v": int}', '"v": int, "w": int}'),
    edit('"u": int, "v": int, "w": int', '"u": int'),
    edit('"v": 2', '"v": 4', "a"),
    edit('"u": x', '"u": x + 1', "a b"),
    **X,
)
case(
    "columns_that_are_not_taken",
    """
--- nodes.py
from typing import Annotated
import pandas as pd
from dagbuild import Columns

def a(x: int) -> pd.DataFrame:
    ran("a")
    return pd.DataFrame({"p": [x, 2], "q": [3, 4]}, index=[0, 1])

def b(a: Annotated[pd.DataFrame, Columns("p")]) -> str:
    ran("b")
    return a.to_json(orient="split") + str(list(a.dtypes)) + str(a.attrs)
""",
    edit("[3, 4]", "[3, 5]", "a"),
    edit('"q": [3, 5]', '"q": [3, 5], "s": [1, 1]', "a"),
    edit("index=[0, 1]", "index=[0, 2]", "a b"),
    **X,
)
