"""Names that change while what they name stays: nothing runs, unless somebody looks at the name."""

from tests.torture.case import NOTHING, Build, Case, sub, write
from tests.torture.parts import AB, LIB, X, collector, const, uses

CASES: list[Case] = []
case = collector(CASES)


NODE = [sub("nodes.py", "def a(", "def aa("), sub("nodes.py", "def b(a: int)", "def b(aa: int)")]

case(
    "rename_node", AB, Build(edits=[*NODE, sub("nodes.py", "return a * 10", "return aa * 10")]), NOTHING, **X
)
case(
    "rename_node_and_edit_consumer",
    AB,
    Build("b", edits=[*NODE, sub("nodes.py", "return a * 10", "return aa * 20")]),
    NOTHING,
    **X,
)
case(
    "rename_node_over_a_global",
    AB + "\naa = 7\n",
    Build("b", edits=[sub("nodes.py", "return a * 10", "return aa * 10")]),
    **X,
)
case("rename_target", AB, Build(edits=[sub("nodes.py", "def b(", "def bb(")], target="bb"), NOTHING, **X)
case(
    "swap_operands_by_name",
    AB + '\ndef d(a: int, b: int) -> int:\n    ran("d")\n    return a - b\n',
    Build("d", edits=[sub("nodes.py", "d(a: int, b: int)", "d(b: int, a: int)")], maybe="d"),
    Build("d", edits=[sub("nodes.py", "return a - b", "return b - a")]),
    target="d",
    **X,
)
case(
    "rename_helper",
    uses("from lib import f") + LIB,
    Build(
        edits=[
            sub("lib.py", "def f(", "def ff("),
            sub("nodes.py", "from lib import f", "from lib import ff"),
            sub("nodes.py", "return f(x)", "return ff(x)"),
        ]
    ),
    target="b c",
    **X,
)
case(
    "swap_helpers",
    uses("from lib import f, g", "f(x) - 2 * g(x)") + LIB,
    Build(
        "a b",
        edits=[
            sub("lib.py", "def f(", "def h("),
            sub("lib.py", "def g(", "def f("),
            sub("lib.py", "def h(", "def g("),
        ],
    ),
    Build(edits=[sub("nodes.py", "f(x) - 2 * g(x)", "g(x) - 2 * f(x)")], maybe="a b"),
    target="b c",
    **X,
)
case(
    "rename_helper_that_is_passed_on",
    uses("from lib import f", "list(map(f, [x]))[0]") + LIB,
    Build(
        edits=[
            sub("lib.py", "def f(", "def ff("),
            sub("nodes.py", "from lib import f", "from lib import ff"),
            sub("nodes.py", "map(f,", "map(ff,"),
        ],
        maybe="a b",
    ),
    target="b c",
    **X,
)
case(
    "helper_hidden_by_a_local",
    uses("from lib import f", "(lambda f: f(x))(abs) + f(x)") + LIB,
    Build("a b", edits=[sub("lib.py", "x + 1\n", "x + 2\n")]),
    target="b c",
    **X,
)
case(
    "rename_helper_whose_name_is_read",
    const("def _f():\n    return 1\n\ndef _name(thing):\n    return thing.__name__", "_name(_f) + str(_f())"),
    Build(
        "a b",
        edits=[
            sub("nodes.py", "def _f", "def _g"),
            sub("nodes.py", "_name(_f) + str(_f())", "_name(_g) + str(_g())"),
        ],
    ),
    **X,
)
case(
    "rename_module",
    uses("import lib", "lib.f(x)") + LIB,
    Build(
        edits=[
            write("other.py", LIB.partition("\n--- lib.py\n")[2]),
            sub("nodes.py", "import lib", "import other"),
            sub("nodes.py", "lib.f(x)", "other.f(x)"),
        ]
    ),
    target="b c",
    **X,
)
