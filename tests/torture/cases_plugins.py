"""Code that is found, not named: by its folder, its base, an entry point, or the table of a library."""

from tests.torture.case import NOTHING, Build, Case, copy_project, install, sub, write
from tests.torture.parts import TINYLIB, X, collector, one

CASES: list[Case] = []
case = collector(CASES)

TREE = "--- plugins/tree.py\ndef f(x):\n    return x + 1\n--- plugins/line.py\ndef f(x):\n    return x + 9\n"
PLUGINS = "--- plugins/__init__.py\n" + TREE
EDIT = Build("b", edits=[sub("plugins/tree.py", "x + 1", "x + 2")])
ANOTHER = Build("b", edits=[write("plugins/more.py", "def f(x):\n    return x + 50\n")])
IMPORTS = "import importlib\nimport pkgutil\nimport plugins\n"
ALL = "_go(x)\n\ndef _go(x):\n    found = {loop}\n    return sorted(m.f(x) for m in found)"

# -- found by their folder while the node runs ---------------------------------------------------------

for name, loop in {
    "iter_modules": '[importlib.import_module(f"plugins.{m.name}") for m in pkgutil.iter_modules(plugins.__path__)]',
    "walk_packages": '[importlib.import_module(m.name) for m in pkgutil.walk_packages(plugins.__path__, "plugins.")]',
    "name_in_sum": '[importlib.import_module("plugins." + n) for n in ("tree", "line")]',
    "name_in_format": '[importlib.import_module("plugins.{}".format(n)) for n in ("tree", "line")]',
    "name_by_percent": '[importlib.import_module("plugins.%s" % n) for n in ("tree", "line")]',
    "relative_name": '[importlib.import_module("." + n, "plugins") for n in ("tree", "line")]',
    "relative_literal": '[importlib.import_module(".tree", "plugins"), importlib.import_module(".line", package="plugins")]',
    "dunder_import": '[__import__("plugins." + n, fromlist=["f"]) for n in ("tree", "line")]',
    "attribute_of_package": '[getattr(plugins, n) for n in ("tree", "line") if importlib.import_module("plugins." + n)]',
}.items():
    listed = "iter_modules" in loop or "walk_packages" in loop
    case(
        "plugins_in_body_by_" + name,
        one(IMPORTS, ALL.format(loop=loop)) + PLUGINS,
        NOTHING,
        EDIT,
        *([ANOTHER] if listed else []),
        Build(edits=[copy_project("copy")]),
        **X,
    )
case(
    "plugin_by_config",
    one("import plugins.tree\nimport plugins.line", "getattr(plugins, 'tree' if x else 'line').f(x)")
    + PLUGINS,
    NOTHING,
    EDIT,
    **X,
)

# -- found by their folder while importing --------------------------------------------------------------

LISTED = (
    IMPORTS
    + "_FOUND = [importlib.import_module(f'plugins.{m.name}') for m in pkgutil.iter_modules(plugins.__path__)]\n"
)
case(
    "plugins_listed_at_import",
    one(LISTED, "sorted(m.f(x) for m in _FOUND)") + PLUGINS,
    NOTHING,
    EDIT,
    ANOTHER,
    Build(edits=[copy_project("copy")]),
    **X,
)
REGISTERS = TREE.replace("def f", "from registry import add\n\n@add\ndef f")
REGISTRY = "--- registry.py\nTABLE = []\n\ndef add(f):\n    TABLE.append(f)\n    return f\n"
LOOPS = {
    "in_node_module": (
        "",
        "for m in pkgutil.iter_modules(plugins.__path__):\n    importlib.import_module(f'plugins.{m.name}')\n",
    ),
    "in_package": (
        "import importlib\nimport pkgutil\n\nfor m in pkgutil.iter_modules(__path__):\n    importlib.import_module(f'{__name__}.{m.name}')\n",
        "",
    ),
    "in_package_relative": (
        "import importlib\nimport pkgutil\n\nfor m in pkgutil.iter_modules(__path__):\n    importlib.import_module('.' + m.name, __package__)\n",
        "",
    ),
}
for name, (inside, top) in LOOPS.items():
    case(
        "plugins_registered_" + name,
        one(
            IMPORTS + "import registry\n" + top + "\ndef _other(v):\n    return v + 1",
            "sorted(f(x) for f in registry.TABLE)",
        )
        + "--- plugins/__init__.py\n"
        + inside
        + REGISTERS
        + REGISTRY,
        NOTHING,
        EDIT,
        Build(
            "b",
            edits=[
                write("plugins/more.py", "from registry import add\n\n@add\ndef f(x):\n    return x + 50\n")
            ],
        ),
        Build(edits=[sub("nodes.py", "v + 1", "v + 2")]),
        Build(edits=[copy_project("copy")]),
        **X,
    )
    case(
        "plugins_that_act_" + name,
        one(
            IMPORTS + "import tinylib\n" + top + "\ndef _other(v):\n    return v + 1",
            "tinylib.scale(x)",
            TINYLIB,
        )
        + "--- plugins/__init__.py\n"
        + inside
        + "--- plugins/tree.py\nimport tinylib\ntinylib.configure(3)\n",
        NOTHING,
        Build("b", edits=[sub("plugins/tree.py", "configure(3)", "configure(4)")]),
        Build(edits=[sub("nodes.py", "v + 1", "v + 2")]),
        Build(edits=[copy_project("copy")]),
        first=Build("b", edits=[install("tiny-lib", "1.0", "tinylib")]),
        **X,
    )
