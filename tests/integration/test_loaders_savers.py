"""Loaders and savers in builds: what is loaded is never stale, and what is saved is there after each build."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from dagbuild.ground.errors import InputError
from dagbuild.plan.plan import Status
from tests.support import build, computed, load_project, write_files

EXECUTORS = ("inline", "local")

PANDAS: dict[str, Callable[[Any, Path], Any]] = {
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "parquet": lambda frame, path: frame.to_parquet(path),
    "feather": lambda frame, path: frame.to_feather(path),
    "orc": lambda frame, path: frame.to_orc(path),
    "excel": lambda frame, path: frame.to_excel(path, index=False),
    "json": lambda frame, path: frame.to_json(path),
    "pickle": lambda frame, path: frame.to_pickle(path),
    "stata": lambda frame, path: frame.to_stata(path),
    "table": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "fwf": lambda frame, path: path.write_text(frame.to_string(index=False)),
}
POLARS: dict[str, Callable[[Any, Path], Any]] = {
    "csv": lambda frame, path: frame.write_csv(path),
    "parquet": lambda frame, path: frame.write_parquet(path),
    "feather": lambda frame, path: frame.write_ipc(path),
    "avro": lambda frame, path: frame.write_avro(path),
    "json": lambda frame, path: frame.write_json(path),
    "ndjson": lambda frame, path: frame.write_ndjson(path),
}
PLACES = {"json": "filepath_or_buffer", "stata": "filepath_or_buffer", "table": "filepath_or_buffer", "fwf": "filepath_or_buffer"}  # fmt: skip
SOURCES = ("feather", "json", "ndjson")


def write_data(folder: Path, number: int) -> None:
    for form, save in PANDAS.items():
        save(pd.DataFrame({"a": [number]}), folder / f"pandas_{form}.{'xlsx' if form == 'excel' else 'x'}")
    for form, save in POLARS.items():
        save(pl.DataFrame({"a": [number]}), folder / f"polars_{form}.x")
    (folder / "plain_json.x").write_text(f'{{"a": {number}}}')
    (folder / "plain_file.x").write_text(str(number))
    with (folder / "plain_npy.x").open("wb") as file:
        np.save(file, np.array([number]))


def node_of(form: str, kind: str, take: str, place: str, path: str) -> str:
    return f"""
@load_from.{form.partition("_")[2]}({place}={path}, inject_="v")
def {form}(v: {kind}) -> int:
    return int({take})
"""


def write_project(folder: Path, *, known: bool) -> list[str]:
    """Write a node for each format; unless they are `known`, the paths come from nodes."""
    nodes = []
    for form in PANDAS:
        nodes.append((f"pandas_{form}", "pd.DataFrame", 'v["a"].iloc[0]', PLACES.get(form, "path")))
    for form in POLARS:
        place = "source" if form in SOURCES else "file"
        nodes.append((f"polars_{form}", "pl.DataFrame", 'v["a"][0]', place))
    nodes.append(("plain_json", "dict", 'v["a"]', "path"))
    nodes.append(("plain_file", "str", "v", "path"))
    nodes.append(("plain_npy", "np.ndarray", "v[0]", "path"))
    text = "import numpy as np\nimport pandas as pd\nimport polars as pl\nfrom dagbuild import load_from, source\n"
    for name, kind, take, place in nodes:
        path = f"{name}.{'xlsx' if name.endswith('excel') else 'x'}"
        if not known:
            text += f'\ndef where_{name}() -> str:\n    return "{path}"\n'
        text += node_of(name, kind, take, place, f'"{path}"' if known else f'source("where_{name}")')
    write_files(folder, {"dagbuild.toml": 'modules = ["nodes.py"]\n', "nodes.py": text})
    return [name for name, *_ in nodes]


@pytest.mark.leaves_threads
@pytest.mark.parametrize("known", [True, False], ids=["known", "computed"])
def test_a_file_that_changes_is_loaded_again_in_each_format(tmp_path: Path, known: bool) -> None:
    """Whether its path is known before, or comes from another node."""
    pytest.importorskip("openpyxl")
    names = write_project(tmp_path, known=known)
    write_data(tmp_path, 1)
    first = build(tmp_path, *names)
    assert dict.fromkeys(names, 1) == first.values
    assert computed(build(tmp_path, *names)) == set()

    write_data(tmp_path, 2)
    again = build(tmp_path, *names)

    assert dict.fromkeys(names, 2) == again.values
    assert computed(build(tmp_path, *names)) == set()


LOADED = """
    import pandas as pd
    from dagbuild import load_from

    @load_from.csv(path="d.csv")
    def total(df: pd.DataFrame) -> int:
        return int(df["a"].sum())
