"""Modules that only the body of a function imports."""

from tests.torture.case import NOTHING, Build, Case, install, sub, write
from tests.torture.parts import LIB, TINYLIB, X, collector, one

CASES: list[Case] = []
case = collector(CASES)

PKG = "--- pkg/__init__.py\n" + LIB.strip("\n").replace("lib.py", "pkg/lib.py") + "\nK = 1\n"
EDIT = Build("b", edits=[sub("pkg/lib.py", "x + 1\n", "x + 2\n")])
EDIT_K = Build("b", edits=[sub("pkg/lib.py", "K = 1", "K = 2")])
OTHER = Build(edits=[sub("pkg/lib.py", "x + 100", "x + 200")])


def body(*lines: str, top: str = "", use: str = "_use(x)") -> str:
    """Return a node that uses a helper with these lines."""
    return one("\n".join([top, "def _use(x):", *(f"    {line}" for line in lines)]), use)


case("dotted_in_body", body("import pkg.lib", "return pkg.lib.f(x)") + PKG, NOTHING, EDIT, OTHER, **X)
case("dotted_in_body_constant", body("import pkg.lib", "return pkg.lib.K + x") + PKG, NOTHING, EDIT_K, **X)
case(
    "dotted_in_body_alias", body("import pkg.lib as p", "return p.f(x) + p.K") + PKG, EDIT, EDIT_K, OTHER, **X
)
case(
    "dotted_in_node",
    one("", "_f()(x)\n\ndef _f():\n    import pkg.lib\n    return pkg.lib.f") + PKG,
    EDIT,
    OTHER,
    **X,
)
case(
    "from_package_in_body",
    body("from pkg import lib", "return lib.f(x) + lib.K") + PKG,
    EDIT,
    EDIT_K,
    OTHER,
    **X,
)
case(
    "dotted_in_inner_function",
    body("import pkg.lib", "def inner(v):", "    return pkg.lib.f(v)", "return inner(x)") + PKG,
    NOTHING,
    EDIT,
    OTHER,
    **X,
)
case(
    "dotted_three_deep",
    body("import pkg.sub.deep", "return pkg.sub.deep.f(x)")
    + PKG
    + "--- pkg/sub/__init__.py\n--- pkg/sub/deep.py\ndef f(x):\n    import pkg.lib\n    return pkg.lib.f(x)\n",
    NOTHING,
    Build("b", edits=[sub("pkg/sub/deep.py", "pkg.lib.f(x)", "pkg.lib.f(x) + 1")]),
    EDIT,
    OTHER,
    **X,
)
case(
    "dotted_under_try_in_body",
    body(
        "try:", "    import pkg.fast as q", "except ImportError:", "    import pkg.lib as q", "return q.f(x)"
    )
    + PKG,
    NOTHING,
    EDIT,
    Build("b", edits=[write("pkg/fast.py", "def f(x):\n    return x - 1\n")]),
    **X,
)
case(
    "attribute_of_package_imported_by_another",
    one(
        "import pkg\n\ndef _load():\n    import pkg.lib\n\ndef _use(x):\n    return pkg.lib.f(x)",
        "_use(x) if _load() is None else 0",
    )
    + PKG,
    NOTHING,
    EDIT,
    OTHER,
    **X,
)
case(
    "import_in_method",
    one("class _M:\n    def go(self, x):\n        import pkg.lib\n        return pkg.lib.f(x)", "_M().go(x)")
    + PKG,
    NOTHING,
    EDIT,
    OTHER,
    **X,
)
case(
    "import_as_global_in_body",
    body("global pkg", "import pkg.lib", "return pkg.lib.f(x)") + PKG,
    NOTHING,
    EDIT,
    **X,
)
case(
    "package_around_acts",
    one(
        "import tinylib",
        "_use(x)\n\ndef _use(x):\n    from pkg.lib import f\n    return tinylib.scale(f(x))",
        TINYLIB,
    )
    + PKG.replace("__init__.py\n", "__init__.py\nimport tinylib\ntinylib.configure(3)\n"),
    NOTHING,
    Build("b", edits=[sub("pkg/__init__.py", "configure(3)", "configure(4)")]),
    first=Build("b", edits=[install("tiny-lib", "1.0", "tinylib")]),
    **X,
)