case(
    "left_over_of_a_loop_in_a_whole_module",
    one("import lib", "getattr(lib, 'fg'[x - 1])(x)")
    + "--- lib.py\nimport pkgutil\nimport plugins\nfor m in pkgutil.iter_modules(plugins.__path__):\n    pass\n\ndef f(x):\n    return x + 1\n"
    + PLUGINS,
    NOTHING,
    Build("b", edits=[sub("lib.py", "x + 1", "x + 2")]),
    Build(edits=[write("plugins/zoo.py", "K = 1\n")]),
    Build(edits=[copy_project("copy")]),
    **X,
)
case(
    "left_over_of_a_loop_that_is_used",
    one("for _K in (1, 2):\n    pass", "x + _K"),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "(1, 2)", "(1, 3)")]),
    **X,
)
case(
    "found_modules_kept_as_a_constant",
    one(
        "import pkgutil\nimport plugins\n_M = list(pkgutil.iter_modules(plugins.__path__))",
        "[m.name for m in _M]",
    )
    + PLUGINS,
    NOTHING,
    Build("b", edits=[write("plugins/more.py", "K = 1\n")]),
    Build(edits=[copy_project("copy")]),
    **X,
)

# -- pools that were warmed while importing -----------------------------------------------------------------

for name, made in {
    "threads": "from concurrent.futures import ThreadPoolExecutor\n_P = ThreadPoolExecutor({k})\nlist(_P.map(_sq, range(8)))",
    "multiprocessing_threads": "from multiprocessing.pool import ThreadPool\n_P = ThreadPool({k})\n_P.map(_sq, range(8))",
    "thread": "import threading\n_T = threading.Thread(target=_sq, args=({k},))\n_T.start()\n_P = type('P', (), {{'map': map}})",
    "future": "from concurrent.futures import ThreadPoolExecutor\n_P = ThreadPoolExecutor(2)\n_F = _P.submit(_sq, {k})",
}.items():
    case(
        "warm_pool_of_" + name,
        one("def _sq(v):\n    return v * v\n\n" + made.format(k=3), "sum(_P.map(_sq, range(x)))"),
        NOTHING,
        NOTHING,
        Build("b", edits=[sub("nodes.py", "v * v", "v + v")]),
        **X,
    )

# -- found by a library ---------------------------------------------------------------------------------

