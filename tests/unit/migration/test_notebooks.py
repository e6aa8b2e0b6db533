"""Notebooks: code of their cells goes over, all else of the file stays letter by letter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dagbuild.migration.documents import Document, rewrite_document


def notebook(*cells: str | list[str], language: str = "python", **style: Any) -> str:
    made: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "execution_count": 1.50,
            "metadata": {},
            "outputs": [{"text": "hamilton é"}],
            "source": cell,
        }
        for cell in cells
    ]
    prose = {"cell_type": "markdown", "metadata": {}, "source": ["import hamilton"]}
    whole = {"cells": [prose, *made], "metadata": {"language_info": {"name": language}}, "nbformat": 4}
    return json.dumps(whole, **style) + "\n"


def migrate(text: str) -> Document:
    return rewrite_document(Path("n.ipynb"), text.encode())


STYLES: list[dict[str, Any]] = [
    {"indent": 1, "ensure_ascii": False},
    {"indent": "\t"},
    {},
    {"separators": (",", ":")},
]


@pytest.mark.parametrize("style", STYLES)
def test_keeps_the_file(style: dict[str, Any]) -> None:
    """A name that one cell imports is the same in another one; JSON is laid out as it was."""
    cells: tuple[str | list[str], ...] = (
        ["%load_ext autoreload\n", "import hamilton.driver\n", "\n", "é = 'ü'"],
        "files = !ls\n%%time\nhamilton.driver.Builder()\n",
        [],
        "",
        "\n\n",
        ["x?\n"],
        ["await hamilton.driver.f()"],
    )
    text = notebook(*cells, **style)

    done = migrate(text)

    moved = [
        [line.replace("hamilton", "dagbuild") for line in each]
        if isinstance(each, list)
        else each.replace("hamilton", "dagbuild")
        for each in cells
    ]
    assert done.after.decode() == notebook(*moved, **style)
    assert [str(problem) for problem in done.left] == [
        "n.ipynb: cell 8, line 1: dagbuild has no 'dagbuild.driver.f'"
    ]
    assert migrate(done.after.decode()).after == done.after


@pytest.mark.parametrize("ends", ["", "\n"])
def test_a_cell_may_become_longer(ends: str) -> None:
    """What stays has a line of its own."""
    text = notebook(["from hamilton import driver, nothing\n", f"x = 1{ends}"], indent=1)

    done = migrate(text)

    source = json.loads(done.after)["cells"][1]["source"]
    assert source == ["from dagbuild import driver\n", "from hamilton import nothing\n", f"x = 1{ends}"]


def test_magics() -> None:
    """An extension that ours has is loaded from ours; another one, and other lines, are named."""
    text = notebook(
        "s = '\ud800'",
        "%load_ext hamilton.nowhere\n%load_ext hamilton.base\n!pip install sf-hamilton\n",
        "%%bash\nimport hamilton\n",
        "%%html\n<b>hamilton</b>\n",
    )

    done = migrate(text)

    assert json.loads(done.after)["cells"][2]["source"].splitlines()[:2] == [
        "%load_ext hamilton.nowhere",
        "%load_ext dagbuild.base",
    ]
    assert [str(problem) for problem in done.left] == [
        "n.ipynb: cell 3, line 1: dagbuild has no 'dagbuild.nowhere'"
    ]
    assert [str(note) for note in done.notes] == [
        "n.ipynb: cell 3, line 3: a magic that is left as it is: !pip install sf-hamilton"
    ]


def test_cells_that_are_no_python() -> None:
    """One that imports Hamilton all the same is named; a notebook in another language is left."""
    broken = "import hamilton\nprint 1\n"

    assert [str(problem) for problem in migrate(notebook(broken, "x = = 1")).left] == [
        "n.ipynb: cell 2: it cannot be parsed"
    ]
    assert not migrate(notebook(broken, language="R")).left


@pytest.mark.parametrize(
    "text",
    [
        "hamilton",
        "[]",
        '{"cells": 1, "a": "hamilton"}',
        '{"cells": [{"hamilton',
        '{"cells": [{"cell_type": "code", "hamilton": 1}]}',
        '{"cells": [{"cell_type": "code", "source": [1, "hamilton"]}]}',
        "[" * 100_000 + "hamilton",
        "dagbuild",
        "",
    ],
)
def test_what_is_no_notebook(text: str) -> None:
    """It stays, and is named where it has to do with Hamilton."""
    done = migrate(text)

    assert done.after == done.before
    assert bool(done.left) == bool("hamilton" in text)
