"""What importing does to others, in the forms that code has for it."""

from tests.torture.case import NOTHING, Build, Case, install, sub
from tests.torture.parts import TINYLIB, X, collector, one

CASES: list[Case] = []
case = collector(CASES)

LIBRARY = (
    TINYLIB
    + '''
def exchange(k):
    """Set and give what was."""
    old, _STATE["k"] = _STATE["k"], k
    return old

def enter(k):
    global FACTOR
    old, FACTOR = FACTOR, k
    return {"factor": old}

def make(k):
    return [k]
'''
)
FIRST = Build("b", edits=[install("tiny-lib", "1.0", "tinylib")])


def acts(name: str, top: str, *edits: tuple[str, str], use: str = "tinylib.scale(x)", more: str = "") -> None:
    """Add a case whose node sees what the top of its module does to a library."""
    case(
        "effect_" + name,
        one("import tinylib\n" + top, use) + more + LIBRARY,
        NOTHING,
        *(Build("b", edits=[sub("nodes.py", old, new)]) for old, new in edits),
        first=FIRST,
        **X,
    )


THREE_FOUR = ("(3)", "(4)")
acts("result_is_none", "_TOKEN = tinylib.configure(3)", THREE_FOUR)
acts("result_is_none_annotated", "_TOKEN: object = tinylib.configure(3)", THREE_FOUR)
acts("result_unused", "_old = tinylib.exchange(3)", THREE_FOUR)
acts(
    "result_used_by_a_function",
    "_old = tinylib.enter(3)\n\ndef _back():\n    tinylib.enter(_old)",
    THREE_FOUR,
)
acts(
    "results_unpacked",
    "_p, _q = tinylib.exchange(3), tinylib.exchange(3)",
    ("exchange(3)\n", "exchange(4)\n"),
)
acts("result_by_walrus", "(_old := tinylib.exchange(3))", THREE_FOUR)
acts("in_comprehension", "[tinylib.configure(_k) for _k in (2, 3)]", ("(2, 3)", "(2, 4)"))
acts("in_kept_comprehension", "_DONE = [tinylib.configure(_k) for _k in (2, 3)]", ("(2, 3)", "(2, 4)"))
acts("in_dict_comprehension", "_DONE = {_k: tinylib.configure(_k) for _k in (2, 3)}", ("(2, 3)", "(2, 4)"))
acts(
    "in_generator",
    "any(tinylib.configure(_k) for _k in (2, 3))",
    ("(2, 3)", "(2, 4)"),
    use="tinylib.scale(x)",
)
acts("in_loop", "for _k in (2, 3):\n    tinylib.configure(_k)", ("(2, 3)", "(2, 4)"))
acts("in_class_body", "class _Setup:\n    tinylib.configure(3)", THREE_FOUR)
acts("kept_in_class_body", "class _Setup:\n    done = tinylib.enter(3)", THREE_FOUR)
acts("in_inner_class_body", "class _A:\n    class _B:\n        tinylib.configure(3)", THREE_FOUR)
acts("set_in_class_body", "class _Setup:\n    tinylib.FACTOR = 3", ("= 3", "= 4"))
acts("in_map", "list(map(tinylib.configure, (2, 3)))", ("(2, 3)", "(2, 4)"))
acts("after_or", "tinylib.FACTOR > 5 or tinylib.configure(3)", THREE_FOUR)
acts("in_expression_with_if", "tinylib.configure(3) if tinylib.FACTOR else None", THREE_FOUR)
acts("by_setattr", 'setattr(tinylib, "FACTOR", 3)', (", 3)", ", 4)"))
acts("by_exec", 'exec("tinylib.FACTOR = 3")', ("= 3", "= 4"))
acts(
    "by_function_that_returns_it", "def _go():\n    return tinylib.configure(3)\n\n_READY = _go()", THREE_FOUR
)
acts(
    "by_function_two_deep",
    "def _in():\n    tinylib.configure(3)\n\ndef _go():\n    _in()\n    return 1\n\n_R = _go()",
    THREE_FOUR,
)
acts(
    "by_constructor",
    "class _S:\n    def __init__(self):\n        tinylib.configure(3)\n\n_S1 = _S()",
    THREE_FOUR,
)
acts("by_alias", "_set = tinylib.configure\n_set(3)", THREE_FOUR)
acts(
    "by_partial",
    "import functools\n_set = functools.partial(tinylib.configure, 3)\n_set()",
    ("configure, 3", "configure, 4"),
)
acts(
    "by_kept_object",
    'from tinylib import options as _o\n_old = _o.setdefault("w", 3)',
    ("3)", "4)"),
    use='tinylib.options["w"] + x',
)

