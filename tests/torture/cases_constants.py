"""Edits of values that modules hold."""

from tests.torture.case import NOTHING, Build, Case, sub
from tests.torture.parts import LIB, X, collector, const

CASES: list[Case] = []
case = collector(CASES)

case("const_int", const("_K = 1", "x + _K"), Build("a b", edits=[sub("nodes.py", "_K = 1", "_K = 2")]), **X)
case(
    "const_dict_nested",
    const('_K = {"u": {"v": [1, 2]}}', '_K["u"]["v"][1]'),
    Build("a b", edits=[sub("nodes.py", "[1, 2]", "[1, 3]")]),
    **X,
)
case(
    "const_dataframe",
    const('import pandas as pd\n_K = pd.DataFrame({"u": [1, 2]})', '_K["u"].sum()'),
    NOTHING,
    Build("a b", edits=[sub("nodes.py", "[1, 2]", "[1, 3]")]),
    **X,
)
case(
    "const_unused",
    const("_K = 1\n_OTHER = 1", "x + _K"),
    Build(edits=[sub("nodes.py", "_OTHER = 1", "_OTHER = 2")]),
    **X,
)
case(
    "const_module_attribute",
    const("import settings", "x + settings.LIMIT", "--- settings.py\nLIMIT = 1\nOTHER = 1\n"),
    Build("a b", edits=[sub("settings.py", "LIMIT = 1", "LIMIT = 2")]),
    **X,
)
case(
    "const_from_file_at_import",
    const(
        'import json, pathlib\n_K = json.loads((pathlib.Path(__file__).parent / "k.json").read_text())',
        '_K["v"] + x',
        '--- k.json\n{"v": 1}\n',
    ),
    NOTHING,
    Build("a b", edits=[sub("k.json", "1", "2")]),
    **X,
)
case(
    "const_chain",
    const("_BASE = 1\n_K = _BASE * 2", "x + _K"),
    Build("a b", edits=[sub("nodes.py", "_BASE = 1", "_BASE = 2")]),
    **X,
)
case(
    "const_set_hash_seed",
    const('_K = {"p", "q", "r", "s"}\n_D = {"m": frozenset(["t", "u", "v"])}', 'sorted(_K | _D["m"])[x]'),
    Build(env={"PYTHONHASHSEED": "2"}),
    Build(env={"PYTHONHASHSEED": "3"}),
    Build("a b", edits=[sub("nodes.py", '"q"', '"bb"')]),
    env={"PYTHONHASHSEED": "1"},
    **X,
)
case("const_nan", const('_K = float("nan")', "x + _K"), NOTHING, **X)
case(
    "const_env_at_import",
    const('import os\nif os.environ.get("MODE") == "big":\n    _K = 100\nelse:\n    _K = 1', "x + _K"),
    NOTHING,
    Build("a b", env={"MODE": "big"}),
    **X,
)
case(
    "const_if_type_checking",
    const(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from lib import f\n_K = 1", "x + _K", LIB
    ),
    Build(edits=[sub("nodes.py", "from lib import f", "from lib import g")]),
    **X,
)
case(
    "const_regex",
    const('import re\n_K = re.compile("[a-m]")', 'len(_K.findall("abyz")) + x'),
    NOTHING,
    Build("a b", edits=[sub("nodes.py", "[a-m]", "[a-y]")]),
    **X,
)
case(
    "const_logger_lock",
    const(
        "import logging, threading\n_LOG = logging.getLogger(__name__)\n_LOCK = threading.Lock()\n_MISSING = object()",
        '(_LOG.debug("x"), _LOCK.locked(), _MISSING is None, x)',
    ),
    NOTHING,
    **X,
)
case(
    "const_opaque_edited",
    const(
        'import sqlite3\n_DB = sqlite3.connect(":memory:", isolation_level="DEFERRED")',
        "str(_DB.isolation_level) + str(x)",
    ),
    NOTHING,
    Build("a b", edits=[sub("nodes.py", '"DEFERRED"', '"IMMEDIATE"')]),
    **X,
)
case(
    "const_time_at_import_unused",
    const("import time\n_STARTED = time.time_ns()\n_K = 1", "x + _K"),
    NOTHING,
    **X,
)
RICH = """
from collections import ChainMap, Counter
from datetime import datetime, timezone
from decimal import Decimal
from types import SimpleNamespace
import uuid

_K = [Decimal("1.0"), Counter("aab"), ChainMap({"u": 1}, {"v": 2}), SimpleNamespace(m=[1, 2])]
_L = [datetime(2020, 1, 1, tzinfo=timezone.utc), uuid.UUID(int=7), b"z", 2j]
"""
case(
    "const_rich_types",
    const(RICH, "str(_K) + str(_L) + str(x)"),
    NOTHING,
    Build("a b", edits=[sub("nodes.py", 'Decimal("1.0")', 'Decimal("1.00")')]),
    Build("a b", edits=[sub("nodes.py", "m=[1, 2]", "m=[1, 3]")]),
    Build("a b", edits=[sub("nodes.py", "UUID(int=7)", "UUID(int=8)")]),
    Build("a b", edits=[sub("nodes.py", "tzinfo=timezone.utc", "fold=1")]),
    **X,
)
case(
    "const_typing_objects",
    const(
        "from typing import Literal, get_args\n_K = Literal['u', 'v']\n_L = dict[str, int]",
        "str(get_args(_K)) + str(_L) + str(x)",
    ),
    NOTHING,
    Build("a b", edits=[sub("nodes.py", "'u', 'v'", "'u', 'w'")]),
    Build("a b", edits=[sub("nodes.py", "dict[str, int]", "dict[str, float]")]),
    **X,
)
