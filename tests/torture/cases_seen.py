"""What code looks at besides values: orders, docstrings, names, and the text itself."""

from __future__ import annotations

import re

from tests.torture.case import NOTHING, Build, Case, install, sub, write
from tests.torture.parts import AB, X, collector, one

CASES: list[Case] = []
case = collector(CASES)


def edit(old: str, new: str, name: str = "nodes.py") -> Build:
    """Return a build after an edit that `b` depends on."""
    return Build("b", edits=[sub(name, old, new)])


def free(old: str, new: str, name: str = "nodes.py") -> Build:
    """Return a build after an edit that says nothing."""
    return Build(edits=[sub(name, old, new)])


# -- orders ------------------------------------------------------------------------------------------

COLUMNS = "class _Cols:\n    price = 'p'\n    qty = 'q'\n"
SWAPPED = ("    price = 'p'\n    qty = 'q'", "    qty = 'q'\n    price = 'p'")
FEATURES = """
--- features.py
def f_one(x):
    return x + 1

def f_two(x):
    return x + 2
"""
FEATURES_SWAPPED = write(
    "features.py", "def f_two(x):\n    return x + 2\n\ndef f_one(x):\n    return x + 1\n"
)

for name, use in {
    "vars": "[v for k, v in vars(_Cols).items() if k[0] != '_']",
    "dict": "[v for k, v in _Cols.__dict__.items() if k[0] != '_']",
    "getattr": "[v for k, v in getattr(_Cols, '__dict__').items() if k[0] != '_']",
    "helper": "_list(_Cols)",
    "instance": "[v for k, v in vars(type(_Cols())).items() if k[0] != '_']",
}.items():
    case(
        f"order_of_class_attributes_by_{name}",
        one(
            COLUMNS + "\ndef _list(thing):\n    return [v for k, v in vars(thing).items() if k[0] != '_']\n",
            use,
        ),
        NOTHING,
        edit(*SWAPPED),
        **X,
    )
for name, use in {
    "attribute": "_Cols.price + _Cols.qty",
    "lookup": "vars(_Cols)['price'] + _Cols.__dict__.get('qty')",
    "dir": "[name for name in dir(_Cols) if name[0] != '_']",
}.items():
    case(f"order_of_class_attributes_unseen_by_{name}", one(COLUMNS, use), free(*SWAPPED), **X)
for name, use in {
    "vars": "[f(x) for k, f in vars(features).items() if k.startswith('f_')]",
    "dict": "[f(x) for k, f in features.__dict__.items() if k.startswith('f_')]",
}.items():
    case(
        f"order_of_module_by_{name}",
        one("import features", use) + FEATURES,
        NOTHING,
        Build("b", edits=[FEATURES_SWAPPED]),
        **X,
    )
case(
    "order_of_own_module_by_globals",
    one(
        "def _f_one(x):\n    return x + 1\n\ndef _f_two(x):\n    return x + 2\n",
        "[f(x) for k, f in list(globals().items()) if k.startswith('_f_')]",
    ),
    NOTHING,
    edit(
        "def _f_one(x):\n    return x + 1\n\ndef _f_two(x):\n    return x + 2\n",
        "def _f_two(x):\n    return x + 2\n\ndef _f_one(x):\n    return x + 1\n",
    ),
    target="b",
    **X,
)
case(
    "order_of_module_unseen",
    one("import features", "features.f_one(x) + features.f_two(x)") + FEATURES,
    Build(edits=[FEATURES_SWAPPED]),
    **X,
)
BUNCH = "class _Bunch:\n    def __init__(self, **kw):\n        self.__dict__.update(kw)\n\n_CFG = _Bunch(p=1, q=2)"
case("order_of_instance", one(BUNCH, "list(vars(_CFG))"), NOTHING, edit("p=1, q=2", "q=2, p=1"), **X)
case("order_of_instance_unseen", one(BUNCH, "_CFG.p + _CFG.q"), free("p=1, q=2", "q=2, p=1"), **X)
case(
    "order_of_namespace",
    one("import argparse\n_CFG = argparse.Namespace(p=1, q=2)", "str(_CFG) + str(list(vars(_CFG)))"),
    NOTHING,
    edit("p=1, q=2", "q=2, p=1"),
    **X,
)
case(
    "order_of_class_attributes_by_library",
    one("import tinydoc\n\n" + COLUMNS, "tinydoc.columns(_Cols)")
    + "--- site:tinydoc.py\ndef columns(cls):\n    return [v for k, v in vars(cls).items() if k[0] != '_']\n",
    NOTHING,
    edit(*SWAPPED),
    first=Build("b", edits=[install("tiny-doc", "1.0", "tinydoc")]),
    **X,
)
case(
    "order_of_namespace_of_own_kind",
    one("import argparse\nclass _Args(argparse.Namespace):\n    pass\n\n_CFG = _Args(p=1, q=2)", "str(_CFG)"),
    NOTHING,
    edit("p=1, q=2", "q=2, p=1"),
    **X,
)
case(
    "order_of_function_attributes",
    one("def _f():\n    pass\n\n_f.p = 1\n_f.q = 2", "list(_f.__dict__)"),
    NOTHING,
    edit("_f.p = 1\n_f.q = 2", "_f.q = 2\n_f.p = 1"),
    **X,
)

