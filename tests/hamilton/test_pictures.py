"""What a styler is asked, and what stands in a picture and its legend: as with Hamilton."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("hamilton")

CODE = """
import pandas as pd
from LIBRARY.function_modifiers import config, schema, tag, load_from, value
from LIBRARY.htypes import Collect, Parallelizable

@schema.output(("day", "str"), ("amount", "int"))
def table(rows: int) -> pd.DataFrame: return pd.DataFrame({"day": ["a"] * rows, "amount": [1] * rows})
def each(table: pd.DataFrame) -> Parallelizable[int]: yield from table["amount"]
def part(each: int, by: int = 2) -> int: return each * by
def total(part: Collect[int]) -> int: return sum(part)
@tag(team="fields", display_name="All of it")
@config.when(season="autumn")
def grand__autumn(total: int) -> int: return total
@load_from.json(path=value("x.json"))
def loaded(data: dict) -> dict: return data
"""


def draw(library: str, asked: list[Any], **options: Any) -> Any:
    module = importlib.import_module(f"{library}.ad_hoc_utils").module_from_source(
        CODE.replace("LIBRARY", library), f"drawn_{library}"
    )
    made = (
        importlib.import_module(f"{library}.driver")
        .Builder()
        .with_modules(module)
        .with_config({"season": "autumn"})
        .enable_dynamic_execution(allow_experimental_mode=True)
        .build()
    )

    def style(*, node: Any, node_class: str) -> Any:
        asked.append((node.name, node_class))
        if "team" in node.tags:
            return {"fillcolor": "#123456", "penwidth": "3"}, node_class, "of the fields"
        return {}, node_class, None

    return made.visualize_execution(
        ["grand"], None, None, {"rows": 1, "by": 3}, None, {"total": 3} if options else None,
        custom_style_function=style, **options,
    )  # fmt: skip


def read_boxes(source: str) -> dict[str, set[tuple[str, str]]]:
    """Return the attributes of boxes outside of the legend, but for labels, by name; inputs are drawn otherwise."""
    source = re.sub(r"subgraph cluster__legend \{.*?\}", "", source, flags=re.DOTALL)
    found = re.findall(
        r'^\s*"?(\w+)"? \[label=(?:<.*?>|"[^"]*"|[^ ]+) (.*?)\]', source, re.MULTILINE | re.DOTALL
    )
    return {
        name: set(re.findall(r'(\w+)=("[^"]*"|[^ ]+)', text)) - {("fontname", "Helvetica")}
        for name, text in found
        if name in ("table", "each", "part", "total", "grand")
    }


def read_legend(source: str) -> list[str]:
    found = re.search(r"subgraph cluster__legend \{(.*?)\n\t\}", source, re.DOTALL)
    assert found is not None
    names = re.findall(r'^\t\t"?([\w ]+)"? \[', found[1], re.MULTILINE)
    return [name.removeprefix("_legend_") for name in names]


@pytest.mark.parametrize(
    "options", [{}, {"deduplicate_inputs": True, "show_schema": False}], ids=["plain", "told"]
)
def test_is_hamiltons(options: dict[str, Any]) -> None:
    """Styles of each box, who is asked for styles under which word, and the legend."""
    theirs: list[Any] = []
    ours: list[Any] = []

    wanted, drawn = draw("hamilton", theirs, **options), draw("dagbuild", ours, **options)

    assert set(ours) == set(theirs)
    assert read_boxes(drawn.source) == read_boxes(wanted.source)
    assert read_legend(drawn.source) == [word for word in read_legend(wanted.source) if word != "cluster"]


def test_a_secret_in_the_config_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture is kept and sent to others."""
    monkeypatch.setenv("SEASON_TOKEN", "hunter22hunter22")
    module = importlib.import_module("dagbuild.ad_hoc_utils").module_from_source(
        "def a(x: int) -> int: return x", "secret_drawn"
    )
    driver = importlib.import_module("dagbuild.driver")
    made = driver.Builder().with_modules(module).with_config({"login": "ada:hunter22hunter22"}).build()

    source = made.display_all_functions().source

    assert "login" in source
    assert "hunter22" not in source


def test_says_config_values_fields_and_names_for_people(tmp_path: Path) -> None:
    """A value of the config is cut where it is long; a table's fields stand in it."""
    source = draw("dagbuild", []).source

    assert r'_config_season [label="season\nautumn" shape=note' in source
    assert r'grand [label="All of it\nint"' in source
    assert "subgraph cluster_table {" in source
    assert '"table.amount" [label="amount: int"' in source
    assert "cluster_table" not in draw("dagbuild", [], show_schema=False).source