NONE = Build(edits=[sub("nodes.py", "make(3)", "make(4)")])
case(
    "constant_of_library_function_unused_by_node",
    one("import tinylib\n_K = tinylib.make(3)\n\ndef _other():\n    return _K", "tinylib.scale(x)", LIBRARY),
    NONE,
    first=FIRST,
    **X,
)
case(
    "constant_of_library_function_used_elsewhere",
    one("import tinylib\nimport other\nK = tinylib.make(3)", "tinylib.scale(x)", LIBRARY)
    + "--- other.py\ndef f():\n    import nodes\n    return nodes.K\n",
    NONE,
    first=FIRST,
    **X,
)
NEEDLESS = {
    "fields_of_a_class": (
        "import dataclasses\n\n@dataclasses.dataclass\nclass _C:\n    rows: list = dataclasses.field(default_factory=list, metadata={'k': 2})",
        "'k': 2",
        "'k': 3",
    ),
    "fields_of_a_library_class": (
        "from pydantic import BaseModel, Field\n\nclass _C(BaseModel):\n    rows: int = Field(gt=2)",
        "gt=2",
        "gt=3",
    ),
    "attribute_of_function": ("def _f(v):\n    return v\n\n_f.k = 2", "_f.k = 2", "_f.k = 3"),
    "attribute_of_function_by_setattr": (
        "def _f(v):\n    return v\n\nsetattr(_f, 'k', 2)",
        "'k', 2",
        "'k', 3",
    ),
    "attribute_of_inner_class": ("class _C:\n    class D:\n        pass\n\n_C.D.k = 2", "k = 2", "k = 3"),
    "exec_defines": ("exec('def _h(v): return v + 1')", "v + 1", "v + 2"),
    "exec_of_template": ("for _n in ('p', 'q'):\n    exec(f'def _{_n}(v): return v + 1')", "v + 1", "v + 2"),
    "exec_of_constant": ("_T = 'def _{name}(v): return v + 1'\nexec(_T.format(name='p'))", "v + 1", "v + 2"),
    "object_sets_its_own_attributes": (
        "class _K:\n    def __init__(self, **more):\n        for name, value in more.items():\n"
        "            setattr(self, name, value)\n\n_MADE = _K(p=2)",
        "_K(p=2)",
        "_K(p=3)",
    ),
    "object_takes_over_what_a_function_says": (
        "import functools\n\nclass _K:\n    def __init__(self, f, k):\n"
        "        functools.update_wrapper(self, f)\n        self.k = k\n\n_MADE = _K(str, 2)",
        "_K(str, 2)",
        "_K(str, 3)",
    ),
    "own_function_takes_over_what_another_says": (
        "from functools import update_wrapper\n\ndef _f():\n    return 1\n\ndef _g():\n    return 2\n\n"
        "update_wrapper(_f, _g, updated=())",
        "updated=()",
        "assigned=()",
    ),
    "own_table_filled": ("_T = {}\n\ndef _put(k):\n    return k\n\n_T['p'] = _put(2)", "_put(2)", "_put(3)"),
}
for name, (top, old, new) in NEEDLESS.items():
    case("no_effect_" + name, one(top, "x + 1"), NOTHING, Build(edits=[sub("nodes.py", old, new)]), **X)
case(
    "exec_defines_what_is_used",
    one("exec('def _h(v): return v + 1')", "_h(x)"),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "v + 1", "v + 2")]),
    **X,
)
case(
    "attribute_of_function_used",
    one("def _f(v):\n    return v * _f.k\n\n_f.k = 2", "_f(x)"),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "_f.k = 2", "_f.k = 3")]),
    **X,
)

# -- what is the process's own ------------------------------------------------------------------------


