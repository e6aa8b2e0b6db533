"""What a project does to a library, hands to it, or takes from it."""

from collections.abc import Sequence

from tests.torture.case import NOTHING, Build, Case, install, sub, write
from tests.torture.parts import EDIT_F, INSTALLED, LIB, TINYLIB, B, X, collector, one

CASES: list[Case] = []
case = collector(CASES)
FIRST = Build("b", edits=[INSTALLED])

case(
    "library_attribute_set",
    one("import tinylib\ntinylib.FACTOR = 3", "tinylib.scale(x)", TINYLIB),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "= 3", "= 4")]),
    first=FIRST,
    **X,
)
case(
    "library_configured_by_call",
    one("import tinylib\ntinylib.configure(3)", "tinylib.scale(x)", TINYLIB),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "configure(3)", "configure(4)")]),
    first=FIRST,
    **X,
)
case(
    "library_configured_elsewhere",
    one("import setup_tiny\nimport tinylib", "tinylib.scale(x)")
    + "--- setup_tiny.py\nimport deep\n--- deep.py\nimport tinylib\nK = 3\ntinylib.configure(K)\n"
    + TINYLIB,
    NOTHING,
    Build("b", edits=[sub("deep.py", "K = 3", "K = 4")]),
    first=FIRST,
    **X,
)
case(
    "library_configured_by_helper",
    one("import tinylib\nfrom lib import setup\nsetup()", "tinylib.scale(x)")
    + "--- lib.py\nimport tinylib\ndef setup():\n    tinylib.configure(3)\n"
    + TINYLIB,
    NOTHING,
    Build("b", edits=[sub("lib.py", "configure(3)", "configure(4)")]),
    first=FIRST,
    **X,
)
case(
    "library_configured_by_helper_with_result",
    one("import tinylib\nfrom lib import setup\n_READY = setup()", "tinylib.scale(x)")
    + "--- lib.py\nimport tinylib\ndef setup():\n    tinylib.configure(3)\n    return True\n"
    + TINYLIB,
    NOTHING,
    Build("b", edits=[sub("lib.py", "configure(3)", "configure(4)")]),
    first=FIRST,
    **X,
)
case(
    "library_options_object",
    one('import tinylib\nfrom tinylib import options\noptions["k"] = 3', "tinylib.scale(x)", TINYLIB),
    NOTHING,
    Build("b", edits=[sub("nodes.py", '["k"] = 3', '["k"] = 4')]),
    first=FIRST,
    **X,
)
case(
    "own_object_of_library_class",
    one(
        'from tinylib import Options\n_O = Options()\n_O["k"] = 3\n_P = Options()\n_P["k"] = 3',
        '_O["k"] + x',
        TINYLIB,
    ),
    NOTHING,
    Build(edits=[sub("nodes.py", '_P["k"] = 3', '_P["k"] = 4')]),
    Build("b", edits=[sub("nodes.py", '_O["k"] = 3', '_O["k"] = 5')]),
    first=FIRST,
    **X,
)
case(
    "library_configured_under_condition",
    one("import tinylib\nif tinylib.FACTOR > 1:\n    tinylib.configure(3)", "tinylib.scale(x)", TINYLIB),
    Build("b", edits=[sub("nodes.py", "FACTOR > 1", "FACTOR > 5")]),
    first=FIRST,
    **X,
)
case(
    "library_configured_only_as_script",
    one('import tinylib\nif __name__ == "__main__":\n    tinylib.configure(3)', "tinylib.scale(x)", TINYLIB),
    Build(edits=[sub("nodes.py", "configure(3)", "configure(4)")]),
    first=FIRST,
    **X,
)
case(
    "library_configured_in_unrelated_module",
    one("import tinylib", "tinylib.scale(x)")
    + "--- other.py\nimport tinylib\ntinylib.configure(3)\n"
    + TINYLIB,
    Build(edits=[sub("other.py", "configure(3)", "configure(4)")]),
    first=FIRST,
    **X,
)
case(
    "registered_function",
    one(
        "import tinylib\n@tinylib.register\ndef _plug(x):\n    return x + 1\n",
        'tinylib.call("_plug", x)',
        TINYLIB,
    ),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "x + 1", "x + 2")]),
    first=FIRST,
    **X,
)
case(
    "registered_function_in_plugin_module",
    one("import plugins\nimport tinylib", 'tinylib.call("_plug", x)')
    + "--- plugins.py\nimport tinylib\nfrom lib import f\n@tinylib.register\ndef _plug(x):\n    return f(x)\n"
    + LIB
    + TINYLIB,
    NOTHING,
    Build("b", edits=[EDIT_F]),
    Build(edits=[sub("lib.py", "x + 100", "x + 200")]),
    first=FIRST,
    **X,
)
case(
    "registered_subclass",
    one(
        "import tinylib\nclass Mine(tinylib.Plugin):\n    def go(self, x):\n        return x + 1\n",
        'tinylib.Plugin.known["Mine"]().go(x)',
        TINYLIB,
    ),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "x + 1", "x + 2")]),
    first=FIRST,
    **X,
)
case(
    "method_called_by_library_base",
    one(
        "import tinylib\nclass Mine(tinylib.Base):\n    def step(self, x):\n        return x + 1\n",
        "Mine().run(x)",
        TINYLIB,
    ),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "x + 1", "x + 2")]),
    first=FIRST,
    **X,
)
case(
    "library_object_holds_function",
    one("import tinylib\nfrom lib import f\n_W = tinylib.Wrap(f)", "_W(x)", LIB + TINYLIB),
    NOTHING,
    Build("b", edits=[EDIT_F]),
    first=FIRST,
    **X,
)
case(
    "library_object_with_name_of_function",
    one(
        """
import functools
import tinylib

def _wrap(fn):
    return functools.update_wrapper(tinylib.Wrap(fn), fn)

@_wrap
def _f(v):
    return v + 1
""",
        "_f(x)",
        TINYLIB,
    ),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "v + 1", "v + 2")]),
    first=FIRST,
    **X,
)
case(
    "library_object_called_as_decorator",
    one("import tinylib\n@tinylib.Wrap\ndef _f(v):\n    return v + 1\n", "_f(x)", TINYLIB),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "v + 1", "v + 2")]),
    first=FIRST,
    **X,
)
case(
    "own_function_put_into_library",
    one(
        "import tinylib\ndef _mine(x):\n    return x + 1\ntinylib.scale = _mine", "tinylib.scale(x)", TINYLIB
    ),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "x + 1", "x + 2")]),
    first=FIRST,
    **X,
)
case(
    "library_in_helper_only",
    one("from lib import f", "f(x)")
    + "--- lib.py\nimport tinylib\ndef f(x):\n    return tinylib.scale(x)\n"
    + TINYLIB,
    Build(
        "b",
        edits=[
            sub("site:tinylib/__init__.py", "FACTOR = 2", "FACTOR = 5"),
            install("tiny-lib", "2.0", "tinylib"),
        ],
    ),
    first=FIRST,
    **X,
)
case(
    "library_in_parameter_types_only",
    """
--- nodes.py
import tinylib

def a(x: int) -> tinylib.Options:
    ran("a")
    return tinylib.Options(k=x)

def b(a: "tinylib.Options | None", x: int) -> int:
    ran("b")
    return a.total() + x

def c(b: int) -> int:
    ran("c")
    return b + 1
"""
    + TINYLIB.replace("    pass", "    def total(self):\n        return self['k'] + 10", 1),
    Build(
        "a b c",
        edits=[
            sub("site:tinylib/__init__.py", "['k'] + 10", "['k'] + 20"),
            install("tiny-lib", "2.0", "tinylib"),
        ],
    ),
    Build(edits=[sub("nodes.py", '"tinylib.Options | None"', "tinylib.Options")]),
    first=Build("a b c", edits=[INSTALLED]),
    target="c",
    **X,
)
case(
    "library_unused_by_node",
    one("import tinylib\ndef _other(x):\n    return tinylib.scale(x)", "x + 1", TINYLIB),
    Build(edits=[install("tiny-lib", "2.0", "tinylib")]),
    first=FIRST,
    **X,
)
case(
    "library_imported_in_body",
    one("", "_scaled(x)\n\ndef _scaled(x):\n    from tinylib import scale\n    return scale(x)", TINYLIB),
    Build(
        "b",
        edits=[
            sub("site:tinylib/__init__.py", "FACTOR = 2", "FACTOR = 5"),
            install("tiny-lib", "2.0", "tinylib"),
        ],
    ),
    first=FIRST,
    **X,
)
case(
    "seed_at_import",
    one("import random\nrandom.seed(1)", "random.Random(x).random() and len(str(random.getstate())) > 0"),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "seed(1)", "seed(2)"), sub("nodes.py", "> 0", "> 1")]),
    Build("b", edits=[sub("nodes.py", "seed(2)", "seed(3)")]),
    **X,
)
case(
    "logging_at_import_says_nothing",
    one("import logging, warnings\nlogging.basicConfig(level=10)\nwarnings.simplefilter('ignore')", "x + 1"),
    Build(edits=[sub("nodes.py", "level=10", "level=20"), sub("nodes.py", "'ignore'", "'error'")]),
    **X,
)
case(
    "pandas_option_at_import",
    one("import pandas as pd\npd.set_option('display.precision', 3)", "str(pd.Series([x / 3]))"),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "precision', 3", "precision', 5")]),
    **X,
)
case(
    "pandas_accessor",
    one(
        """
import pandas as pd

@pd.api.extensions.register_series_accessor("mine")
class Mine:
    def __init__(self, series):
        self.series = series

    def double(self):
        return self.series * 2
""",
        "int(pd.Series([x]).mine.double().sum())",
    ),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "* 2", "* 3")]),
    **X,
)
case(
    "decimal_precision_at_import",
    one("import decimal\ndecimal.getcontext().prec = 3", "str(decimal.Decimal(x) / 3)"),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "prec = 3", "prec = 5")]),
    **X,
)
case(
    "builtin_replaced",
    one("import builtins\nbuiltins.tenfold = lambda v: v * 10\n", "tenfold(x)"),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "v * 10", "v * 11")]),
    **X,
)
case(
    "environment_set_at_import",
    one('import os\nimport time\nos.environ["TZ"] = "UTC"\ntime.tzset()', "time.tzname[0]"),
    NOTHING,
    Build("b", edits=[sub("nodes.py", '"UTC"', '"CET-1"')]),
    **X,
)
case(
    "unrelated_package_appears",
    "--- nodes.py" + '\ndef a(x: int) -> int:\n    ran("a")\n    return x\n' + B,
    Build(edits=[write("site:zzlib.py", "K = 1\n"), install("zz-lib", "1.0", "zzlib")]),
    **X,
)

