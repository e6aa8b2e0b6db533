"""Names that stand in texts which libraries read as code."""

from tests.torture.case import NOTHING, Build, Case, sub
from tests.torture.parts import B, X, collector, one

CASES: list[Case] = []
case = collector(CASES)

PANDAS = "import pandas as pd\n_D = pd.DataFrame({'p': [1, 2, 3]})\n"


def names(
    name: str, top: str, use: str, *edits: tuple[str, str], more: str = "", file: str = "nodes.py"
) -> None:
    """Add a case whose node uses a text that names things of the module."""
    case(
        "text_" + name,
        one(top, use, more),
        NOTHING,
        *(Build("b", edits=[sub(file, old, new)]) for old, new in edits),
        **X,
    )


K = ("_K = 1", "_K = 2")
names("query", PANDAS + "_K = 1", "len(_D.query('p > @_K'))", K)
names("query_f_string", PANDAS + "_K = 1", "len(_D.query(f'p > @_K and p < {x + 9}'))", K)
names("query_in_constant", PANDAS + "_K = 1\n_Q = 'p > @_K'", "len(_D.query(_Q))", K)
names("query_in_table", PANDAS + "_K = 1\n_Q = {'big': ['p > @_K']}", "len(_D.query(_Q['big'][0]))", K)
names("query_in_class", PANDAS + "_K = 1\nclass _C:\n    q = 'p > @_K'\n", "len(_D.query(_C.q))", K)
names(
    "query_of_class_attribute",
    PANDAS + "class _C:\n    k = 1\n",
    "len(_D.query('p > @_C.k'))",
    ("k = 1", "k = 2"),
)
names(
    "query_of_module",
    PANDAS + "import lib",
    "len(_D.query('p > @lib.K'))",
    ("K = 1", "K = 2"),
    more="--- lib.py\nK = 1\n",
    file="lib.py",
)
names(
    "query_calls_helper",
    PANDAS + "def _up(v):\n    return v + 1\n",
    "len(_D.query('@_up(p) > 3'))",
    ("v + 1", "v + 2"),
)
names("query_in_default", PANDAS + "_K = 1\ndef _go(q='p > @_K'):\n    return len(_D.query(q))\n", "_go()", K)
names(
    "query_text_handed_on",
    PANDAS + "from lib import keep",
    "len(keep(_D, 'p > @_K'))",
    K,
    more="--- lib.py\n_K = 1\n\ndef keep(d, text):\n    return d.query(text)\n",
    file="lib.py",
)
names(
    "query_text_in_other_module",
    PANDAS + "import lib\n_K = 1",
    "len(_D.query(lib.Q))",
    K,
    more="--- lib.py\nQ = 'p > @_K'\n",
)
names("frame_eval", PANDAS + "_K = 1", "int(_D.eval('p + @_K').sum())", K)
names("pandas_eval", PANDAS + "_K = 1", "int(pd.eval('_K + 1')) + x", K)
names(
    "formula_calls_helper",
    "import numpy as np\nimport patsy\n\ndef _c(v):\n    return np.asarray(v) + 1\n",
    "float(np.asarray(patsy.dmatrix('_c(p) - 1', {'p': [1.0, 2.0]})).sum()) + x",
    ("np.asarray(v) + 1", "np.asarray(v) + 2"),
)
names(
    "formula_names_value",
    "import numpy as np\nimport patsy\n_W = [1.0, 2.0]",
    "float(np.asarray(patsy.dmatrix('p + _W - 1', {'p': [1.0, 2.0]})).sum()) + x",
    ("_W = [1.0", "_W = [5.0"),
)
names(
    "formula_in_other_library",
    "import pandas as pd\nimport formulaic\n\ndef _c(v):\n    return v + 1\n",
    "float(formulaic.model_matrix('_c(p) - 1', pd.DataFrame({'p': [1.0, 2.0]})).to_numpy().sum()) + x",
    ("v + 1", "v + 2"),
)
names(
    "model_formula",
    "import pandas as pd\nimport statsmodels.formula.api as smf\n\ndef _c(v):\n    return v + 1\n",
    "_go()\n\ndef _go():\n    d = pd.DataFrame({'y': [1.0, 2.0, 4.0], 'p': [1.0, 2.0, 3.0]})\n    return str(smf.ols('y ~ _c(p)', d).fit().params.round(6).to_list())",
    ("v + 1", "v * v"),
)
names(
    "sql_over_frame",
    PANDAS + "import duckdb",
    "duckdb.sql('select sum(p) from _D').fetchall()",
    ("[1, 2, 3]", "[1, 2, 4]"),
)
names(
    "sql_joined",
    PANDAS + "_E = _D\nimport duckdb",
    "duckdb.sql('select count(*) from _D, _E').fetchall()",
    ("_E = _D", "_E = _D.head(1)"),
)
names(
    "sql_on_connection",
    PANDAS + "import duckdb",
    "duckdb.connect().execute('select sum(p) from _D').fetchall()",
    ("[1, 2, 3]", "[1, 2, 4]"),
)
names("eval_of_helper", "def _f(v):\n    return v + 1\n", "eval('_f(1)') + x", ("v + 1", "v + 2"))

case(
    "text_names_a_column",
    "--- nodes.py\nimport pandas as pd\n"
    + '\ndef price(x: int) -> int:\n    ran("price")\n    return x + 1\n'
    + '\ndef a(x: int) -> int:\n    ran("a")\n    d = pd.DataFrame({"price": [1, 2]})\n    return len(d.query("price > 1")) + x\n'
    + B
    + '\ndef c(price: int) -> int:\n    ran("c")\n    return price\n',
    NOTHING,
    Build("price c", edits=[sub("nodes.py", "x + 1", "x + 2")]),
    target="b c",
    **X,
)
case(
    "text_is_a_message",
    one(
        "limit = 3\nname = 'u'\n\ndef _f(v):\n    return v\n",
        "[f'{x} is above the limit of name', 'no _f here', {'limit': x}]",
    ),
    NOTHING,
    Build(
        edits=[
            sub("nodes.py", "limit = 3", "limit = 4"),
            sub("nodes.py", "name = 'u'", "name = 'v'"),
            sub("nodes.py", "return v", "return -v"),
        ]
    ),
    **X,
)