def process(name: str, top: str, use: str, *edits: tuple[str, str], more: str = "") -> None:
    """Add a case whose node sees something of the process that the top of its module sets."""
    case(
        "process_" + name,
        one(top, use, more),
        NOTHING,
        *(Build("b", edits=[sub("nodes.py", old, new)]) for old, new in edits),
        **X,
    )


HERE = "import os\n_HERE = os.path.dirname(os.path.abspath(__file__))\n"
FOLDERS = "--- d1/v.txt\none\n--- d2/v.txt\ntwo\n"
process(
    "folder",
    HERE + "os.chdir(os.path.join(_HERE, 'd1'))",
    "open('v.txt').read()",
    ("'d1'", "'d2'"),
    more=FOLDERS,
)
process(
    "folder_by_name",
    HERE + "from os import chdir\nchdir(_HERE + '/d1')",
    "open('v.txt').read()",
    ("/d1", "/d2"),
    more=FOLDERS,
)
process(
    "numpy_errors",
    "import numpy as np\n_old = np.seterr(all='ignore')",
    "_go()\n\ndef _go():\n    try:\n        return str(np.float64(1) / np.float64(0))\n    except FloatingPointError:\n        return 'raised'",
    ("'ignore'", "'raise'"),
)
process(
    "numpy_errors_used",
    "import numpy as np\n_old = np.seterr(all='ignore')\n\ndef _back():\n    np.seterr(**_old)",
    "_go()\n\ndef _go():\n    try:\n        return str(np.float64(1) / np.float64(0))\n    except FloatingPointError:\n        return 'raised'",
    ("'ignore'", "'raise'"),
)
WARNED = "_go()\n\ndef _go():\n    try:\n        warnings.warn('old')\n        return 'fine'\n    except UserWarning:\n        return 'raised'"
process("warning_filter", "import warnings\nwarnings.simplefilter('ignore')", WARNED, ("'ignore'", "'error'"))
process(
    "warning_filter_by_name",
    "import warnings\nfrom warnings import filterwarnings\nfilterwarnings('ignore', category=UserWarning)",
    WARNED,
    ("'ignore'", "'error'"),
)
process(
    "warning_filters_swapped",
    "import warnings\nwarnings.simplefilter('ignore')\nwarnings.simplefilter('error')",
    WARNED,
    ("('ignore')\nwarnings.simplefilter('error')", "('error')\nwarnings.simplefilter('ignore')"),
)
process(
    "warning_filter_that_is_the_first",
    "import warnings",
    WARNED,
    ("import warnings", "import warnings\nwarnings.simplefilter('error')"),
)
case(
    "warning_filter_where_nothing_warns",
    one("import warnings", "x * 2"),
    NOTHING,
    Build(edits=[sub("nodes.py", "import warnings", "import warnings\nwarnings.simplefilter('ignore')")]),
    **X,
)
process(
    "decimal_context",
    "import decimal\ndecimal.setcontext(decimal.Context(prec=5))",
    "str(decimal.Decimal(x) / 3)",
    ("prec=5", "prec=7"),
)
process(
    "locale",
    "import locale\n_was = locale.setlocale(locale.LC_ALL, 'C')",
    "locale.setlocale(locale.LC_ALL)",
    ("'C'", "'C.UTF-8'"),
)
process(
    "context_variable",
    "import contextvars\n_V = contextvars.ContextVar('v')\n_token = _V.set(3)",
    "_V.get() + x",
    ("set(3)", "set(4)"),
)
process(
    "context_variable_by_default",
    "import contextvars\n_V = contextvars.ContextVar('v', default=3)",
    "_V.get() + x",
    ("=3", "=4"),
)
process(
    "pandas_option_kept",
    "import pandas as pd\n_c = pd.option_context('display.precision', 2)\n_c.__enter__()",
    "str(pd.Series([x / 3]))",
    ("', 2)", "', 4)"),
)

for name, top in {
    "imported": "import lib\n_token = lib.V.set(3)",
    "thrown": "import lib\nlib.V.set(3)",
    "from_import": "from lib import V\nimport lib\nV.set(3)",
}.items():
    case(
        "context_variable_of_another_module_" + name,
        one(top, "lib.V.get() + x") + "--- lib.py\nimport contextvars\nV = contextvars.ContextVar('v')\n",
        NOTHING,
        Build("b", edits=[sub("nodes.py", "set(3)", "set(4)")]),
        **X,
    )
