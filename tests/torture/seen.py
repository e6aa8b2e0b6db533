"""What a node may use, and what comes of it when that changes: the rows of the table in docs/guide/caching.md.

Each row has samples that are built, changed and built again; a row says of all of them the same. `--update-pages` writes
the page anew.
"""

from __future__ import annotations

import contextlib
import importlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tests.torture.case import Build, Case, Edit, Folder, install, rename, sub, write
from tests.torture.parts import INSTALLED, LIB, TINYLIB, one


class Fate(Enum):
    """What comes of a change."""

    SEEN = "seen"
    SAID = "said"
    SILENT = "not seen"


SEEN, SAID, SILENT = Fate


@dataclass(frozen=True)
class Row:
    """What nodes may use; `how` a change of it counts, or why not; `linux` where it is so on Linux only."""

    what: str
    fate: Fate
    how: str
    samples: Sequence[Case]
    linux: bool = False

    def cells(self) -> tuple[str, str, str]:
        """Return what stands in the table."""
        return self.what, self.fate.value, f"{self.how}, on Linux" if self.linux else self.how


def sample(
    use: str,
    *edits: Edit,
    top: str = "",
    more: str = "",
    env: Mapping[str, str] | None = None,
    then: Mapping[str, str] | None = None,
    config: Mapping[str, object] | None = None,
    first: Sequence[Edit] = (),
) -> Case:
    """Return a case of a node `b` that uses something, and of one change to it; `then` is the environment after it."""
    changed: dict[str, Any] = {"config": config} if config else {}
    return Case(
        use,
        one(top, use, more),
        [Build("b", edits=edits, env=then, **changed)],
        config={"x": 1},
        env=env or {},
        first=Build("b", edits=first) if first else None,
    )


HERE = "Path(__file__).parent"
DATA = "--- data/k.csv\np,q\n1,2\n"
K = f"str({HERE} / 'data' / 'k.csv')"
EDITED = sub("data/k.csv", "1,2", "1,5")
PATH = "from pathlib import Path\n"
LATER = sub("lib.py", "x + 1\n", "x + 2\n")
EU, US = {"REGION": "eu"}, {"REGION": "us"}


def reads(use: str, top: str = "", more: str = "") -> Case:
    """Return a case of a node that reads data/k.csv by itself."""
    return sample(use, EDITED, top=PATH + top, more=DATA + more)


def variable(use: str, top: str = "import os") -> Case:
    """Return a case of a node that looks at $REGION."""
    return sample(use, top=top, env=EU, then=US)


def with_row(number: int) -> Edit:
    """Write a database with one row."""

    def edit(folder: Folder) -> None:
        with contextlib.closing(sqlite3.connect(folder.path("k.db"))) as database, database:
            database.execute("drop table if exists t")
            database.execute(f"create table t as select {number} as v")

    return edit


def with_number(number: int) -> Edit:
    """Write a file of h5py's with one number."""

    def edit(folder: Folder) -> None:
        h5py = importlib.import_module("h5py")  # has no types
        with h5py.File(folder.path("k.h5"), "w") as file:
            file["v"] = number

    return edit


MODELS = """
--- models/__init__.py
from models import line, tree
--- models/line.py
def f(x):
    return x + 9
--- models/tree.py
RATE = 1

def f(x):
    return x + RATE
"""
SCALED = sub("site:tinylib/__init__.py", "FACTOR = 2", "FACTOR = 3")
RATE = sub("models/tree.py", "RATE = 1", "RATE = 2")
NAME = "''.join(['tr', 'ee'])"
TWO = """
--- nodes.py
from lib import load

def b(x: int) -> str:
    ran("b")
    return load() + "b"

def c(x: int) -> str:
    ran("c")
    return load() + "c"
--- lib.py
import functools
from pathlib import Path
"""
_ASKING = """
import socket

def _ask():
    try:
        socket.create_connection(("127.0.0.1", 9), 1)
    except OSError:
        return 1
"""


