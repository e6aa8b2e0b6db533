"""What a closure tells besides its digest: leaves, packages, notes, and what was left out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from dagbuild.code.closure import Closure, SourceReader
from dagbuild.model.outline import show
from tests.unit.code.conftest import Load


def read(module: Any, name: str = "node", root: Path | None = None, ignore: tuple[Any, ...] = ()) -> Closure:
    reader = SourceReader([module], str(root) if root else None)
    return reader.closure([getattr(module, name)], ignore)


LIB = """
LIMIT = 5

class Model:
    rate = 2

def clean(x):
    return x + LIMIT
"""


def test_leaves_name_what_was_reached(load: Load, tmp_path: Path) -> None:
    """Kind, name, place from the project's folder, and what is told of constants and of what classes hold."""
    nodes = load(lib=LIB, nodes="import lib\n\ndef node(x):\n    return lib.clean(x) + lib.Model.rate\n")
    leaves = {leaf.name: leaf for leaf in read(nodes, root=tmp_path).leaves}

    assert {name: (leaf.kind, leaf.where, show(leaf.text)) for name, leaf in leaves.items()} == {
        "nodes.node": ("function", "nodes.py:3", ""),
        "lib.clean": ("helper", "lib.py:7", ""),
        "lib.Model": ("class", "lib.py:4", "rate=2"),
        "lib.LIMIT": ("constant", "lib.py:2", "5"),
    }


def test_only_the_edited_leaf_changes(load: Load) -> None:
    """What uses it keeps its own digest, so that an explanation names one thing."""
    nodes = "import lib\n\ndef node(x):\n    return lib.clean(x)\n"
    before = read(load(lib=LIB, nodes=nodes))
    after = read(load(lib=LIB.replace("LIMIT = 5", "LIMIT = 6"), nodes=nodes))
    old = {leaf.name: leaf.digest for leaf in before.leaves}

    assert before.digest != after.digest
    assert [leaf.name for leaf in after.leaves if leaf.digest != old[leaf.name]] == ["lib.LIMIT"]


def test_packages_are_those_that_the_closure_uses(load: Load) -> None:
    """By the name of the distribution; what only others in the module use does not count."""
    nodes = load(
        nodes="""
        import dateutil.parser
        import numpy as np
        import pandas as pd
        import json

        def node(x):
            return _scaled(x)

        def _scaled(x):
            return np.log(dateutil.parser.parse(json.dumps(x)))

        def _other(x):
            return pd.Series(x)
        """
    )

    assert read(nodes).packages == ("numpy", "python-dateutil")


def test_what_could_not_be_seen_is_said(load: Load) -> None:
    """One line for each name looked up at run time and each value that says nothing."""
    nodes = load(
        nodes="""
        import sqlite3
        _DB = sqlite3.connect(":memory:")

        def node(x):
            return eval("x"), _DB
        """
    )

    assert sorted((note.text, note.where, note.tracked) for note in read(nodes).notes) == [
        (
            "holds what says nothing of itself: nodes._DB (sqlite3.Connection); "
            "only the statement that makes it counts",
            "nodes.py:3",
            False,
        ),
        (
            "looks up names at run time: eval() in nodes.node; every function, class and constant of nodes counts",
            "nodes.py:5",
            True,
        ),
    ]


def test_ignored_helpers_do_not_count(load: Load) -> None:
    """Neither does what only they reach; and the same reader still knows them elsewhere."""
    text = "import lib\n\ndef node(x):\n    return lib.clean(x)\n"
    closures = []
    for limit in ("LIMIT = 5", "LIMIT = 6"):
        nodes = load(lib=LIB.replace("LIMIT = 5", limit), nodes=text)
        closures.append(read(nodes, ignore=(nodes.lib.clean,)))
    reader = SourceReader([nodes])
    ignoring = reader.closure([nodes.node], (nodes.lib.clean,))
    whole = reader.closure([nodes.node])

    assert closures[0].digest == closures[1].digest == ignoring.digest
    assert [leaf.name for leaf in ignoring.leaves] == ["nodes.node"]
    assert whole.digest != ignoring.digest


def test_environment_and_files_are_found(load: Load, tmp_path: Path) -> None:
    """Names of variables, and texts that name a file of the project."""
    (tmp_path / "data.csv").write_text("1")
    nodes = load(
        nodes="""
        import os
        PATH = "data.csv"

        def node(x):
            return os.environ["REGION"], PATH, "other.csv"
        """
    )
    closure = read(nodes, root=tmp_path)

    assert closure.environment == ("REGION",)
    assert closure.files == ("data.csv",)