HOST = (
    TINYLIB
    + """
class Step:
    def go(self, x):
        return 0

def run_all(x):
    return sorted(cls().go(x) for cls in Step.__subclasses__())
"""
)
FIRST = Build("b", edits=[install("tiny-lib", "1.0", "tinylib")])
STEP = (
    "--- steps.py\nimport tinylib\n\nclass One(tinylib.Step):\n    def go(self, x):\n        return x + 1\n"
)
EDIT_STEP = Build("b", edits=[sub("steps.py", "x + 1", "x + 2")])
MORE_STEP = Build(
    "b",
    edits=[
        sub(
            "steps.py",
            "class One",
            "class Two(tinylib.Step):\n    def go(self, x):\n        return 7\n\nclass One",
        )
    ],
)
case(
    "subclasses_found_by_library",
    one("import tinylib\nimport steps", "tinylib.run_all(x)") + STEP + HOST,
    NOTHING,
    EDIT_STEP,
    MORE_STEP,
    first=FIRST,
    **X,
)
case(
    "subclasses_of_library_base",
    one("import tinylib\nimport steps", "sorted(c().go(x) for c in tinylib.Step.__subclasses__())")
    + STEP
    + HOST.replace("Step.__subclasses__()", "[]"),
    NOTHING,
    EDIT_STEP,
    MORE_STEP,
    first=FIRST,
    **X,
)
case(
    "subclasses_of_library_base_by_name",
    one("from tinylib import Step as _S\nimport steps", "sorted(c().go(x) for c in _S.__subclasses__())")
    + STEP
    + HOST.replace("Step.__subclasses__()", "[]"),
    NOTHING,
    EDIT_STEP,
    first=FIRST,
    **X,
)
for name, made in {
    "decorator": "@pd.api.extensions.register_dataframe_accessor('geo')\nclass Geo:",
    "call": "class Geo:",
}.items():
    case(
        "accessor_registered_by_" + name,
        one("import pandas as pd\nimport acc", "int(pd.DataFrame({'p': [1, 2]}).geo.total()) + x")
        + f"--- acc.py\nimport pandas as pd\nimport lib\n\n{made}\n    def __init__(self, df):\n        self.df = df\n\n"
        "    def total(self):\n        return lib.f(self.df['p'].sum())\n"
        + ("pd.api.extensions.register_dataframe_accessor('geo')(Geo)\n" if name == "call" else "")
        + "--- lib.py\ndef f(x):\n    return x + 1\n\ndef g(x):\n    return x\n",
        NOTHING,
        Build("b", edits=[sub("acc.py", ".sum()", ".max()")]),
        Build("b", edits=[sub("lib.py", "x + 1", "x + 2")]),
        Build(edits=[sub("lib.py", "return x\n", "return -x\n")]),
        **X,
    )

# -- entry points -------------------------------------------------------------------------------------------

POINTS = "[tiny.steps]\none = tinyplug:go\n"
PLUG = "--- site:tinyplug.py\ndef go(x):\n    return x + 1\n"
FIRST_PLUG = Build(
    "b",
    edits=[
        install("tiny-plug", "1.0", "tinyplug"),
        write("site:tiny_plug-1.0.dist-info/entry_points.txt", POINTS),
    ],
)
UPGRADED = [
    sub("site:tinyplug.py", "x + 1", "x + 2"),
    install("tiny-plug", "2.0", "tinyplug"),
    write("site:tiny_plug-2.0.dist-info/entry_points.txt", POINTS),
]
ADDED = [
    write("site:tinymore.py", "def go(x):\n    return x + 50\n"),
    install("tiny-more", "1.0", "tinymore"),
    write("site:tiny_more-1.0.dist-info/entry_points.txt", "[tiny.steps]\nmore = tinymore:go\n"),
]
UNRELATED = [
    write("site:tinyother.py", "def go(x):\n    return x\n"),
    install("tiny-other", "1.0", "tinyother"),
    write("site:tiny_other-1.0.dist-info/entry_points.txt", "[other.steps]\nmore = tinyother:go\n"),
]
for name, (top, use) in {
    "in_body": (
        "from importlib.metadata import entry_points",
        "sorted(p.load()(x) for p in entry_points(group='tiny.steps'))",
    ),
    "by_module": (
        "import importlib.metadata as md",
        "sorted(p.load()(x) for p in md.entry_points().select(group='tiny.steps'))",
    ),
    "at_import": (
        "from importlib.metadata import entry_points\n_P = {p.name: p.load() for p in entry_points(group='tiny.steps')}",
        "sorted(f(x) for f in _P.values())",
    ),
    "in_helper": (
        "from importlib.metadata import entry_points\n_GROUP = 'tiny.steps'\n\ndef _all():\n    return entry_points(group=_GROUP)\n",
        "sorted(p.load()(x) for p in _all())",
    ),
}.items():
    case(
        "entry_points_" + name,
        one(top, use) + PLUG,
        NOTHING,
        Build("b", edits=UPGRADED),
        Build(edits=UNRELATED),
        Build("b", edits=ADDED),
        first=FIRST_PLUG,
        **X,
    )
case(
    "entry_point_of_the_project",
    one(
        "from importlib.metadata import entry_points",
        "sorted(p.load()(x) for p in entry_points(group='tiny.steps'))",
    )
    + "--- own.py\ndef go(x):\n    return x + 1\n",
    NOTHING,
    Build("b", edits=[sub("own.py", "x + 1", "x + 2")]),
    first=Build(
        "b",
        edits=[
            install("tiny-own", "1.0", "own", editable=True),
            write("site:tiny_own-1.0.dist-info/entry_points.txt", "[tiny.steps]\none = own:go\n"),
        ],
    ),
    **X,
)
