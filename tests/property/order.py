"""A project of nodes that change the state of their process and of others that look at it, to be run in any order."""

from __future__ import annotations

import functools
import importlib
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from hypothesis import strategies as st

from dagbuild import Driver

LOUD = {
    "variable": "os.environ['ORDER_MODE'] = 'loud'",
    "path": "sys.path.insert(0, '/nowhere')",
    "precision": "decimal.getcontext().prec = 5",
    "errors": "np.seterr(all='raise')",
    "option": "pd.set_option('display.precision', 2)",
    "filters": "warnings.simplefilter('error')",
    "seed": "random.seed(7); np.random.seed(7)",
    "draws": "random.random(); np.random.rand()",
}
LOOK = {
    "variable": "os.environ.get('ORDER_MODE', 'quiet')",
    "path": "sys.path[0] == '/nowhere'",
    "precision": "str(decimal.Decimal(1) / 3)",
    "errors": "np.geterr()",
    "option": "pd.get_option('display.precision')",
    "filters": "len(warnings.filters)",
    "seed": "random.random()",
    "draws": "float(np.random.rand())",
}
START = "import decimal, os, random, sys, warnings\nimport numpy as np\nimport pandas as pd\nrandom.seed(3)\nnp.random.seed(3)\n"

orders = st.lists(
    st.sampled_from([*(f"loud_{name}" for name in LOUD), *(f"look_{name}" for name in LOOK)]),
    unique=True,
    min_size=2,
)


@functools.cache
def load() -> ModuleType:
    """Return the project's module."""
    loud = (f"def loud_{name}() -> int:\n    {code}\n    return 1\n" for name, code in LOUD.items())
    look = (f"def look_{name}() -> object:\n    return {code}\n" for name, code in LOOK.items())
    folder = tempfile.mkdtemp(prefix="dagbuild-order-")
    Path(folder, "order_nodes.py").write_text("\n".join([START, *loud, *look]))
    sys.path.insert(0, folder)
    try:
        return importlib.import_module("order_nodes")
    finally:
        sys.path.remove(folder)


def seed() -> None:
    """Bring the generators to where the project's import has left them; Hypothesis seeds them, too."""
    random.seed(3)
    np.random.seed(3)


def find_alone() -> dict[str, Any]:
    """Return what each node gives that looks, alone in a build in this process as it is now."""
    return {f"look_{name}": build([f"look_{name}"])[f"look_{name}"] for name in LOOK}


def build(names: Sequence[str]) -> dict[str, Any]:
    """Build the nodes in this order, from nothing, and return their values."""
    seed()
    with tempfile.TemporaryDirectory(prefix="dagbuild-order-") as cache:
        driver = Driver({}, load(), cache=cache, executor="inline")
        try:
            return dict(driver.build(names).values)
        finally:
            driver.project.close()


def check_order(names: Sequence[str], alone: Mapping[str, Any]) -> None:
    """Hold what nodes give in this order against what each gives alone."""
    for name, value in build(names).items():
        if name in alone:
            assert value == alone[name], f"{name} depends on what ran before it"
