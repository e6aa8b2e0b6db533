"""Files, libraries, folders and places: what counts there and what does not."""

from tests.torture.case import NOTHING, Build, Case, copy_project, crlf, install, rename, sub, touch, write
from tests.torture.parts import AB, LIB, B, X, collector, uses

CASES: list[Case] = []
case = collector(CASES)

CSV = """
--- nodes.py
from dagbuild import File

def a(path: File) -> list:
    ran("a")
    with open(path) as f:
        return f.read().split()

def b(a: list) -> int:
    ran("b")
    return len("".join(a))
--- data.csv
p,q
1,2
"""
TINY = (
    """
--- nodes.py
import tinylib

def a(x: int) -> int:
    ran("a")
    return tinylib.scale(x)
"""
    + B
    + """
def c(x: int) -> int:
    ran("c")
    return x * 3
--- site:tinylib/__init__.py
def scale(x):
    return x * 2
"""
)
case(
    "csv_declared_changed",
    CSV,
    NOTHING,
    Build("a b", edits=[sub("data.csv", "1,2", "1,22")]),
    config={"path": "data.csv"},
)
case("csv_declared_touched", CSV, Build(edits=[touch("data.csv")]), config={"path": "data.csv"})
case(
    "csv_literal_in_body",
    """
--- nodes.py
def b() -> int:
    ran("b")
    with open("data.csv") as f:
        return len(f.read())
--- data.csv
p,q
1,2
""",
    NOTHING,
    Build("b", edits=[sub("data.csv", "1,2", "1,22")]),
)
case(
    "env_in_body",
    """
--- nodes.py
import os

def b() -> str:
    ran("b")
    return os.environ["REGION"]
""",
    NOTHING,
    Build("b", env={"REGION": "us"}),
    env={"REGION": "eu"},
)
case(
    "library_version",
    TINY,
    Build(
        "a b",
        edits=[sub("site:tinylib/__init__.py", "x * 2", "x * 4"), install("tiny-lib", "2.0", "tinylib")],
    ),
    first=Build("a b c", edits=[install("tiny-lib", "1.0", "tinylib")]),
    target="b c",
    **X,
)
case(
    "library_editable_install",
    TINY.replace("site:tinylib/", "../libsrc/tinylib/"),
    NOTHING,
    Build("a b", edits=[sub("../libsrc/tinylib/__init__.py", "x * 2", "x * 4")]),
    first=Build(
        "a b c",
        edits=[
            install("tiny-lib", "1.0", "tinylib", editable=True),
            write("site:zz.pth", ""),
            write(
                "site:sitecustomize.py",
                "import os, sys\nsys.path.append(os.path.join(os.path.dirname(os.path.dirname(__file__)), 'libsrc'))\n",
            ),
        ],
    ),
    target="b c",
    **X,
)
case(
    "copied_project",
    uses("from lib import f") + LIB,
    Build(edits=[copy_project("elsewhere")]),
    Build(cwd=""),
    target="b c",
    **X,
)
case(
    "other_working_directory", uses("from lib import f") + LIB, Build(cwd="site-packages"), target="b c", **X
)
case("crlf", AB.replace("x + 1", 'x + len("""1\n2""")'), Build(edits=[crlf("nodes.py")]), **X)
case("script_or_module", AB, Build(mode="script"), **X)
case(
    "module_renamed",
    uses("from lib import f") + LIB,
    Build(edits=[rename("nodes.py", "newname.py")], modules=["newname"]),
    target="b c",
    **X,
)
case("notebook_rerun", uses("").replace("f(x)", "x + 1"), NOTHING, mode="notebook", target="b c", **X)
case(
    "notebook_no_source_rerun",
    uses("").replace("f(x)", "x + 1"),
    NOTHING,
    Build("a b", edits=[sub("nodes.py", "x + 1", "x + 2")]),
    mode="nosource",
    target="b c",
    **X,
)
case(
    "py_edit_same_size_and_mtime",
    AB,
    Build("a b", edits=[sub("nodes.py", "x + 1", "x + 2", keep_mtime=True)]),
    **X,
)
