"""Code that is written anew and does the same: nothing runs, or what runs gives an equal value."""

from tests.torture.case import NOTHING, Build, Case, remove, rename, sub, write
from tests.torture.parts import LIB, X, collector, const, uses

CASES: list[Case] = []
case = collector(CASES)

RATES = """
--- lib.py
from conf import RATE

class Model:
    def run(self, x):
        return _inner(x) * RATE

def _inner(x):
    return x + 1

def f(x):
    return Model().run(x)
--- conf.py
RATE = 3
"""
PACKAGE = LIB.replace("lib.py", "pkg/impl.py")


def refactored(name: str, files: str, *edits: Build, **more: object) -> None:
    """Add a case of nodes `b` and `c`, built once more after it."""
    case(name, files, *edits, NOTHING, target="b c", **{**X, **more})


refactored(
    "class_helper_and_constant_each_to_a_module",
    uses("from lib import f") + RATES,
    Build(
        edits=[
            write("core.py", "from rates import RATE\nfrom steps import _inner\n\nclass Model:\n    def run(self, x):\n        return _inner(x) * RATE\n"),
            write("steps.py", "def _inner(x):\n    return x + 1\n"),
            write("rates.py", "RATE = 3\n"),
            write("lib.py", "from core import Model\n\ndef f(x):\n    return Model().run(x)\n"),
            remove("conf.py"),
        ]
    ),
)  # fmt: skip
refactored(
    "modules_gathered_in_a_package",
    uses("from lib import f") + RATES,
    Build(
        edits=[
            rename("lib.py", "pkg/lib.py"),
            rename("conf.py", "pkg/conf.py"),
            write("pkg/__init__.py", ""),
            sub("pkg/lib.py", "from conf", "from .conf"),
            sub("nodes.py", "from lib", "from pkg.lib"),
        ]
    ),
)
refactored(
    "aliases_of_imports_gone",
    uses("import lib as L\nfrom lib import f as ff", "L.f(x) + ff(x)") + LIB,
    Build(
        edits=[
            sub("nodes.py", "import lib as L\nfrom lib import f as ff", "import lib\nfrom lib import f"),
            sub("nodes.py", "L.f(x) + ff(x)", "lib.f(x) + f(x)"),
        ]
    ),
)
refactored(
    "name_imported_or_looked_up_in_its_module",
    uses("import lib", "lib.f(x)") + LIB,
    Build(edits=[sub("nodes.py", "import lib", "from lib import f"), sub("nodes.py", "lib.f(x)", "f(x)")]),
)
refactored(
    "parameter_of_a_helper_renamed",
    uses("from lib import f", "f(x, rate=2)") + "--- lib.py\ndef f(x, rate=1):\n    return x * rate\n",
    Build(
        maybe="a",
        edits=[
            sub("lib.py", "x, rate=1", "x, factor=1"),
            sub("lib.py", "x * rate", "x * factor"),
            sub("nodes.py", "rate=2", "factor=2"),
        ],
    ),
)
refactored(
    "step_taken_out_of_a_helper",
    uses("from lib import f") + LIB,
    Build(
        maybe="a",
        edits=[
            sub("lib.py", "def f(x):\n    return x + 1", "def _add(v):\n    return v + 1\n\ndef f(x):\n    return _add(x)")
        ],
    ),
)  # fmt: skip
refactored(
    "function_made_static_method",
    uses("from lib import f") + LIB,
    Build(
        maybe="a",
        edits=[
            sub("lib.py", "def f(x):\n    return x + 1", "class _T:\n    @staticmethod\n    def f(x):\n        return x + 1\n\nf = _T.f")
        ],
    ),
)  # fmt: skip
refactored(
    "annotations_of_newer_python",
    """
--- nodes.py
from typing import Dict, List, Optional
from lib import f

def a(x: int, y: Optional[int] = None) -> Dict[str, List[int]]:
    ran("a")
    return {"k": [f(x)]}

def b(a: Dict[str, List[int]]) -> str:
    ran("b")
    return str(a)

def c(x: int) -> int:
    ran("c")
    return x
--- lib.py
from typing import Optional, Union

def f(x: Union[int, float], k: Optional[int] = None) -> Union[int, float]:
    return x + 1
""",
    Build(
        edits=[
            sub("nodes.py", "y: Optional[int] = None) -> Dict[str, List[int]]", "y: int | None = None) -> dict[str, list[int]]"),
            sub("nodes.py", "a: Dict[str, List[int]]", "a: dict[str, list[int]]"),
            sub("nodes.py", "from typing import Dict, List, Optional\n", ""),
            sub("lib.py", "x: Union[int, float], k: Optional[int] = None) -> Union[int, float]", "x: int | float, k: int | None = None) -> int | float"),
            sub("lib.py", "from typing import Optional, Union\n", ""),
        ]
    ),
)  # fmt: skip
refactored(
    "imports_for_type_checkers",
    uses("from lib import f") + LIB,
    Build(
        edits=[
            sub("nodes.py", "from ranlog", "from __future__ import annotations\nfrom ranlog"),
            sub("nodes.py", "from lib import f", "from typing import TYPE_CHECKING\nfrom lib import f\nif TYPE_CHECKING:\n    import pandas as pd"),
            sub("lib.py", "def f(x):", "def f(x: 'int') -> 'int':"),
        ]
    ),
)  # fmt: skip
refactored(
    "star_spelled_out",
    uses("from pkg import f") + PACKAGE + "--- pkg/__init__.py\nfrom .impl import *\n",
    Build(edits=[write("pkg/__init__.py", "from .impl import f as f\nfrom .impl import g as g\n")]),
)
refactored(
    "neighbours_added_to_a_module",
    uses("from lib import f") + LIB,
    Build(
        edits=[
            sub("lib.py", "def g(x)", "import json\nTABLE = {'n': 1}\n\ndef _h():\n    return json.dumps(TABLE)\n\ndef g(x)")
        ]
    ),
)  # fmt: skip
refactored(
    "main_block_added",
    uses("from lib import f") + LIB,
    Build(edits=[sub("lib.py", "def g(x)", 'if __name__ == "__main__":\n    print(f(1))\n\ndef g(x)')]),
)
refactored(
    "namespace_package_made_a_package",
    uses("from feats.deep.lib import f") + LIB.replace("lib.py", "feats/deep/lib.py"),
    Build(edits=[write("feats/__init__.py", "")]),
    Build("a b", edits=[sub("feats/deep/lib.py", "x + 1\n", "x + 2\n")]),
)
SPELLINGS = (
    ("60 * 60 * 24", "86_400"),
    ("10 ** 3", "1_000"),
    ("255", "0xFF"),
    ("'u' 'v'", "'uv'"),
    ("'it'", '"it"'),
    ("[i for i in range(3)]", "[0, 1, 2]"),
    ("dict(p=1, q=2)", "{'p': 1, 'q': 2}"),
    ("(1, 2)", "1, 2"),
    ("sorted([2, 1])", "[1, 2]"),
    ("{'u', 'v', 'w'}", "{'w', 'v', 'u'}"),
)
"""Constants as they are and as somebody else spells them."""
NAMES = [f"_K{number}" for number in range(len(SPELLINGS))]

case(
    "constants_spelled_anew",
    const(
        "\n".join(f"{name} = {old}" for name, (old, _) in zip(NAMES, SPELLINGS, strict=True)),
        f"[sorted(k) if isinstance(k, set) else k for k in ({', '.join(NAMES)})]",
    ),
    Build(
        edits=[
            sub("nodes.py", f"{name} = {old}\n", f"{name} = {new}\n")
            for name, (old, new) in zip(NAMES, SPELLINGS, strict=True)
        ]
    ),
    **X,
)