# -- docstrings --------------------------------------------------------------------------------------

TINYDOC = """
--- site:tinydoc.py
import inspect

def describe(fn):
    return fn.__name__ + ": " + (fn.__doc__ or "")

def tool(fn):
    fn.prompt = fn.__doc__
    return fn

class Tools:
    def __init__(self):
        self.known = {}

    def add(self, fn):
        self.known[fn.__name__] = fn
        return fn

    def page(self):
        return _page(self.known)

def _page(known):
    return [_line(fn) for fn in known.values()]

def _line(fn):
    return inspect.getdoc(fn)

def call(fn, x):
    return fn(x)
"""
DOCUMENTED = Build("b", edits=[install("tiny-doc", "1.0", "tinydoc")])
F = 'import tinydoc\n\ndef _f(x=0):\n    """Old words."""\n    return x'
WORDS = ("Old words", "New words")

for name, (top, use) in {
    "call": (F, "tinydoc.describe(_f)"),
    "from_import": (F + "\nfrom tinydoc import describe as _tell", "_tell(fn=_f)"),
    "list": (F, "[tinydoc.describe(f) for f in [_f]]"),
    "table": (F + "\n_ALL = {'f': _f}", "[tinydoc.describe(f) for f in _ALL.values()]"),
    "map": (F + "\n_ALL = [_f]", "list(map(tinydoc.describe, _ALL))"),
    "helper": (F + "\ndef _tell(fn):\n    return tinydoc.describe(fn)\n", "_tell(_f)"),
    "decorator": (F.replace("def _f", "@tinydoc.tool\ndef _f"), "_f.prompt"),
    "registry": (
        "import tinydoc\n_T = tinydoc.Tools()\n\n@_T.add\ndef _f(x=0):\n    \"\"\"Old words.\"\"\"\n    return x",
        "_T.page()",
    ),
    "registry_in_body": (F, "_page()", ),
    "class": (
        'import tinydoc\n\nclass _C:\n    """Old words."""\n',
        "tinydoc.describe(_C)",
    ),
    "method": (
        'import tinydoc\n\nclass _C:\n    def go(self):\n        """Old words."""\n',
        "tinydoc.describe(_C.go)",
    ),
    "property": (
        'class _C:\n    go = property(lambda self: 1, doc="Old words.")\n',
        "_C.go.__doc__",
    ),
    "attribute": ('def _f():\n    pass\n\n_f.__doc__ = "Old words."\n', "_f.__doc__"),
    "pydoc": (F + "\nimport pydoc", "pydoc.render_doc(_f)"),
    "getdoc_alias": (F + "\nfrom inspect import getdoc as _doc", "_doc(_f)"),
}.items():  # fmt: skip
    if name == "registry_in_body":
        top += "\ndef _page():\n    tools = tinydoc.Tools()\n    tools.add(_f)\n    return tools.page()\n"
    alone = "tinydoc" not in top
    case(
        f"docstring_read_by_{name}",
        one(top, use) + ("" if alone else TINYDOC),
        NOTHING,
        edit(*WORDS),
        first=None if alone else DOCUMENTED,
        **X,
    )
for name, use in {"call": "_f(x)", "library_that_calls_it": "tinydoc.call(_f, x)"}.items():
    case(f"docstring_unread_by_{name}", one(F, use) + TINYDOC, free(*WORDS), first=DOCUMENTED, **X)
