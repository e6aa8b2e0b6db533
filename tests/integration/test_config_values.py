"""Config values and inputs have the type that the parameter's annotation says, from wherever they come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dagbuild import Driver
from dagbuild.ground.errors import UserError
from dagbuild.project.project import Project
from dagbuild.settings import load_settings
from tests.support import computed, forget_modules, write_files

HEAD = """
import datetime as dt
import enum
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from dagbuild import File

class Region(enum.Enum):
    US = "us"
    UK = "uk"

@dataclass(frozen=True)
class Window:
    length: dt.timedelta
    label: str = "w"

"""

CASES = {
    # name: annotation, as TOML, as a text, what the function gets
    "cut_off": ("str", '"2013-10-01"', "2013-10-01", "'2013-10-01'"),
    "version": ("str", '"1.10"', "1.10", "'1.10'"),
    "flag": ("bool", "true", "yes", "True"),
    "rate": ("float", "3", "3.0", "3.0"),
    "count": ("int", "5", "5", "5"),
    "maybe": ("float | None", "2", "2", "2.0"),
    "nothing": ("int | None", '"none"', "none", "None"),
    "day": ("dt.date", "2013-10-01", "2013-10-01", "datetime.date(2013, 10, 1)"),
    "day_text": ("dt.date", '"2013-10-01"', "2013-10-01", "datetime.date(2013, 10, 1)"),
    "moment": ("dt.datetime", "2013-10-01", "2013-10-01", "datetime.datetime(2013, 10, 1, 0, 0)"),
    "length": ("dt.timedelta", '"90 s"', "1min 30s", "datetime.timedelta(seconds=90)"),
    "price": ("Decimal", '"1.10"', "1.10", "Decimal('1.10')"),
    "folder": ("Path", '"2013"', "2013", "PosixPath('2013')"),
    "region": ("Region", '"uk"', "UK", "<Region.UK: 'uk'>"),
    "word": ('Literal["a", "1"]', '"1"', "1", "'1'"),
    "days": ("tuple[dt.date, ...]", '["2013-10-01"]', "[2013-10-01]", "(datetime.date(2013, 10, 1),)"),
    "names": ("list[Path]", '["a"]', '["a"]', "[PosixPath('a')]"),
    "by_region": ("dict[Region, float]", "{us = 1}", "{us = 1.0}", "{<Region.US: 'us'>: 1.0}"),
    "window": (
        "Window",
        '{length = "1h", label = "1.10"}',
        '{length = "PT1H", label = "1.10"}',
        "Window(length=datetime.timedelta(seconds=3600), label='1.10')",
    ),
    "table": ("File", '"2013"', "2013", "'2013'"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    nodes = [
        f"def got_{name}({name}: {form}) -> str:\n    return repr({name})\n"
        for name, (form, *_) in CASES.items()
    ]
    nodes[-1] = "def got_table(table: File) -> str:\n    return repr(table.path.name)\n"
    write_files(tmp_path, {"dagbuild.toml": "", "2013": "x"})
    (tmp_path / "nodes.py").write_text(HEAD + "\n".join(nodes))
    write_config(tmp_path, {name: toml for name, (_, toml, *_) in CASES.items()})
    return tmp_path


def write_config(folder: Path, config: dict[str, str]) -> None:
    lines = [f"{name} = {value}" for name, value in config.items()]
    (folder / "dagbuild.toml").write_text("\n".join(['modules = ["nodes"]', "[config]", *lines]))


def open_project(folder: Path, **settings: object) -> Project:
    forget_modules(folder)
    return Project(load_settings(folder, **{"environ": {}, **settings}))  # type: ignore[arg-type]


def build_all(folder: Path, **settings: object) -> tuple[Mapping[str, Any], set[str]]:
    """Return what each function got, and which ran."""
    project = open_project(folder, **settings)
    try:
        result = project.build(values=True)
        return result.values, computed(result)
    finally:
        project.close()


def test_same_meaning_is_the_same_value_and_the_same_key(folder: Path) -> None:
    """In the file, on the command line and in the environment."""
    meant = {f"got_{name}": said for name, (*_, said) in CASES.items()}
    texts = {name: text for name, (_, _, text, _) in CASES.items()}

    values, ran = build_all(folder)
    assert values == meant
    assert ran == set(meant)

    write_config(folder, {})
    assert build_all(folder, overrides=texts) == (meant, set())
    variables = {f"DAGBUILD_SET_{name}": text for name, text in texts.items()}
    assert build_all(folder, environ=variables) == (meant, set())
    tables = {"inputs." + name: text for name, text in texts.items()}
    assert build_all(folder, overrides=tables) == (meant, set())


def test_another_meaning_is_another_key(folder: Path) -> None:
    """Each of them counts for its node alone."""
    build_all(folder)

    for name, text in {
        "region": "us",
        "length": "91 s",
        "folder": "2014",
        "version": "1.1",
        "price": "1.1",
    }.items():
        assert build_all(folder, overrides={name: text})[1] == {f"got_{name}"}


def test_python_s_own_values_mean_the_same(folder: Path) -> None:
    """`Driver` and the inputs of a call take typed values, and what TOML would say."""

    def got(day: dt.date) -> str:
        return repr(day)

    typed, written = (
        computed(Driver({"day": day}, got, cache=folder / "cache", root=folder).build(["got"]))
        for day in (dt.date(2013, 10, 1), "2013-10-01")
    )

    assert (typed, written) == ({"got"}, set())


def test_what_is_said_last_is_all_that_is_said(folder: Path) -> None:
    """A value of the command line takes the place of the environment's with its spelling."""
    environ = {"DAGBUILD_SET_version": "1.10", "DAGBUILD_SET_window__label": "2.20"}

    values, _ = build_all(folder, environ=environ, overrides={"version": "1.20", "window.label": "3.30"})

    assert values["got_version"] == "'1.20'"
    assert "label='3.30'" in values["got_window"]
    loaded = open_project(folder, environ=environ).settings.with_config({"version": "x"})
    assert loaded.texts_of("config") == {"window": {("label",): "2.20"}}