"""


def write_loaded(folder: Path) -> None:
    write_files(
        folder, {"dagbuild.toml": 'modules = ["nodes.py"]\n', "nodes.py": LOADED, "d.csv": "a,b\n1,2\n"}
    )


@pytest.mark.parametrize("executor", EXECUTORS)
def test_times_in_what_is_known_make_nothing_run_again(tmp_path: Path, executor: str) -> None:
    """A touched file is no change, and of one that means the same only the loading runs."""
    write_loaded(tmp_path)
    options: dict[str, Any] = {"executor": executor}
    build(tmp_path, "total", **options)

    os.utime(tmp_path / "d.csv", (1, 1))
    assert computed(build(tmp_path, "total", **options)) == set()

    (tmp_path / "d.csv").write_text("a,b\n1,2\n\n")
    assert computed(build(tmp_path, "total", **options)) == {"total.load_data.df", "total.select_data.df"}


def test_an_edit_elsewhere_loads_nothing_again(tmp_path: Path) -> None:
    write_loaded(tmp_path)
    build(tmp_path, "total")

    write_files(tmp_path, {"nodes.py": LOADED.replace(".sum()", ".max()")})
    assert computed(build(tmp_path, "total")) == {"total"}

    write_files(tmp_path, {"nodes.py": LOADED.replace('"d.csv"', '"d.csv", nrows=0')})
    result = build(tmp_path, "total")
    assert computed(result) == {"total.load_data.df", "total.select_data.df", "total"}
    assert result.values == {"total": 0}


def test_a_file_that_is_not_there_is_told_before_anything_runs(tmp_path: Path) -> None:
    write_loaded(tmp_path)
    (tmp_path / "d.csv").unlink()

    with pytest.raises(Exception, match=r"node 'total.load_data.df' reads 'd.csv': no file matches 'd.csv'"):
        load_project(tmp_path).status(["total"])


SAVED = """
    import json
    import pandas as pd
    from dagbuild import datasaver, load_from, save_to, source

    @save_to.csv(path="out/frame.csv", output_name_="known")
    def frame(k: int) -> pd.DataFrame:
        return pd.DataFrame({"a": [k]})

    def where() -> str:
        return "computed.parquet"

    @save_to.parquet(path=source("where"), output_name_="computed")
    def again(frame: pd.DataFrame) -> pd.DataFrame:
        return frame + 1

    @datasaver()
    def own(frame: pd.DataFrame) -> dict:
        with open("own.json", "w") as file:
            json.dump(frame["a"].tolist(), file)
        return {"path": "own.json"}

    @load_from.csv(path="out/frame.csv")
    def behind(df: pd.DataFrame) -> int:
        return int(df["a"].sum())