case(
    "docstrings_swapped",
    one(
        'def _f():\n    """One."""\n\ndef _g():\n    """Two."""\n',
        "[_f.__doc__, _g.__doc__]",
    ),
    NOTHING,
    Build("b", edits=[sub("nodes.py", '"""One', '"""Tmp'), sub("nodes.py", '"""Two', '"""One'),
                      sub("nodes.py", '"""Tmp', '"""Two')]),
    **X,
)  # fmt: skip
MODEL = '--- lib.py\nfrom pydantic import BaseModel\n\nclass P(BaseModel):\n    """Old words."""\n    k: int = 1\n'
for name, use in {
    "class": "P.model_json_schema()",
    "instance": "(lambda p: p.model_json_schema())(P())",
    "adapter": "TypeAdapter(P).json_schema()",
}.items():
    case(
        f"docstring_in_schema_of_{name}",
        one("from lib import P\nfrom pydantic import TypeAdapter", use) + MODEL,
        NOTHING,
        edit(*WORDS, name="lib.py"),
        **X,
    )
case(
    "docstring_of_model_unread",
    one("from lib import P", "P(k=x).model_dump()") + MODEL,
    free(*WORDS, name="lib.py"),
    **X,
)
case(
    "docstring_read_by_click",
    one(
        'import click\n\n@click.command()\n@click.option("--k", help="Kind.")\ndef _f(k):\n    """Old words."""\n',
        "[_f.help, [p.help for p in _f.params]]",
    ),
    NOTHING,
    edit(*WORDS),
    edit("Kind.", "Sort."),
    **X,
)

# -- the text itself, and names ----------------------------------------------------------------------

for name, use in {
    "getsource": "inspect.getsource(_f)",
    "lines": "inspect.getsourcelines(_f)[0]",
    "comments": "str(inspect.getcomments(_f)) + inspect.getsource(_f)",
    "alias": "_text(_f)",
}.items():
    case(
        f"source_read_by_{name}",
        one(
            "import inspect\nfrom inspect import getsource as _text\n\n# above\ndef _f(x):\n    return x  # old\n",
            use,
        ),
        NOTHING,
        edit("# old", "# new"),
        *([edit("# above", "# over")] if name == "comments" else []),
        **X,
    )
case(
    "source_of_class_read",
    one("import inspect\n\nclass _C:\n    k = 1  # old\n", "inspect.getsource(_C)"),
    NOTHING,
    edit("# old", "# new"),
    **X,
)
INNER = "--- lib.py\nfrom dataclasses import dataclass\n\nclass Outer:\n    @dataclass{options}\n    class Inner:\n        u: int\n\nInner = Outer.Inner\n"
SHELL = [sub("lib.py", "class Outer", "class Shell"), sub("lib.py", "Inner = Outer", "Inner = Shell")]
case(
    "outer_name_in_repr",
    one("from lib import Inner as _I", "repr(_I(x))") + INNER.format(options=""),
    NOTHING,
    Build("b", edits=SHELL),
    **X,
)
case(
    "outer_name_in_no_repr",
    one("from lib import Inner as _I", "_I(x).u") + INNER.format(options="(repr=False)"),
    Build(edits=SHELL),
    **X,
)
case(
    "qualname_read",
    one("from lib import Inner as _I", "_I.__qualname__") + INNER.format(options="(repr=False)"),
    NOTHING,
    Build("b", edits=SHELL),
    **X,
)
case(
    "module_name_read",
    one("from lib import f", "f.__module__") + "--- lib.py\ndef f():\n    pass\n",
    NOTHING,
    Build("b", edits=[write("tools.py", "def f():\n    pass\n"), sub("nodes.py", "from lib", "from tools")]),
    **X,
)
POINT = (
    "class _P:\n    __match_args__ = ('u', 'v')\n\n    def __init__(self):\n        self.u, self.v = 1, 2\n"
)
MATCH = "_first(_P(), x)"
FIRST = "\ndef _first(p, x):\n    match p:\n        case _P(first, _):\n            return first + x\n"
case("match_args_in_class", one(POINT + FIRST, MATCH), NOTHING, edit("('u', 'v')", "('v', 'u')"), **X)
case(
    "match_args_set_on_dataclass",
    one(
        "from dataclasses import dataclass\n\n@dataclass\nclass _P:\n    u: int = 1\n    v: int = 2\n    __match_args__ = ('u', 'v')\n"
        + FIRST,
        MATCH,
    ),
    NOTHING,
    edit("('u', 'v')", "('v', 'u')"),
    **X,
)
TINYBASE = """
--- site:tinybase.py
class Plain:
    def run(self, x):
        return self.step(x) * 10

class Made:
    def __init_subclass__(cls):
        cls.made = object()

    def run(self, x):
        return self.step(x) * 10
"""
for base in ("Plain", "Made"):
    case(
        f"attribute_set_on_class_of_{base.lower()}_base",
        one(
            f"import tinybase\n\nclass _M(tinybase.{base}):\n    def step(self, x):\n        return x + self.rate\n\n_M.rate = 5",
            "_M().run(x)",
        )
        + TINYBASE,
        NOTHING,
        edit("rate = 5", "rate = 6"),
        first=Build("b", edits=[install("tiny-base", "1.0", "tinybase")]),
        **X,
    )

