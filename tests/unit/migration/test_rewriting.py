"""Imports of Hamilton become ours; all else stays letter by letter, and what ours has not is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagbuild.migration.documents import Document, rewrite_document

MOVED = {
    "plain": ("import hamilton\n", "import dagbuild\n"),
    "renamed": (
        "import hamilton.driver as d, os\nd.Builder()\n",
        "import dagbuild.driver as d, os\nd.Builder()\n",
    ),
    "parts": (
        "from hamilton import driver, base as b  # ours\n",
        "from dagbuild import driver, base as b  # ours\n",
    ),
    "star": ("from hamilton.function_modifiers import *\n", "from dagbuild.function_modifiers import *\n"),
    "uses": (
        "import hamilton.driver\ndr = hamilton . driver.Driver({})\n",
        "import dagbuild.driver\ndr = dagbuild . driver.Driver({})\n",
    ),
    "within a function": (
        "def f():\n\tfrom hamilton import driver; return driver\n",
        "def f():\n\tfrom dagbuild import driver; return driver\n",
    ),
    "for types only": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import hamilton.driver\n"
        'def f(x: "hamilton.driver.Driver") -> "list[hamilton.driver.Driver]": ...\n',
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import dagbuild.driver\n"
        'def f(x: "dagbuild.driver.Driver") -> "list[dagbuild.driver.Driver]": ...\n',
    ),
    "text in Literal": (
        'import hamilton.driver\ndef f(x: Literal["hamilton.no"]): ...\n',
        'import dagbuild.driver\ndef f(x: Literal["hamilton.no"]): ...\n',
    ),
    "given as text": (
        "import importlib\nimportlib.import_module('hamilton.driver')\n",
        "import importlib\nimportlib.import_module('dagbuild.driver')\n",
    ),
    "what may be missing": (
        "try:\n    import hamilton\nexcept ImportError:\n    hamilton = None\nprint(hamilton)\n",
        "try:\n    import dagbuild\nexcept ImportError:\n    dagbuild = None\nprint(dagbuild)\n",
    ),
    "under the package's name": (
        "import hamilton.driver as hamilton\nhamilton.Builder()\n",
        "import dagbuild.driver as hamilton\nhamilton.Builder()\n",
    ),
    "joined lines": (
        "import os; import hamilton, \\\n  hamilton.driver; x = hamilton\\\n.driver",
        "import os; import dagbuild, \\\n  dagbuild.driver; x = dagbuild\\\n.driver",
    ),
    "several scopes": (
        "class A:\n    import hamilton\n    d = hamilton.driver\n    def m(self):\n        return hamilton.base\n",
        "class A:\n    import dagbuild\n    d = dagbuild.driver\n    def m(self):\n        return hamilton.base\n",
    ),
    "another variable": (
        "import hamilton\ndef f(hamilton):\n    return hamilton\nf(hamilton=1).hamilton = hamilton.base\n",
        "import dagbuild\ndef f(hamilton):\n    return hamilton\nf(hamilton=1).hamilton = dagbuild.base\n",
    ),
    "global": (
        "def f():\n    global hamilton\n    import hamilton\ndef g():\n    return hamilton.base\n",
        "def f():\n    global dagbuild\n    import dagbuild\ndef g():\n    return dagbuild.base\n",
    ),
    "layout": (
        "from hamilton.function_modifiers import (  # all\n    tag,  # one\n\n    value\n)",
        "from dagbuild.function_modifiers import (  # all\n    tag,  # one\n\n    value\n)",
    ),
}
"""Texts before and after, of which nothing is to be told."""

KEPT = [
    "from .hamilton import driver\n",
    "from . import hamilton\nhamilton.driver\n",
    "import hamiltonian\nfrom hamilton_tools import x\n",
    '"""Uses hamilton.driver."""\n# import hamilton\n',
    'config = {"hamilton.enable_power_user_mode": True, "hamilton.config": 1}\n',
    "hamilton = 1\nhamilton.driver\n",
    "dagbuild = 1\n",
]
"""Texts with nothing to do."""


def migrate(text: str | bytes, name: str = "m.py") -> Document:
    return rewrite_document(Path(name), text.encode() if isinstance(text, str) else text)


def told(document: Document) -> list[str]:
    return [str(problem) for problem in document.left]


@pytest.mark.parametrize("case", MOVED)
def test_moves(case: str) -> None:
    """Each form of import, and what was imported wherever it is used; a second time there is nothing to do."""
    before, after = MOVED[case]

    done = migrate(before)

    assert done.after.decode() == after
    assert (done.left, done.notes) == ([], [])
    assert migrate(done.after).after == done.after


@pytest.mark.parametrize("text", KEPT)
def test_leaves_alone(text: str) -> None:
    """Relative imports, other packages, other variables, prose, and texts that are no addresses."""
    done = migrate(text)

    assert done.after == done.before
    assert not done.left
    assert not done.notes


@pytest.mark.parametrize(
    "data",
    [
        b"import hamilton\r\nx = 1\ny = 2\r\n",
        b"\xef\xbb\xbfimport hamilton\r\n",
        b"# -*- coding: latin-1 -*-\nimport hamilton\ns = '\xe9'",
        b"import hamilton\n\x0c\ns = 1  \n\n\n",
    ],
)
def test_keeps_bytes(data: bytes) -> None:
    """Line ends, marks of encodings, form feeds, and a last line without an end."""
    assert migrate(data).after == data.replace(b"hamilton", b"dagbuild")


LACKING = {
    "import hamilton.nowhere\n": "m.py:1: dagbuild has no 'dagbuild.nowhere'",
    "from hamilton import nothing\n": "m.py:1: dagbuild has no 'dagbuild.nothing'",
    "from hamilton.driver import Nothing\n": "m.py:1: dagbuild has no 'dagbuild.driver.Nothing'",
    "import importlib\nimportlib.import_module('hamilton.nowhere')\n": "m.py:2: dagbuild has no 'dagbuild.nowhere'",
}


@pytest.mark.parametrize("text", LACKING)
def test_what_ours_has_not_stays(text: str) -> None:
    """It is named with its line, and the file is as it was; the second time, too."""
    done = migrate(text)

    assert done.after == done.before
    assert told(done) == [LACKING[text]]


def test_splits_what_ours_has_in_part() -> None:
    """What goes over and what stays have a statement each; comments stay with their names."""
    done = migrate(
        "if x:\n"
        "    # why\n"
        "    from hamilton.function_modifiers import (\n"
        "        tag,  # one\n"
        "        nothing,\n"
        "        value,\n"
        "    )\n"
        "from hamilton import driver, nothing  # both\n"
        "if x: from hamilton import nothing, base\n"
    )

    assert done.after.decode() == (
        "if x:\n"
        "    # why\n"
        "    from dagbuild.function_modifiers import (\n"
        "        tag,  # one\n"
        "        value,\n"
        "    )\n"
        "    from hamilton.function_modifiers import (\n"
        "        nothing,\n"
        "    )\n"
        "from dagbuild import driver  # both\n"
        "from hamilton import nothing  # both\n"
        "if x: from dagbuild import base; from hamilton import nothing\n"
    )
    assert migrate(done.after).after == done.after


def test_package_of_which_a_part_stays() -> None:
    """What is used by the address that stays goes on with Hamilton, all else with ours."""
    done = migrate(
        "import hamilton.driver, hamilton.nowhere.x\nhamilton.nowhere.x.f()\nhamilton.driver.Driver({})\n"
    )

    assert done.after.decode() == (
        "import dagbuild.driver, hamilton.nowhere.x\nhamilton.nowhere.x.f()\ndagbuild.driver.Driver({})\n"
    )
    assert told(done) == ["m.py:1: dagbuild has no 'dagbuild.nowhere.x'"]


@pytest.mark.parametrize(
    ("use", "said"),
    [
        ("driver.Nothing", "dagbuild has no 'dagbuild.driver.Nothing'"),
        ("driver.Builder().with_nothing()", "dagbuild's 'Builder' has no 'with_nothing'"),
        ("driver.Builder().with_config({}).with_nothing()", "dagbuild's 'Builder' has no 'with_nothing'"),
        ("driver.Builder().build().do_nothing()", "dagbuild's 'Driver' has no 'do_nothing'"),
        ("b.with_config({}, nothing=1)", "dagbuild's 'with_config' has no parameter 'nothing'"),
        ("b.copy(1, 2)", "dagbuild's 'copy' takes 0 values by position, not 2"),
        ("c.with_nothing()", "dagbuild's 'Builder' has no 'with_nothing'"),
        ("fm.source('a', nothing=1)", "dagbuild's 'source' has no parameter 'nothing'"),
    ],
)
def test_names_uses_that_ours_has_not(use: str, said: str) -> None:
    """Of modules, of classes, of their methods along a chain or by way of a variable; keywords and positions."""
    text = (
        "from hamilton import driver, function_modifiers as fm\n"
        "b = driver.Builder()\n"
        "c = driver.Builder()\n"
        "c = c.with_modules()\n"
        f"{use}\n"
    )
    done = migrate(text)

    assert done.after.decode() == text.replace("hamilton", "dagbuild")
    assert told(done) == [f"m.py:5: {said}"]
    assert told(migrate(done.after)) == told(done)


def test_says_nothing_of_what_it_cannot_know() -> None:
    """A variable that may be something else, an attribute that an object is given, arguments that are unpacked."""
    done = migrate(
        "from hamilton import driver\n"
        "b = driver.Builder()\n"
        "b = other()\n"
        "b.with_nothing()\n"
        "driver.Builder().with_config(*[{}], **{'a': 1})\n"
        "driver.Builder().build().graph.nothing()\n"
    )

    assert not done.left


def test_names_texts_that_it_does_not_change() -> None:
    """Addresses that are put together, and those that stand somewhere else."""
    done = migrate(
        "import importlib\n"
        "from unittest import mock\n"
        'importlib.import_module(f"hamilton.plugins.{name}")\n'
        'mock.patch("hamilton.driver.Driver")\n'
    )

    assert done.after == done.before
    assert [str(note) for note in done.notes] == [
        'm.py:3: an address that is put together: f"hamilton.plugins.{name}"',
        "m.py:4: a text that is an address: 'hamilton.driver.Driver'",
    ]


def test_names_of_a_star_that_ours_has_not() -> None:
    """Where Hamilton is installed it tells which names came from there."""
    theirs = pytest.importorskip("hamilton.function_modifiers")
    from dagbuild import function_modifiers as ours

    lacking = sorted({name for name in vars(theirs) if name[0] != "_"} - set(dir(ours)))
    done = migrate(f"from hamilton.function_modifiers import *\ntag, {lacking[0]}, unheard_of\n")

    assert told(done) == [f"m.py:2: dagbuild has no 'dagbuild.function_modifiers.{lacking[0]}'"]


@pytest.mark.parametrize(
    "text",
    [
        "import hamilton.base\nfrom x import hamilton\n",
        "import hamilton\ndagbuild = 1\n",
        "import hamilton\ndef dagbuild(): ...\n",
    ],
)
def test_a_name_that_is_something_else_too(text: str) -> None:
    """Nothing is changed where a name would come to mean another thing."""
    done = migrate(text)

    assert done.after == done.before
    assert "is something else here" in told(done)[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"import hamilton\nprint 1\n", "m.py:2: it cannot be parsed"),
        (b"# coding: nonsense\nimport hamilton\n", "m.py: it cannot be parsed: "),
        (b"import hamilton\ns = '\xff'\n", "m.py:2: it cannot be parsed: "),
        (b"import hamilton\r", "m.py: it would not be kept letter by letter"),
        (b"import hamilton\n" + b"(" * 5000, "m.py"),
    ],
)
def test_what_is_no_python_stays(data: bytes, said: str) -> None:
    """It is named, unless it has nothing of Hamilton's."""
    done = migrate(data)

    assert done.after == data
    assert told(done)[0].startswith(said)
    assert not migrate(data.replace(b"hamilton", b"other")).left


@pytest.mark.parametrize(
    "lines",
    [
        ["b = driver.Builder()", *["b = b.with_config({})"] * 30],
        ["b0 = driver.Builder()", *(f"b{n + 1} = b{n}.copy()" for n in range(30)), "b = b30"],
        ["x = " + " + ".join(["'a'"] * 500), "b = driver.Builder()"],
        ["b = driver.Builder()" + ".copy()" * 60],
    ],
)
def test_long_texts(lines: list[str]) -> None:
    """A variable that is given again and again, one of another of another, long sums and chains."""
    done = migrate("\n".join(["from hamilton import driver", *lines, "b.with_nothing()\n"]))

    assert done.is_changed
    assert told(done) == [f"m.py:{len(lines) + 2}: dagbuild's 'Builder' has no 'with_nothing'"]


def test_variables_that_hang_on_each_other() -> None:
    """Nothing is known of them, and nothing is said."""
    done = migrate("from hamilton import driver\na = b.x()\nb = a.y()\nb.with_nothing()\nc = c\nc.d()\n")

    assert done.is_changed
    assert not done.left
