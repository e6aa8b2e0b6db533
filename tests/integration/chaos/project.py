"""A project of seven nodes whose values take every way into the cache folder, and whose right values are known.

Each node has a number of its own in its code: another number is an edit, and gives another value. Each node prints its
name when it runs, which the builders append to a file.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from pathlib import Path
from typing import Any

NODES = ("table", "words", "model", "listing", "note", "total", "report")
UPSTREAM = {
    "table": (),
    "words": ("table",),
    "model": ("table",),
    "listing": ("model",),
    "note": ("model",),
    "total": ("table", "words", "listing"),
    "report": ("total", "model", "note"),
}
SETTINGS = 'modules = ["chaos_nodes"]\n[cache]\nfsync = "none"\n'
CODE = """\
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd


class Model:
    def __init__(self, number, weights):
        self.number = number
        self.weights = weights


def table() -> pd.DataFrame:
    print("table")
    rows = np.arange(4100)
    return pd.DataFrame({{"long": rows * 1.5 + {table}, "flag": rows % 3 == 0, "kind": (rows % 7).astype("int8")}})


def words(table: pd.DataFrame) -> pd.DataFrame:
    print("words")
    return pd.DataFrame({{"word": ["w%d-{words}" % row for row in range(500)], "long": table["long"].head(500)}})


def model(table: pd.DataFrame) -> Model:
    print("model")
    return Model({model}, table["long"].to_numpy() + {model})


def listing(model: Model) -> list:
    print("listing")
    return [{{"at": model.number, "text": str(number + {listing}) * 60}} for number in range(100)]


def note(model: Model) -> {kind}:
    print("note")
    folder = Path("{made}")
    folder.mkdir(exist_ok=True)
    made = folder / "note.txt"
    made.write_text("note %d of {note}" % model.number)
    return made{text}


def total(table: pd.DataFrame, words: pd.DataFrame, listing: list) -> float:
    print("total")
    texts = "".join(words["word"]) + str(listing)
    return float(table["long"].sum()) + crc32(texts.encode()) + {total} / 64


def report(total: float, model: Model, note: {kind}) -> dict:
    print("report")
    return {{"note": note if isinstance(note, str) else note.read_text(), "total": total, "first": float(model.weights[0]), "number": {report}}}
"""


class ChaosProject:
    """The project in a folder; `numbers` is what its code says now, `paths` whether one of its values is a file."""

    def __init__(self, root: Path, *, paths: bool = True) -> None:
        self.paths = paths
        self.root = root
        self.folder = root / "project"
        self.cache = self.folder / "cache"
        self.ran_file = root / "ran.txt"
        self.numbers = dict.fromkeys(NODES, 1)
        self._last = 1
        self.folder.mkdir(parents=True)
        self.configure()
        self.write()

    def configure(self, settings: str = "") -> None:
        """Write the settings, with these behind what all have."""
        (self.folder / "dagbuild.toml").write_text(SETTINGS + settings)

    def write(self) -> None:
        """Write the code with the numbers of now."""
        (self.folder / "chaos_nodes.py").write_text(
            CODE.format(
                **self.numbers,
                made=self.root / "made",
                text="" if self.paths else ".read_text()",
                kind="Path" if self.paths else "str",
            )
        )

    def edit(self, *nodes: str) -> set[str]:
        """Give nodes numbers that none had before; returns what must run again."""
        self._last += 1
        self.numbers.update(dict.fromkeys(nodes, self._last))
        self.write()
        stale = set(nodes)
        for node in NODES:
            if stale.intersection(UPSTREAM[node]):
                stale.add(node)
        return stale

    def edit_any(self, generator: random.Random) -> set[str]:
        """Edit one or two nodes by chance; returns what must run again."""
        return self.edit(*generator.sample(NODES, generator.choice([1, 1, 2])))

    def take_ran(self) -> Counter[str]:
        """Return how often each node's function has run since this was asked last."""
        text = self.ran_file.read_text() if self.ran_file.exists() else ""
        self.ran_file.unlink(missing_ok=True)
        return Counter(text.split())


def tell(value: Any) -> str:
    """Return a text that is the same for equal values only."""
    if hasattr(value, "dtypes"):
        plain: Any = [
            list(value.columns),
            list(map(str, value.dtypes)),
            [_cells(value[name]) for name in value],
        ]
    elif hasattr(value, "weights"):
        plain = [type(value).__name__, value.number, value.weights.tolist()]
    elif isinstance(value, Path):
        plain = value.read_text()
    else:
        plain = value
    return hashlib.sha256(repr(plain).encode()).hexdigest()[:16]


def _cells(column: Any) -> Any:
    array = column.to_numpy()
    return array.tolist() if array.dtype == object else array.tobytes()