# -- variables ---------------------------------------------------------------------------------------


def body(text: str) -> str:
    """Return a node `b` with this body."""
    return '--- nodes.py\nLIMIT = 3\n\ndef b(x: int) -> object:\n    ran("b")\n' + indent(text)


def spell(text: str, first: str, second: str) -> str:
    """Return a text with these names for Y and Z."""
    return re.sub(r"\bZ\b", second, re.sub(r"\bY\b", first, text))


def indent(text: str) -> str:
    """Return a text as it stands in a function."""
    return "".join(f"    {line}\n" for line in text.splitlines())


for name, text in {
    "assigned": "Y = x + 1\nreturn Y",
    "loop": "out = 0\nfor Y in range(x):\n    out += Y\nreturn out",
    "comprehension": "return [Y + 1 for Y in range(x)]",
    "nested": "Y = x\ndef go():\n    return Y + 1\nreturn go()",
    "nested_before": "def go():\n    return Y + 1\nY = x\nreturn go()",
    "with": "from io import StringIO\nwith StringIO('u') as Y:\n    return Y.read()",
    "except": "try:\n    return 1 // 0\nexcept ZeroDivisionError as Y:\n    return str(Y)",
    "walrus": "return (Y := x + 1) + Y",
    "walrus_in_comprehension": "[Y := v for v in range(3)]\nreturn Y",
    "match": "match [x]:\n    case [Y, *_]:\n        return Y",
    "column": "Y = {'yy': x}\nreturn Y['yy']",
    "key": "Y = x\nreturn {'yy': Y}",
    "attribute": "Y = 'u'\nreturn Y.upper().lower()",
    "deleted": "Y = x\nZ = Y\ndel Y\nreturn Z",
}.items():
    case(
        f"variable_renamed_{name}",
        body(spell(text, "yy", "zz")),
        Build(edits=[sub("nodes.py", indent(spell(text, "yy", "zz")), indent(spell(text, "total", "rest")))]),
        **X,
    )  # fmt: skip
for name, (old, new) in {
    "listed": ("yy = x\nreturn list(locals())", "total = x\nreturn list(locals())"),
    "evaluated": ("yy = x\nreturn eval('yy + 1', None, {'yy': yy})", "xx = x\nreturn eval('yy + 1', None, {'yy': xx + 1})"),
    "told": ("yy = x\nreturn f'{yy=}'", "total = x\nreturn f'{total=}'"),
    "swapped": ("yy, zz = x, 5\nreturn yy - zz", "zz, yy = x, 5\nreturn yy - zz"),
    "made_global": ("limit = x\nreturn limit + LIMIT", "LIMIT = x\nreturn LIMIT + LIMIT"),
    "hides_parameter": ("yy = 7\nreturn yy + x", "x = 7\nreturn x + x"),
    "one_for_two": ("yy = 1\nzz = 2\nreturn yy + zz", "yy = 1\nyy = 2\nreturn yy + yy"),
    "inner_hides": ("yy = 7\nreturn [zz + yy for zz in range(2)]", "yy = 7\nreturn [yy + yy for yy in range(2)]"),
    "inner_made_own": ("yy = x\ndef go():\n    nonlocal yy\n    yy = 5\ngo()\nreturn yy", "yy = x\ndef go():\n    yy = 5\ngo()\nreturn yy"),
    "function": ("def yy():\n    pass\nreturn yy.__name__", "def total():\n    pass\nreturn total.__name__"),
    "class_body": ("class C:\n    yy = x\nreturn C.yy", "class C:\n    yy = x + 1\nreturn C.yy"),
}.items():  # fmt: skip
    case(
        f"variable_{name}",
        body(old),
        NOTHING,
        Build("b", edits=[sub("nodes.py", indent(old), indent(new))]),
        **X,
    )
case(
    "variable_seen_by_helper",
    body("yy = x\nreturn _peek()")
    + "\nimport sys\n\ndef _peek():\n    return sorted(sys._getframe(1).f_locals)\n",
    NOTHING,
    Build("b", edits=[sub("nodes.py", "yy = x", "total = x")]),
    **X,
)
case(
    "variable_of_helper_renamed",
    AB.replace("return x + 1", "return _f(x)") + "\ndef _f(x):\n    yy = x\n    return yy\n",
    Build(edits=[sub("nodes.py", "    yy = x\n    return yy", "    total = x\n    return total")]),
    **X,
)