"""
FILES = {"known": "out/frame.csv", "computed": "computed.parquet", "own": "own.json"}


def write_saved(folder: Path, k: int = 1) -> None:
    write_files(folder, {"dagbuild.toml": f'modules = ["nodes.py"]\n[config]\nk = {k}\n', "nodes.py": SAVED})


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("harm", ["gone", "changed"])
def test_what_is_gone_or_changed_is_saved_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executor: str, harm: str
) -> None:
    """And the status says so before."""
    write_saved(tmp_path)
    monkeypatch.chdir(tmp_path)  # where a function of the user's writes
    options: dict[str, Any] = {"executor": executor}
    build(tmp_path, *FILES, **options)
    before = {name: (tmp_path / path).read_bytes() for name, path in FILES.items()}
    assert computed(build(tmp_path, *FILES, **options)) == set()

    for path in FILES.values():
        if harm == "gone":
            (tmp_path / path).unlink()
        else:
            (tmp_path / path).write_text("somebody else's")
    steps = load_project(tmp_path).status(FILES).steps
    reasons = {name: str(steps[name].reasons[0].text) for name in FILES}
    result = build(tmp_path, *FILES, **options)

    if harm == "gone":
        assert reasons == {
            "known": "output missing: out/frame.csv",
            "computed": "what it saved is gone: computed.parquet",
            "own": "what it saved is gone: own.json",
        }
    assert all(steps[name].status in (Status.STALE, Status.MISSING) for name in FILES)
    assert computed(result) == {"computed", "own"}  # the known one is put back
    assert {name: (tmp_path / path).read_bytes() for name, path in FILES.items()} == before
    assert computed(build(tmp_path, *FILES, **options)) == set()


def test_another_value_is_saved_and_what_is_read_behind_it_follows(tmp_path: Path) -> None:
    """Who loads what another node saves comes after it, though nothing else says so."""
    write_saved(tmp_path)
    assert build(tmp_path, "behind").values == {"behind": 1}

    write_saved(tmp_path, k=5)
    result = build(tmp_path, "behind", "computed")

    assert result.values["behind"] == 5
    assert pd.read_parquet(tmp_path / "computed.parquet")["a"].tolist() == [6]


def test_what_was_saved_last_is_what_is_told_of_it(tmp_path: Path) -> None:
    """The dict of an older run, of the same value, does not come back."""
    write_saved(tmp_path)
    first = build(tmp_path, "computed").values["computed"]
    (tmp_path / "computed.parquet").unlink()
    second = build(tmp_path, "computed").values["computed"]

    assert first["file_metadata"]["timestamp"] < second["file_metadata"]["timestamp"]
    assert build(tmp_path, "computed").values["computed"] == second


TABLES = """
    import sqlite3
    import pandas as pd
    from dagbuild import cache, datasaver, load_from, save_to, source

    @cache("never")
    def database() -> object:
        return sqlite3.connect("x.db")

    @save_to.sql(table_name="t", db_connection=source("database"), if_exists="replace", index=False)
    def frame(k: int) -> pd.DataFrame:
        return pd.DataFrame({"a": [k]})

    @datasaver()
    def own(frame: pd.DataFrame, database: object) -> dict:
        frame.to_sql("u", database, if_exists="replace", index=False)
        return {"rows": len(frame)}

    @datasaver()
    def both(frame: pd.DataFrame, database: object) -> dict:
        frame.to_sql("v", database, if_exists="replace", index=False)
        frame.to_csv("log.csv")
        return {"rows": len(frame)}

    @save_to.parquet(path="parts", partition_cols=["a"], output_name_="parts")
    def again(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(b=1)
"""


@pytest.mark.parametrize("executor", EXECUTORS)
def test_what_no_build_can_look_at_is_saved_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executor: str
) -> None:
    """And the status says why."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["nodes.py"]\n[config]\nk = 1\n', "nodes.py": TABLES})
    options: dict[str, Any] = {"executor": executor}
    names = ("save.frame", "own", "both", "parts")
    build(tmp_path, *names, **options)

    steps = load_project(tmp_path).status(names).steps
    again = build(tmp_path, *names, **options)

    assert computed(again) == {*names}
    for name in names:
        assert any("it saves each time" in reason.text for reason in steps[name].reasons)
    assert again.values["save.frame"]["sql_metadata"]["table_name"] == "t"


OWN = """
    import dataclasses
    from dagbuild import DataLoader, DataSaver, load_from, register_adapter, save_to

    @dataclasses.dataclass
    class Words(DataLoader):
        path: str
        most: int = 2

        def load_data(self, type_):
            return _split(open(self.path).read())[: self.most], {"path": self.path}

        @classmethod
        def applicable_types(cls):
            return [list]

        @classmethod
        def name(cls):
            return "words"

    def _split(text):
        return text.split()

    register_adapter(Words)

    @load_from.words(path="words.txt")
    def first(words: list[str]) -> str:
        return words[0]
"""


def test_an_edit_of_ones_own_loader_or_its_helper_loads_again(tmp_path: Path) -> None:
    def edit(text: str) -> Any:
        write_files(tmp_path, {"nodes.py": text})
        return build(tmp_path, "first")

    write_files(tmp_path, {"dagbuild.toml": 'modules = ["nodes.py"]\n', "words.txt": "one two"})
    assert edit(OWN).values == {"first": "one"}

    assert computed(edit(OWN.replace("import dataclasses", "import dataclasses  # why"))) == set()
    helper = OWN.replace("text.split()", "text.split()[::-1]")
    assert edit(helper).values == {"first": "two"}
    assert edit(helper.replace(".read())", ".read().upper())")).values == {"first": "TWO"}

    (tmp_path / "words.txt").write_text("one two three")
    assert build(tmp_path, "first").values == {"first": "THREE"}


ELEMENTS = """
    import json
    from dagbuild import Collect, Parallelizable, load_from, save_to, source

    @load_from.json(path="pages.json")
    def page(pages: list[int]) -> Parallelizable[int]:
        return pages

    def place(page: int) -> str:
        return f"page-{page}.json"

    @save_to.json(path=source("place"), output_name_="saved")
    def told(page: int) -> dict[str, int]:
        return {"page": page}

    def count(saved: Collect[dict]) -> int:
        return len(saved)
"""


@pytest.mark.parametrize("executor", EXECUTORS)
def test_each_element_is_saved_and_only_what_is_gone_again(tmp_path: Path, executor: str) -> None:
    write_files(
        tmp_path,
        {"dagbuild.toml": 'modules = ["nodes.py"]\n', "nodes.py": ELEMENTS, "pages.json": "[1, 2, 3]"},
    )
    options: dict[str, Any] = {"executor": executor}
    assert build(tmp_path, "count", **options).values == {"count": 3}
    assert computed(build(tmp_path, "count", **options)) == set()

    (tmp_path / "page-2.json").unlink()
    result = build(tmp_path, "count", **options)

    assert (tmp_path / "page-2.json").read_text() == '{"page": 2}'
    assert "saved" in computed(result)
    assert "told" not in computed(result)


OTHERS = """
    import polars as pl
    from dagbuild import load_from

    @load_from.environment(names=["A_NAME_OF_MINE"])
    def variable(env: dict) -> str:
        return env["A_NAME_OF_MINE"]

    @load_from.csv(file="d.csv")
    def lazy(v: pl.LazyFrame) -> int:
        return v.select("a").collect()["a"][0]
"""


@pytest.mark.leaves_threads
def test_variables_and_files_that_plans_read_are_loaded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What gives a plan is never stored, and counts by its file where the plan is asked."""
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["nodes.py"]\n', "nodes.py": OTHERS})
    for number in (1, 2):
        monkeypatch.setenv("A_NAME_OF_MINE", f"x{number}")
        (tmp_path / "d.csv").write_text(f"a\n{number}\n")

        assert build(tmp_path, "variable", "lazy").values == {"variable": f"x{number}", "lazy": number}
        assert computed(build(tmp_path, "variable", "lazy")) == set()


def test_a_path_that_config_says_is_given_as_config(tmp_path: Path) -> None:
    """Which files there are was decided by it when the graph was made; an input in its place would be a lie."""
    files = {"dagbuild.toml": 'modules = ["nodes.py"]\n[config]\nplace = "one.json"\n', "nodes.py": PLACED}
    write_files(tmp_path, files)
    assert build(tmp_path, "kept").values["kept"]["file_metadata"]["path"] == "one.json"

    with pytest.raises(
        InputError, match="input 'place' is a config value, and that has decided what 'kept' is"
    ):
        build(tmp_path, "kept", inputs={"place": "two.json"})
    result = build(tmp_path, "kept", load={"config": {"place": "two.json"}})

    assert computed(result) == {"kept"}
    assert (tmp_path / "two.json").exists()


PLACED = """
    from dagbuild import save_to, source

    @save_to.json(path=source("place"), output_name_="kept")
    def facts() -> dict:
        return {"a": 1}
"""


def test_nobody_is_told_that_a_loader_reads(tmp_path: Path) -> None:
    """Where a path comes from a node, the file is observed, and that is how it is meant."""
    text = FOUND.replace("PLACE", str(tmp_path / "d.json"))
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["nodes.py"]\n', "nodes.py": text, "d.json": "{}"})
    events: list[Any] = []

    build(tmp_path, "count", on_event=events.append)

    assert not [event for event in events if "is no input" in str(event)]
    (tmp_path / "d.json").write_text('{"a": 1}')
    assert build(tmp_path, "count").values == {"count": 1}


FOUND = """
    from dagbuild import load_from, source

    def place() -> str:
        return "PLACE"

    @load_from.json(path=source("place"))
    def count(known: dict) -> int:
        return len(known)
"""