RNG = "--- lib.py\nimport random\nRNG = random.Random(1)\n\ndef draw():\n    import copy\n    return copy.copy(RNG).randrange(10**6)\n"
for name, top in {
    "thrown": "import lib\nlib.RNG.seed(3)",
    "kept": "import lib\n_done = lib.RNG.seed(3)",
    "from_import": "from lib import RNG\nimport lib\nRNG.seed(3)",
    "handed_over": "import lib\n\ndef _start(rng):\n    rng.seed(3)\n\n_start(lib.RNG)",
    "in_loop": "import lib\nfor _r in [lib.RNG]:\n    _r.seed(3)",
}.items():
    case(
        "generator_seeded_elsewhere_" + name,
        one(top, "lib.draw() + x") + RNG,
        NOTHING,
        Build("b", edits=[sub("nodes.py", "seed(3)", "seed(4)")]),
        Build("b", edits=[sub("lib.py", "Random(1)", "Random(2)")]),
        **X,
    )

# -- an object that does not say its content ------------------------------------------------------------

SQL = "import sqlite3\n_CONN = sqlite3.connect(':memory:', check_same_thread=False)\n"
GET = "_CONN.execute('select sum(v) from t').fetchone()[0] + x"
ONE_TWO = ("select 1 as v", "select 2 as v")
FILLED = {
    "by_cursor": ("_CUR = _CONN.cursor()\n_CUR.execute('create table t as select 1 as v')", ONE_TWO),
    "by_cursor_at_once": ("_CONN.cursor().execute('create table t as select 1 as v')", ONE_TWO),
    "by_kept_cursor": ("_ROWS = _CONN.execute('create table t as select 1 as v')", ONE_TWO),
    "by_alias": ("_DB = _CONN\n_DB.execute('create table t as select 1 as v')", ONE_TWO),
    "by_loop": (
        "_CONN.execute('create table t (v int)')\nfor _r in [(1,), (2,)]:\n    _CONN.execute('insert into t values (?)', _r)",
        ("[(1,)", "[(5,)"),
    ),
    "by_comprehension": (
        "_CONN.execute('create table t (v int)')\n[_CONN.execute('insert into t values (?)', _r) for _r in [(1,), (2,)]]",
        ("[(1,)", "[(5,)"),
    ),
    "in_with": ("with _CONN:\n    _CONN.execute('create table t as select 1 as v')", ONE_TWO),
    "by_helper": ("def _fill(c):\n    c.execute('create table t as select 1 as v')\n\n_fill(_CONN)", ONE_TWO),
    "by_kept_helper": (
        "def _fill(c):\n    c.execute('create table t as select 1 as v')\n    return 1\n\n_N = _fill(_CONN)",
        ONE_TWO,
    ),
    "by_helper_that_names_it": (
        "def _fill():\n    _CONN.execute('create table t as select 1 as v')\n    return 1\n\n_N = _fill()",
        ONE_TWO,
    ),
    "by_frame": ("import pandas as pd\n_D = pd.DataFrame({'v': [1]})\n_D.to_sql('t', _CONN)", ("[1]", "[5]")),
    "by_frame_kept": (
        "import pandas as pd\n_N = pd.DataFrame({'v': [1]}).to_sql('t', _CONN)",
        ("[1]", "[5]"),
    ),
}
for name, (top, edit) in FILLED.items():
    process("database_filled_" + name, SQL + top, GET, edit)
case(
    "database_untouched_by_statement",
    one(SQL + "_CONN.execute('create table t as select 1 as v')\n_N = len('two')", GET),
    NOTHING,
    Build(edits=[sub("nodes.py", "'two'", "'three'")]),
    **X,
)
case(
    "warnings_of_a_library_made_errors",
    one(
        "import warnings\nimport numpy as np\nwarnings.simplefilter('ignore')",
        "str(np.log(np.float64(x - 2)))",
    ),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "'ignore'", "'error'")], fail=True),
    **X,
)