# What a library requires works for it: an upgrade of that is an upgrade of what it does.
BELOW = (
    one("import tinylib", "tinylib.scale(x)")
    + "--- site:tinylib/__init__.py\nimport mid\n\ndef scale(x):\n    return mid.times(x)\n"
    + "--- site:mid.py\nimport core\n\ndef times(x):\n    return core.times(x)\n"
    + "--- site:core.py\ndef times(x):\n    return x * 2\n"
    + "--- site:beside.py\n"
)


def stack(*requires: str, of_mid: Sequence[str] = ("core-dep",)) -> Build:
    """Return a first build with tinylib, what it works with, and a distribution that nobody works with."""
    edits = [
        install("core-dep", "1.0", "core", requires=["tiny-lib"]),
        install("mid_dep", "1.0", "mid", requires=of_mid),
        install("beside", "1.0", "beside", requires=["tiny-lib"]),
        install("tiny-lib", "1.0", "tinylib", requires=requires),
    ]
    return Build("b", edits=edits)


NEW_CORE = [sub("site:core.py", "x * 2", "x * 4"), install("core-dep", "2.0", "core", requires=["tiny-lib"])]
NEW_BESIDE = [install("beside", "2.0", "beside")]

for name, first in {
    "deep": stack("mid.dep (>=0.5)"),
    "in_another_spelling": stack("Mid-Dep", of_mid=["Core.Dep[some]>=1"]),
    "where_its_marker_holds": stack("mid-dep; python_version >= '3' and sys_platform != 'plan9'"),
    "for_an_extra_that_is_asked_for": stack("mid-dep[Fast_Way]", of_mid=['core-dep; extra == "fast-way"']),
    "for_an_extra_of_an_extra": stack(
        "mid-dep[all]", of_mid=["mid-dep[fast]; extra == 'all'", "core-dep; extra == 'fast'"]
    ),
}.items():
    case(
        f"library_below_a_library_{name}",
        BELOW,
        NOTHING,
        Build(edits=NEW_BESIDE),
        Build("b", edits=NEW_CORE),
        first=first,
        **X,
    )
for name, first in {
    "where_its_marker_does_not_hold": stack("mid-dep", of_mid=['core-dep; sys_platform == "plan9"']),
    "for_an_extra_that_nobody_asks_for": stack("mid-dep", of_mid=['core-dep; extra == "fast"']),
}.items():
    case(
        f"library_not_below_a_library_{name}",
        BELOW,
        NOTHING,
        Build(edits=NEW_CORE[1:]),
        first=first,
        **X,
    )
case(
    "library_below_a_library_comes_later",
    one("import tinylib", "tinylib.scale(x)")
    + "--- site:tinylib/__init__.py\ntry:\n    import core\n    K = 1\nexcept ImportError:\n    K = 2\n\ndef scale(x):\n    return x * K\n",
    NOTHING,
    Build("b", edits=[write("site:core.py", ""), install("core-dep", "1.0", "core")]),
    first=Build("b", edits=[install("tiny-lib", "1.0", "tinylib", requires=["core-dep"])]),
    **X,
)
