"""The ways in which a name comes from another module of the project."""

from tests.torture.case import NOTHING, Build, Case, link_project, move_project, rename, sub, write
from tests.torture.parts import EDIT_F, LIB, X, collector, one

CASES: list[Case] = []
case = collector(CASES)

PKG = "--- pkg/__init__.py\n"
F_IN_PKG = sub("pkg/lib.py", "x + 1\n", "x + 2\n")

case(
    "relative_imports",
    '--- pkg/nodes.py\nfrom .sub.mid import m\n\ndef b(x: int) -> int:\n    ran("b")\n    return m(x)\n'
    "--- pkg/sub/__init__.py\n--- pkg/sub/mid.py\nfrom .. import lib\n\ndef m(x):\n    return lib.f(x)\n"
    + PKG
    + LIB.strip("\n").replace("lib.py", "pkg/lib.py"),
    NOTHING,
    Build("b", edits=[F_IN_PKG]),
    Build(edits=[sub("pkg/lib.py", "x + 100", "x + 200")]),
    modules=["pkg.nodes"],
    **X,
)
case(
    "name_of_package_init",
    one("import pkg", "pkg.f(x)") + "--- pkg/__init__.py\nK = 1\ndef f(x):\n    return x + K\n",
    Build("b", edits=[sub("pkg/__init__.py", "K = 1", "K = 2")]),
    **X,
)
case(
    "submodule_through_package",
    one("import pkg.lib", "pkg.lib.f(x)") + PKG + LIB.strip("\n").replace("lib.py", "pkg/lib.py"),
    Build("b", edits=[F_IN_PKG]),
    Build(edits=[sub("pkg/__init__.py", "", "UNUSED = 1\n")]),
    **X,
)
case(
    "import_moved_behind_reexport",
    one("from lib import f", "f(x)") + LIB,
    Build(
        edits=[rename("lib.py", "impl.py"), write("lib.py", "from impl import f, g\n")],
    ),
    Build("b", edits=[sub("impl.py", "x + 1\n", "x + 2\n")]),
    **X,
)
case(
    "conditional_import",
    one("try:\n    from fast import f\nexcept ImportError:\n    from lib import f", "f(x)") + LIB,
    NOTHING,
    Build("b", edits=[EDIT_F]),
    Build("b", edits=[write("fast.py", "def f(x):\n    return x - 1\n")]),
    **X,
)
case(
    "import_module_by_literal",
    one("import importlib", 'importlib.import_module("lib").f(x)') + LIB,
    Build("b", edits=[EDIT_F]),
    **X,
)
case(
    "getattr_with_literal",
    one("import lib", 'getattr(lib, "f")(x)') + LIB,
    Build(edits=[sub("lib.py", "x + 100", "x + 200")]),
    Build("b", edits=[EDIT_F]),
    **X,
)
case(
    "getattr_with_name",
    one("import lib", 'getattr(lib, "fg"[x - 1])(x)') + LIB,
    NOTHING,
    Build("b", edits=[EDIT_F]),
    **X,
)
case(
    "module_passed_as_value",
    one("import lib\n\ndef _call(module, x):\n    return module.f(x)", "_call(lib, x)") + LIB,
    Build("b", edits=[EDIT_F]),
    **X,
)
case(
    "module_getattr_hook",
    one("import lib", "lib.lazy") + "--- lib.py\ndef __getattr__(name):\n    return len(name) + 1\n",
    NOTHING,
    Build("b", edits=[sub("lib.py", "+ 1", "+ 2")]),
    **X,
)
case(
    "star_import_with_all",
    one("from lib import *", "f(x)") + '--- lib.py\n__all__ = ["f"]\nK = 1\ndef f(x):\n    return x + K\n',
    Build(edits=[sub("lib.py", '["f"]', '["f", "K"]')]),
    Build("b", edits=[sub("lib.py", "K = 1", "K = 2")]),
    **X,
)
case(
    "import_in_body_of_helper_in_package",
    one("from pkg.mid import m", "m(x)")
    + "--- pkg/mid.py\ndef m(x):\n    from . import lib\n    return lib.f(x)\n"
    + PKG
    + LIB.strip("\n").replace("lib.py", "pkg/lib.py"),
    NOTHING,
    Build("b", edits=[F_IN_PKG]),
    **X,
)
case(
    "import_in_body_with_alias_and_attribute",
    one("", "_g(x)\n\ndef _g(x):\n    import pkg.lib as L\n    return L.f(x) + L.K")
    + PKG
    + LIB.strip("\n").replace("lib.py", "pkg/lib.py")
    + "\nK = 1\n",
    Build(edits=[sub("pkg/lib.py", "x + 100", "x + 200")]),
    Build("b", edits=[sub("pkg/lib.py", "K = 1", "K = 5")]),
    **X,
)
case(
    "constant_patched_from_another_module",
    one("import lib\nimport patch", "lib.K + x") + "--- lib.py\nK = 1\n--- patch.py\nimport lib\nlib.K = 3\n",
    Build("b", edits=[sub("patch.py", "= 3", "= 4")]),
    **X,
)
case(
    "circular_imports",
    one("import even", "even.even(x)")
    + "--- even.py\nimport odd\ndef even(n):\n    return True if n == 0 else odd.odd(n - 1)\n"
    + "--- odd.py\nimport even\ndef odd(n):\n    return False if n == 0 else even.even(n - 1)\n",
    NOTHING,
    Build("b", edits=[sub("odd.py", "return False", "return 7")]),
    **X,
)
case(
    "namespace_package",
    one("from space.inner import lib", "lib.f(x)") + LIB.strip("\n").replace("lib.py", "space/inner/lib.py"),
    NOTHING,
    Build("b", edits=[sub("space/inner/lib.py", "x + 1\n", "x + 2\n")]),
    **X,
)
case(
    "module_becomes_package",
    one("from lib import f", "f(x)") + LIB,
    Build(edits=[rename("lib.py", "lib/__init__.py")]),
    Build("b", edits=[sub("lib/__init__.py", "x + 1\n", "x + 2\n")]),
    **X,
)
case("project_linked", one("from lib import f", "f(x)") + LIB, Build(edits=[link_project("linked")]), **X)
case("project_moved", one("from lib import f", "f(x)") + LIB, Build(edits=[move_project("moved")]), **X)
case(
    "path_beside_module",
    one(
        "from pathlib import Path\n_HERE = Path(__file__).parent\n_DATA = str(_HERE / 'd.txt')",
        "open(_DATA).read()",
    )
    + "--- d.txt\n1\n",
    Build(edits=[move_project("moved")]),
    **X,
)