def test_a_text_that_is_not_the_loaded_code_is_not_used(load: Load, tmp_path: Path) -> None:
    """A file edited after the import: the bytecode counts, and a note says so."""
    nodes = load(nodes="def node(x):\n    return x + 1\n")
    before = read(nodes)
    (tmp_path / "nodes.py").write_text("def node(x):\n    return x + 2\n")
    after = read(nodes)
    (tmp_path / "nodes.py").write_text("def node(x):\n    return x + 1\n")

    assert not before.notes
    assert [note for note in after.notes if "no source" in note.text]
    assert read(nodes).digest == before.digest


def test_things_are_told_apart_by_their_order(load: Load) -> None:
    """A closure of several things is not that of the same things the other way round."""
    nodes = load(nodes="def one():\n    return 1\n\ndef two():\n    return 2\n")
    reader = SourceReader([nodes])

    assert reader.closure([nodes.one, nodes.two]).digest != reader.closure([nodes.two, nodes.one]).digest


def test_what_was_read_before_does_not_count(load: Load) -> None:
    """A reader that has read everything else says the same as a fresh one."""
    nodes = load(
        nodes="""
        def even(n):
            return n == 0 or odd(n - 1)

        def odd(n):
            return n != 0 and even(n - 1)

        def user(n):
            return even(n)
        """
    )
    names = ("even", "odd", "user")
    fresh = {name: read(nodes, name).digest for name in names}
    for order in (names, names[::-1]):
        reader = SourceReader([nodes])

        assert {name: reader.closure([getattr(nodes, name)]).digest for name in order} == fresh


def test_values_of_the_project_count_with_their_code(load: Load) -> None:
    """An instance has another digest when a method of its class was edited; so has a name that a pickle holds."""
    found = []
    for rate in (1, 2):
        nodes = load(nodes=f"class Model:\n    def go(self):\n        return {rate}\n\nMODEL = Model()\n")
        reader = SourceReader([nodes])
        found.append((reader.value(nodes.MODEL), reader.carried(["nodes:Model", "builtins:int"])))
    assert None not in found[0]

    assert found[0][0] != found[1][0]
    assert found[0][1] != found[1][1]
    assert reader.carried(["builtins:int", "pandas:DataFrame"]) is None


KEEPER = """
import types

def _raw(x):
    return x + LIMIT

LIMIT = 1
kept = types.SimpleNamespace(call=_raw, names=globals())
"""


def test_names_of_a_module_that_an_object_keeps_are_the_module(load: Load) -> None:
    """What it defines counts; who loaded it, from which file, does not."""
    nodes = "import lib\n\ndef node(x):\n    return lib.kept.call(x)\n"
    before = read(load(lib=KEEPER, nodes=nodes))
    module = load(lib=KEEPER, nodes=nodes)
    vars(module.lib).update(__loader__=object(), __cached__="elsewhere", __spec__=None)
    loaded_otherwise = read(module)
    edited = read(load(lib=KEEPER.replace("LIMIT = 1", "LIMIT = 2"), nodes=nodes))

    assert before.digest == loaded_otherwise.digest
    assert before.digest != edited.digest


def test_our_own_decorators_do_not_count(load: Load) -> None:
    """Tags and variants reach the fingerprint as values of the node."""
    plain = "def node(x: int) -> int:\n    return x\n"
    closures = [
        read(load(nodes=head + plain))
        for head in (
            "",
            "import dagbuild\n\n@dagbuild.tag(owner='a')\n",
            "from dagbuild import tag, config\n\n@config.when(region='US')\n@tag(owner='b')\n",
        )
    ]

    assert len({closure.digest for closure in closures}) == 1
    assert all(closure.packages == () for closure in closures)


def test_the_folder_of_the_project_does_not_count(load: Load, tmp_path: Path) -> None:
    """Paths below it say only where below it they are; other paths count as they are."""
    nodes = load(
        nodes="""
        import pathlib
        HERE = pathlib.Path(__file__).parent
        DATA = f"sqlite:///{HERE}/data.db"
        """
    )
    reader = SourceReader([nodes], str(tmp_path))
    other = SourceReader([nodes], "/nowhere")

    assert reader.value(nodes.HERE) == SourceReader([], "/else/where").value(Path("/else/where"))
    assert reader.value(nodes.DATA) == SourceReader([], "/else").value("sqlite:////else/data.db")
    assert other.value("/somewhere/data.db") != other.value("/elsewhere/data.db")


def test_reading_imports_neither_pandas_nor_numpy(load: Load, tmp_path: Path) -> None:
    """They are looked at only where they are loaded."""
    import subprocess

    code = "import sys, textwrap\nfrom dagbuild.code.closure import SourceReader\n"
    code += "SourceReader([textwrap]).closure([textwrap.dedent])\nprint('pandas' in sys.modules, 'numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.split() == ["False", "False"]
