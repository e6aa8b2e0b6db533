"""What comes first is what comes first in Hamilton: calls, lists of nodes, columns that are put to a table."""

from __future__ import annotations

import copy
import importlib
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dagbuild import ad_hoc_utils, base, driver
from tests.hamilton.programs import PROGRAMS, Program, make_program
from tests.hamilton.test_same import open_driver

pytest.importorskip("hamilton")
LIBRARIES = ["hamilton", "dagbuild"]

CALLED = """
CALLS = []
def zz(x: int) -> int: CALLS.append("zz"); return x
def aa(x: int) -> int: CALLS.append("aa"); return x
def mid(zz: int) -> int: CALLS.append("mid"); return zz
def total(aa: int, mid: int, zz: int) -> int: CALLS.append("total"); return aa
def alone(x: int) -> int: CALLS.append("alone"); return x
"""


@pytest.fixture(autouse=True)
def no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("names", [["total"], ["alone", "total"], ["mid", "aa", "alone"], ["total", "zz"]])
def test_nodes_are_called_in_order(names: list[str]) -> None:
    """A target, and before it its parameters in their order: what draws from one generator draws the same."""
    called = []
    for library in LIBRARIES:
        module = importlib.import_module(f"{library}.ad_hoc_utils").module_from_source(
            CALLED, f"called_{library}"
        )
        importlib.import_module(f"{library}.driver").Builder().with_modules(module).build().execute(
            names, inputs={"x": 1}
        )
        called.append(module.CALLS)

    assert called[0] == called[1]


@pytest.mark.parametrize(
    "program", [*PROGRAMS, *map(make_program, range(10))], ids=lambda program: program.name
)
def test_nodes_are_told_of_in_order(program: Program) -> None:
    """By their functions' names, as somebody may count on who makes columns of all of them; checks apart."""
    told = []
    for library in LIBRARIES:
        nodes = [
            n for n in open_driver(library, program).list_available_variables() if not n.is_external_input
        ]
        checked = {n.name for n in nodes if "hamilton.data_quality.contains_dq_results" in n.tags}
        told.append([n.name for n in nodes if n.name not in checked and not n.name.endswith("_raw")])

    assert told[1] == told[0]


def test_columns_are_put_in_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those of a module by their names; those of single functions as they are given."""
    code = "import pandas as pd\ndef zeta(a: pd.Series) -> pd.Series: return a * 2\ndef alpha(a: pd.Series) -> pd.Series: return a * 3\n"
    found = []
    for library in LIBRARIES:
        cols = importlib.import_module(f"{library}.ad_hoc_utils").module_from_source(code, f"cols_{library}")
        for given in (f"cols_{library}", f"cols_{library}.zeta, cols_{library}.alpha"):
            text = (
                f"import pandas as pd, cols_{library}\nfrom {library}.plugins.h_pandas import with_columns\n"
                "def df() -> pd.DataFrame: return pd.DataFrame({'a': [1]})\n"
                f"@with_columns({given}, columns_to_pass=['a'])\ndef out(df: pd.DataFrame) -> list: return list(df)\n"
            )
            module = importlib.import_module(f"{library}.ad_hoc_utils").module_from_source(
                text, f"put_{library}"
            )
            made = importlib.import_module(f"{library}.driver").Builder().with_modules(module).build()
            found.append(made.execute(["out"])["out"])
        assert cols.__name__ == f"cols_{library}"

    assert found[:2] == found[2:] == [["a", "alpha", "zeta"], ["a", "zeta", "alpha"]]


def test_a_constant_of_settings() -> None:
    """Scripts name it in their config."""
    from hamilton import settings as theirs

    from dagbuild import settings

    assert settings.ENABLE_POWER_USER_MODE == theirs.ENABLE_POWER_USER_MODE


def test_a_driver_travels() -> None:
    """Copied and pickled, with its modules by their names."""
    module = ad_hoc_utils.module_from_source("def a(x: int) -> int: return x\n", "travelled")
    made = driver.Driver({}, module, adapter=base.DefaultAdapter())

    for other in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert other.execute(["a"], inputs={"x": 1}) == {"a": 1}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("List[str]", ("a", "b")),
        ("Set[str]", ["a"]),
        ("List[str]", [1]),
        ("Dict[str, int]", {"a": "b"}),
        ("Optional[List[str]]", ("a",)),
        ("int", None),
    ],
)
def test_inputs_are_looked_at_from_outside(library: str, kind: str, given: Any) -> None:
    """What is within is the function's affair."""
    text = f"from typing import *\ndef a(x: {kind}, limit: int = 5) -> int: return 1\ndef other(y: int) -> int: return y\n"
    module = importlib.import_module(f"{library}.ad_hoc_utils").module_from_source(text, f"looked_{library}")
    builder = importlib.import_module(f"{library}.driver").Builder().with_modules(module)

    assert builder.build().execute(["a"], inputs={"x": given}) == {"a": 1}
    assert builder.with_config({"limit": None}).build().execute(["other"], inputs={"y": 1}) == {"other": 1}


WARNED = """
from LIBRARY import ad_hoc_utils, driver
m = ad_hoc_utils.module_from_source('''
from LIBRARY.function_modifiers import *
@check_output(range=(0, 1), importance="warn")
def a(x: int) -> int: return x
@check_output(data_type=float, importance="fail")
def b(x: int) -> float: return x
@config(lambda c: c["e"] == 4, config_used=["e"])
def h() -> int: return 4
''')
made = driver.Builder().with_modules(m).build()
print(made.execute(["a"], inputs={"x": 5}))
try:
    made.execute(["b"], inputs={"x": 5})
except Exception as error:
    print(type(error).__name__)
for wrong in (lambda: made.execute([3]), lambda: made.list_available_variables(tag_filter={"x": 3})):
    try:
        wrong()
    except ValueError:
        print("a ValueError")
"""


@pytest.mark.parametrize("library", LIBRARIES)
def test_small_things(library: str, tmp_path: Path) -> None:
    """A check that warns stays one where warnings are errors; an int is no float; a missing key that is named is None."""
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", WARNED.replace("LIBRARY", library)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.stdout.split("\n") == [
        "{'a': 5}",
        "DataValidationError",
        "a ValueError",
        "a ValueError",
        "",
    ], done.stderr
