"""What a run was seen to read decides whether its record is used again."""

import os
import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from dagbuild.plan.events import BuildResult, How
from dagbuild.plan.plan import Status
from dagbuild.report.plan_text import tell_status
from dagbuild.report.style import Style
from tests.support import build, computed, forget_modules, load_project, write_files

FILES = {
    "dagbuild.toml": 'modules = ["nodes"]\n',
    "data/x.csv": "a\n1\n2\n",
    "nodes.py": """
        import os
        import sqlite3
        import time
        from pathlib import Path

        import pandas as pd
        from dagbuild import File, cache, reads

        ROOT = Path(__file__).parent

        def rows() -> int:
            return len(pd.read_csv(ROOT / "data" / "x.csv"))

        def region() -> str:
            return os.environ.get("OBSERVED_REGION", "none")

        def names() -> list[str]:
            return sorted(os.listdir(ROOT / "data"))

        def table() -> int:
            return int(pd.read_parquet(str(ROOT / "data" / "t.parquet"))["a"].sum())

        def count() -> int:
            with sqlite3.connect(f"file:{ROOT}/data/d.db?mode=ro", uri=True) as connection:
                return connection.execute("SELECT sum(a) FROM t").fetchone()[0]

        def given(path: File) -> str:
            return path.path.read_text()

        @reads("data/*.csv")
        def declared() -> int:
            return sum(len(path.read_text()) for path in (ROOT / "data").glob("*.csv"))

        @cache("never")
        def view() -> str:
            return (ROOT / "data" / "x.csv").read_text()

        def through_view(view: str) -> int:
            return len(view)

        def below(rows: int) -> int:
            return rows + 1

        def far(below: int) -> int:
            return below * 2

        def writes() -> int:
            path = ROOT / "state.txt"
            try:
                text = path.read_text()
            except FileNotFoundError:
                text = ""
            path.write_text(text + "x")
            return len(text)

        def meddled() -> str:
            text = (ROOT / "data" / "x.csv").read_text()
            os.system(f"echo 3 >> {ROOT}/data/x.csv")
            return text

        def clock() -> bool:
            return time.time() > 0
    """,
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("OBSERVED_REGION", raising=False)
    write_files(tmp_path, FILES)
    pd.DataFrame({"a": [1, 2]}).to_parquet(tmp_path / "data" / "t.parquet")
    _fill(tmp_path, 1)
    return tmp_path


def _fill(folder: Path, value: int) -> None:
    connection = sqlite3.connect(folder / "data" / "d.db")
    with connection:
        connection.execute("CREATE TABLE IF NOT EXISTS t (a)")
        connection.execute("INSERT INTO t VALUES (?)", (value,))
    connection.close()


def _undeclared(result: BuildResult) -> list[str]:
    return [notice.text for notice in result.notices if notice.kind == "undeclared"]


def test_undeclared_file_is_tracked_and_told_once(project: Path) -> None:
    """A changed file that no parameter names makes its reader stale, with a reason; changed back, nothing runs."""
    first = build(project, "below")
    again = build(project, "below")
    (project / "data" / "x.csv").write_text("a\n1\n2\n3\n")
    step = load_project(project).status(["below"]).steps["rows"]
    changed = build(project, "below")
    (project / "data" / "x.csv").write_text("a\n1\n2\n")
    back = build(project, "below")

    assert first.values["below"] == 3 and computed(first) == {"rows", "below"}
    assert len(_undeclared(first)) == 1
    assert "'rows' reads data/x.csv, which is no input" in _undeclared(first)[0]
    assert computed(again) == set()
    assert step.status is Status.STALE and [str(reason) for reason in step.reasons] == ["data/x.csv changed"]
    assert (
        changed.values["below"] == 4 and computed(changed) == {"rows", "below"} and not _undeclared(changed)
    )
    assert back.values["below"] == 3 and computed(back) == set()


def test_what_is_below_an_observed_node_follows_it(project: Path) -> None:
    """The deep key of a node far below does not know of the file; its record must not be used for another one."""
    for text, expected in (("a\n1\n", 4), ("a\n1\n2\n", 6), ("a\n1\n", 4), ("b\n7\n", 4)):
        (project / "data" / "x.csv").write_text(text)
        assert build(project, "far").values == {"far": expected}
    assert computed(build(project, "far")) == set()
    (project / "data" / "x.csv").write_text("c\n8\n")

    assert load_project(project).status(["far"]).steps["far"].status is Status.AFFECTED
    assert computed(build(project, "far")) == {"rows"}


def test_touched_file_changes_nothing(project: Path) -> None:
    build(project, "rows")
    os.utime(project / "data" / "x.csv", (1, 1))

    assert computed(build(project, "rows")) == set()


def test_variable_is_tracked_without_its_value(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(project, "region")
    monkeypatch.setenv("OBSERVED_REGION", "a-secret-region")
    step = load_project(project).status(["region"]).steps["region"]
    second = build(project, "region")
    loaded = load_project(project)
    record = loaded.log("region")[0]
    loaded.close()

    assert [str(reason) for reason in step.reasons] == ["$OBSERVED_REGION changed"]
    assert second.values == {"region": "a-secret-region"}
    assert computed(build(project, "region")) == set()
    assert (
        "a-secret-region" not in str(record.observations) and record.observations[0].name == "OBSERVED_REGION"
    )
    monkeypatch.delenv("OBSERVED_REGION")
    assert build(project, "region").values == {"region": "none"}


def test_new_name_in_a_listed_folder_is_seen(project: Path) -> None:
    build(project, "names")
    (project / "data" / "new.txt").write_text("")

    assert "new.txt" in build(project, "names").values["names"]


def test_parquet_and_sqlite_are_seen(project: Path) -> None:
    first = build(project, "table", "count")
    again = build(project, "table", "count")
    pd.DataFrame({"a": [1, 2, 3]}).to_parquet(project / "data" / "t.parquet")
    _fill(project, 5)
    second = build(project, "table", "count")

    assert first.values == {"table": 3, "count": 1} and computed(again) == set()
    assert second.values == {"table": 6, "count": 6}


def test_declared_files_are_not_told(project: Path) -> None:
    result = build(project, "given", "declared", inputs={"path": "data/x.csv"})
    loaded = load_project(project)
    observed = [record.observations for record in loaded.log()]
    loaded.close()

    assert _undeclared(result) == [] and observed == [(), ()]


def test_what_a_view_reads_belongs_to_its_consumer(project: Path) -> None:
    build(project, "through_view")
    (project / "data" / "x.csv").write_text("longer than it was\n")

    assert build(project, "through_view").values == {"through_view": 19}


def test_node_that_changes_what_it_reads_runs_until_it_settles(project: Path) -> None:
    values = [build(project, "writes").values["writes"] for _ in range(3)]

    assert values == [0, 1, 2]


def test_file_that_others_change_meanwhile_is_not_recorded(project: Path) -> None:
    first = build(project, "meddled")
    second = build(project, "meddled")

    assert any("changed while 'meddled' read it" in notice.text for notice in first.notices)
    assert first.values != second.values


def test_clock_is_told_with_place_and_remedy(project: Path) -> None:
    told = _undeclared(build(project, "clock"))

    assert len(told) == 1
    assert "'clock' reads the clock: time.time (nodes.py:" in told[0] and "config value" in told[0]
    assert _undeclared(build(project, "clock")) == []


def test_status_says_in_one_line_what_nobody_sees(tmp_path: Path) -> None:
    """Before and after the build, of the nodes that were asked for; it is no reason to run anything."""
    nodes = """
        import time
        import uuid

        def now() -> float:
            return time.time()

        def name(now: float) -> str:
            return f"{now} {uuid.uuid4()} {time.time()}"

        def plain() -> int:
            return 1
    """
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["nodes"]', "nodes.py": nodes})

    for _ in range(4):  # the last ones without importing
        told = tell_status(load_project(tmp_path).status(["name"]), Style())
        build(tmp_path, "name")
        assert [line for line in told if "not tracked" in line] == [
            "not tracked: 'now' reads the clock: time.time (nodes.py:5), and 2 more: dagbuild check"
        ]

    status = load_project(tmp_path).status(["name"])
    assert status.clean
    assert [note.text for note in status.notes["name"]] == [
        "draws from the system's chance: uuid.uuid4",
        "reads the clock: time.time",
    ]
    assert not load_project(tmp_path).status(["plain"]).notes
    (tmp_path / "nodes.py").write_text("# moved\n" + (tmp_path / "nodes.py").read_text())
    forget_modules(tmp_path)
    assert load_project(tmp_path).status(["name"]).clean


def test_policy_warn_tells_each_time(project: Path) -> None:
    (project / "dagbuild.toml").write_text('modules = ["nodes"]\n[build]\nundeclared = "warn"\n')
    first = build(project, "rows")
    (project / "data" / "x.csv").write_text("a\n")
    second = build(project, "rows")

    assert len(_undeclared(first)) == len(_undeclared(second)) == 1


@pytest.mark.parametrize(
    ("node", "what", "remedy"),
    [
        ("rows", "data/x.csv", "@reads"),
        ("region", "$OBSERVED_REGION", "config value"),
        ("table", "data/t.parquet", "File"),
    ],
)
def test_policy_error_fails_the_node_with_a_remedy(project: Path, node: str, what: str, remedy: str) -> None:
    (project / "dagbuild.toml").write_text('modules = ["nodes"]\n[build]\nundeclared = "error"\n')

    step = build(project, node).steps[node]

    assert step.how is How.FAILED and step.failure
    assert step.failure.kind == "UndeclaredRead"
    assert what in step.failure.message and remedy in step.failure.message


def test_policy_error_leaves_declared_reads_alone(project: Path) -> None:
    (project / "dagbuild.toml").write_text('modules = ["nodes"]\n[build]\nundeclared = "error"\n')

    assert not build(project, "given", "declared", inputs={"path": "data/x.csv"}).failed


PLUGINS = {
    "dagbuild.toml": 'modules = ["app"]\n',
    "app.py": """
        import importlib

        def result() -> int:
            name = "plug" + "ins"
            return importlib.import_module(name).compute()
    """,
    "plugins.py": """
        def compute():
            return 1
    """,
}


def test_code_found_only_at_run_time_is_tracked(tmp_path: Path) -> None:
    write_files(tmp_path, PLUGINS)
    first = build(tmp_path, "result")
    (tmp_path / "plugins.py").write_text("def compute():\n    # a comment\n    return 1\n")
    commented = build(tmp_path, "result")
    (tmp_path / "plugins.py").write_text("def compute():\n    return 2\n")
    second = build(tmp_path, "result")
    forget_modules(tmp_path)

    assert any("ran plugins" in text and "found only at run time" in text for text in _undeclared(first))
    assert computed(commented) == set()
    assert second.values == {"result": 2}


def test_code_that_a_node_imports_is_no_data_that_it_reads(tmp_path: Path) -> None:
    """However young its file is: a comment in it is no edit."""
    write_files(tmp_path, PLUGINS)

    result = build(tmp_path, "result")
    forget_modules(tmp_path)

    record = result.steps["result"].record
    assert record is not None
    assert [seen for seen in record.observations if seen.kind == "file"] == []