def _two(name: str, load: str) -> Case:
    """Return a case of two nodes of which the first to run reads a file, and the other finds it in memory."""
    return Case(name, TWO + load + DATA, [Build("b c", edits=[EDITED])], config={"x": 1}, target="b c")


def _named(use: str) -> Case:
    """Return a case of a node that looks at the name of its input, which is moved."""
    files = f"""
--- nodes.py
import os
from pathlib import Path
from dagbuild import File

def b(path: File) -> str:
    ran("b")
    return {use}
--- data/2024.csv
1
--- data/2025.csv
1
"""
    moved = Build("b", config={"path": "data/2025.csv"})
    return Case(use, files, [moved], config={"path": "data/2024.csv"})


ROWS = (
    Row(
        "the project's code, wherever it stands: helpers, classes, constants, defaults, decorators",
        SEEN,
        "by what it means: not by comments, docstrings, layout or place",
        [
            sample("f(x)", LATER, top="from lib import f", more=LIB),
            sample("_K + x", sub("nodes.py", "_K = 1", "_K = 2"), top="_K = 1"),
            sample("_k(x)", sub("nodes.py", "k=1", "k=2"), top="def _k(x, k=1):\n    return x + k"),
            sample(
                "_Model().go(x)",
                sub("nodes.py", "v + 1", "v + 2"),
                top="class _Model:\n    def go(self, v):\n        return v + 1",
            ),
        ],
    ),
    Row(
        "a config value that it takes",
        SEEN,
        "by value",
        [sample("x", config={"x": 2})],
    ),
    Row(
        "an installed library",
        SEEN,
        "by its version",
        [
            sample(
                "tinylib.scale(x)",
                install("tiny-lib", "2.0", "tinylib"),
                top="import tinylib",
                more=TINYLIB,
                first=[INSTALLED],
            )
        ],
    ),
    Row(
        "what importing the project does to a library",
        SEEN,
        "by the statements that do it",
        [
            sample(
                "tinylib.scale(x)",
                sub("nodes.py", "configure(3)", "configure(4)"),
                top="import tinylib\ntinylib.configure(3)",
                more=TINYLIB,
                first=[INSTALLED],
            )
        ],
    ),
    Row(
        "a file that it opens by itself: `open`, pathlib, numpy, pandas, sqlite3...",
        SEEN,
        'by content; better: a parameter annotated `File`, or `@reads("path")`',
        [
            reads(f"open({K}).read()"),
            reads(f"Path({K}).read_text()"),
            reads(f"np.loadtxt({K}, delimiter=',', skiprows=1).sum()", "import numpy as np"),
            reads(f"pd.read_csv({K})['q'].sum()", "import pandas as pd"),
            reads(f"list(csv.reader(open({K})))", "import csv"),
            sample(
                f"sqlite3.connect({HERE} / 'k.db').execute('select v from t').fetchone()[0]",
                with_row(2),
                top=PATH + "import sqlite3",
                first=[with_row(1)],
            ),
        ],
    ),
    Row(
        "a file that a library opens outside Python's sight: pyarrow, polars, duckdb, h5py",
        SEEN,
        "by content",
        [
            reads(f"pc.read_csv({K})['q'][0].as_py()", "import pyarrow.csv as pc"),
            reads(f"pl.read_csv({K})['q'][0]", "import polars as pl"),
            reads(f"duckdb.read_csv({K}).fetchall()[0][1]", "import duckdb"),
            sample(
                f"h5py.File({HERE} / 'k.h5')['v'][()].item()",
                with_number(2),
                top=PATH + "import h5py",
                first=[with_number(1)],
            ),
        ],
    ),
    Row(
        "a file that is opened in other ways: `pyarrow.input_stream`, names in SQL that only its reader knows",
        SEEN,
        "by content",
        [
            reads(f"pa.input_stream({K}).read()", "import pyarrow as pa"),
            reads(
                f'pl.sql("select q from read_csv(\'" + {K} + "\')", eager=True).item()', "import polars as pl"
            ),
            reads(f"duckdb.sql('select q from \"' + {K} + '\"').fetchall()[0][0]", "import duckdb"),
        ],
        linux=True,
    ),
    Row(
        "a file that a process reads which it starts, or code in C that it calls: subprocess, joblib, ctypes",
        SEEN,
        "by content",
        [
            reads(f"subprocess.check_output(['cat', {K}])", "import subprocess"),
            reads(f"os.system('exit $(tail -c 2 ' + {K} + ')')", "import os"),
            reads(
                f"os.read(ctypes.CDLL(None).open({K}.encode(), 0), 99)",
                "import ctypes\nimport os",
            ),
            reads(
                f"Parallel(n_jobs=2)(delayed(_read)(path) for path in [{K}] * 2)",
                "from joblib import Parallel, delayed\n\ndef _read(path):\n    return open(path).read()",
            ),
        ],
        linux=True,
    ),
    Row(
        "data that is read as Python reads code: `pkgutil.get_data`, `runpy.run_path`, `linecache`",
        SEEN,
        "by content",
        [
            reads("pkgutil.get_data('data', 'k.csv')", "import pkgutil", "--- data/__init__.py\nK = 1\n"),
            reads(f"linecache.getline({K}, 2)", "import linecache"),
            sample(
                f"runpy.run_path(str({HERE} / 'rules.txt'))['RATE']",
                sub("rules.txt", "1", "2"),
                top=PATH + "import runpy",
                more="--- rules.txt\nRATE = 1\n",
            ),
        ],
    ),
    Row(
        "the names in a folder, or those that a pattern matches",
        SEEN,
        "by the names found",
        [
            sample(
                f"sorted(os.listdir({HERE} / 'data'))",
                rename("data/k.csv", "data/l.csv"),
                top=PATH + "import os",
                more=DATA,
            ),
            sample(
                f"sorted(path.name for path in ({HERE} / 'data').glob('*.csv'))",
                write("data/l.csv", "p,q\n"),
                top=PATH,
                more=DATA,
            ),
        ],
    ),
    Row(
        "an [environment variable](#environment-variables) that the project's code looks up",
        SEEN,
        "by a digest that nobody can guess, never by its text; better: a config value",
        [
            variable("os.environ['REGION']"),
            variable("os.environ.get('REG' + 'ION')"),
            variable("os.getenv('REGION', 'eu')"),
            variable("'REGION' in os.environ and os.environ['REGION']"),
            variable("_E['REGION']", "import os\n_E = os.environ"),
        ],
    ),
    Row(
        "the environment under another name (`_get = os.getenv`), or item by item",
        SEEN,
        "like other look-ups",
        [
            variable("_get('REGION')", "import os\n_get = os.getenv"),
            variable("[value for name, value in os.environ.items() if name == 'REGION']"),
        ],
    ),
    Row(
        "the environment as a whole: `dict(os.environ)`",
        SEEN,
        "all of them count, or those that are taken of it by name",
        [
            variable("dict(os.environ)['REGION']"),
            variable("'{REGION}'.format_map({**os.environ})"),
        ],
    ),
    Row(
        "names that it looks up at run time: `getattr(module, name)`, `globals()`, `eval`, `importlib.import_module`",
        SEEN,
        "the whole module counts, with those below it",
        [
            sample(f"getattr(models, {NAME}).f(x)", RATE, top="import models", more=MODELS),
            sample(
                f"import_module('models.' + {NAME}).f(x)",
                RATE,
                top="from importlib import import_module",
                more=MODELS,
            ),
            sample(
                f"importlib.import_module('.' + {NAME}, 'models').f(x)",
                RATE,
                top="import importlib",
                more=MODELS,
            ),
            sample("eval('_' + 'K') + x", sub("nodes.py", "_K = 1", "_K = 2"), top="_K = 1"),
            sample("globals()['_' + 'K'] + x", sub("nodes.py", "_K = 1", "_K = 2"), top="_K = 1"),
        ],
    ),
    Row(
        "what another node of the same process has read and kept: `functools.lru_cache`, a global that is filled once",
        SEEN,
        "like what it reads by itself",
        [
            _two(
                "lru_cache",
                "@functools.lru_cache\ndef load():\n    return (Path(__file__).parent / 'data' / 'k.csv').read_text()\n",
            ),
            _two(
                "a global that is filled once",
                "_TEXT = None\n\ndef load():\n    global _TEXT\n    if _TEXT is None:\n"
                "        _TEXT = (Path(__file__).parent / 'data' / 'k.csv').read_text()\n    return _TEXT\n",
            ),
        ],
    ),
    Row(
        "the clock, chance without a seed, who and where it is: `time.time`, `random`, `uuid`, `os.getlogin`",
        SAID,
        'make it an input or a config value, or give the node `@cache("never")`',
        [
            sample("time.time()", top="import time"),
            sample("datetime.now().year", top="from datetime import datetime"),
            sample("random.random()", top="import random"),
            sample("str(uuid.uuid4())", top="import uuid"),
            sample("os.getpid()", top="import os"),
        ],
    ),
    Row(
        "the network; a program that it starts, but for the files of the project that this reads",
        SAID,
        "in a step of its own, whose result is a `File` of the next",
        [
            sample("_ask()", top=_ASKING),
            sample("subprocess.check_output(['uptime', '--version'])", top="import subprocess"),
            sample("_DO['it'](['true']).returncode", top="import subprocess\n_DO = {'it': subprocess.run}"),
        ],
    ),
    Row(
        "whether a file exists, how large or old it is, when it is asked without opening it",
        SAID,
        'a parameter annotated `File`, or `@reads("path")`',
        [
            sample(f"os.path.exists({HERE} / 'flag')", write("flag", ""), top=PATH + "import os"),
            sample(f"({HERE} / 'flag').is_file()", write("flag", ""), top=PATH),
        ],
    ),
    Row(
        "the name of a file that is an input: `Path(path).stem`",
        SAID,
        "a renamed file is the same input: take what its name says as a config value",
        [_named("Path(path).stem"), _named("path.path.name"), _named("os.path.basename(path)")],
    ),
    Row(
        "constants that say nothing of themselves: connections, iterators, handles",
        SAID,
        "the statement that makes it counts; make it in the nodes that use it",
        [
            sample("next(_COUNT)", top="import itertools\n_COUNT = itertools.count()"),
            sample(
                "_DB.execute('select 1').fetchone()[0]",
                top="import sqlite3\n_DB = sqlite3.connect(':memory:', check_same_thread=False)",
            ),
        ],
    ),
    Row(
        "modules by `__import__(name)`",
        SAID,
        "`importlib.import_module` is seen",
        [
            sample(
                "__import__(''.join(['mod', 'els.tree'])).tree.RATE",
                RATE,
                top="import models",
                more=MODELS,
            )
        ],
    ),
    Row(
        "a variable that a library looks up for itself",
        SILENT,
        "take it as a config value, and hand it to the library",
        [
            sample(
                "tinylib.region()",
                top="import tinylib",
                more="--- site:tinylib/__init__.py\nimport os\n\ndef region():\n    return os.environ['REGION']\n",
                env=EU,
                then=US,
                first=[INSTALLED],
            )
        ],
    ),
    Row(
        "an edit inside an installed library that keeps its version",
        SILENT,
        "install it editable (`pip install -e`): then it counts as the project's code",
        [sample("tinylib.scale(x)", SCALED, top="import tinylib", more=TINYLIB, first=[INSTALLED])],
    ),
)