@pytest.mark.parametrize("how", ["file", "command line", "environment", "input"])
@pytest.mark.parametrize(
    ("name", "toml", "text", "said"),
    [
        ("count", '"x"', "x", "is 'x', but 'got_count' takes int"),
        (
            "day",
            '"2013-13-01"',
            "2013-13-01",
            "is '2013-13-01', but 'got_day' takes datetime.date: month must be",
        ),
        (
            "length",
            '"90"',
            "90",
            "is '90', but 'got_length' takes datetime.timedelta: say how long with a unit",
        ),
        ("region", '"fr"', "fr", "is 'fr', but 'got_region' takes nodes.Region: it may be 'us', 'uk'"),
        ("window", "{}", "{}", "but 'got_window' takes nodes.Window: missing a required argument: 'length'"),
    ],
)
def test_what_cannot_be_read_is_refused(
    folder: Path, how: Any, name: Any, toml: Any, text: Any, said: Any
) -> None:
    """By the parameter's name, its annotation and the function's place."""
    line = 1 + (folder / "nodes.py").read_text().split(f"def got_{name}(")[0].count("\n")
    settings: dict[str, object] = {}
    config = {each: value for each, (_, value, *_) in CASES.items()}
    del config[name]
    if how == "file":
        config[name] = toml
    elif how == "environment":
        settings = {"environ": {f"DAGBUILD_SET_{name}": text}}
    else:
        settings = {"overrides": {f"inputs.{name}" if how == "input" else name: text}}
    write_config(folder, config)

    with pytest.raises(UserError) as caught:
        open_project(folder, **settings).status()

    (problem,) = caught.value.problems
    assert f"'{name}'" in problem.message
    assert said in problem.message
    assert (problem.where or "").endswith(f"nodes.py:{line}")
