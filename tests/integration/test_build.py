"""Whole builds of small projects: what runs, what is reused, what is lost and found."""

import signal
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest

from dagbuild.ground.errors import InputError
from dagbuild.plan.events import Event, How, Notice, StepStarted
from dagbuild.plan.plan import Status
from tests.support import build, computed, forget_modules, load_project, write_files

FILES = {
    "dagbuild.toml": """
        modules = ["nodes"]
        [config]
        rate = 2
        region = "US"
        [inputs]
        table = "table.csv"
    """,
    "table.csv": "1\n2\n3\n",
    "lib.py": """
        def clean(text):
            return [int(line) for line in text.split()]
    """,
    "nodes.py": """
        from dagbuild import File, cache, config
        from lib import clean

        def rows(table: File) -> list[int]:
            return clean(table.path.read_text())

        @config.when(region="US")
        def holidays__us() -> int:
            return 11

        @config.when(region="UK")
        def holidays__uk() -> int:
            return 8

        @cache("never")
        def view(rows: list[int]) -> list[int]:
            return [row + 1 for row in rows]

        def total(view: list[int], rate: int) -> int:
            return sum(view) * rate

        def report(total: int, holidays: int) -> str:
            return f"{total} in {holidays}"

        def other(rows: list[int]) -> int:
            return max(rows)
    """,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder that no build has touched."""
    write_files(tmp_path, FILES)
    return tmp_path


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_first_build_computes_and_the_second_computes_nothing(project: Path) -> None:
    """Values are the functions' own, from the cache too."""
    first = build(project, "report")
    second = build(project, "report")

    assert first.values == {"report": "18 in 11"}
    assert computed(first) == {"rows", "holidays", "total", "report"}
    assert second.values == first.values
    assert computed(second) == set()
    assert second.names(How.REUSED) == ["report"]


@pytest.mark.parametrize(
    ("edits", "ran"),
    [
        ([("lib.py", "int(line)", "int(line) * 2")], {"rows", "total", "report"}),
        ([("lib.py", "def clean", "# a comment\ndef clean")], set()),
        ([("dagbuild.toml", "rate = 2", "rate = 3")], {"total", "report"}),
        ([("dagbuild.toml", '"US"', '"UK"')], {"holidays", "report"}),
        ([("table.csv", "3", "4")], {"rows", "total", "report"}),
        ([("nodes.py", "row + 1", "row + 2")], {"total", "report"}),
        ([("nodes.py", "max(rows)", "min(rows)")], set()),
        ([("nodes.py", "return sum(view) * rate", "x = sum(view)\n    return x * rate")], {"total"}),
    ],
)
def test_edit_computes_exactly_what_it_can_reach(
    project: Path, edits: list[tuple[str, str, str]], ran: set[str]
) -> None:
    """And `status` knew before, and going back computes nothing."""
    build(project, "report")
    for file, old, new in edits:
        edit(project, file, old, new)
    loaded = load_project(project)
    plan = loaded.status(["report"])
    loaded.close()

    result = build(project, "report")
    clean = build(project, "report", load={"config": {"unused": 1}})

    assert computed(result) == ran
    assert {n for n in ran if plan.steps[n].status in {Status.STALE, Status.AFFECTED, Status.MISSING}} == ran
    assert clean.values == result.values
    for file, old, new in edits:
        edit(project, file, new, old)
    assert computed(build(project, "report")) == set()


def test_touched_input_is_a_hit(project: Path) -> None:
    """Content counts, not times."""
    build(project, "report")
    (project / "table.csv").touch()

    assert computed(build(project, "report")) == set()


def test_override_hides_what_is_above_it(project: Path) -> None:
    """Only what is below is computed, and the next build without it is a hit."""
    build(project, "report")

    result = build(project, "report", overrides={"total": 5})

    assert result.values == {"report": "5 in 11"}
    assert computed(result) == {"report"}
    assert computed(build(project, "report")) == set()


def test_override_with_the_same_value_changes_nothing(project: Path) -> None:
    """A value given counts as its content."""
    build(project, "report")

    assert computed(build(project, "report", overrides={"total": 18})) == set()


def test_unknown_names_are_refused_together(project: Path) -> None:
    """Each with the nearest right one."""
    with pytest.raises(InputError) as caught:
        build(project, "repord", inputs={"tabel": 1, "rows": 2}, overrides={"totl": 1})

    text = str(caught.value)
    nearest = [f"did you mean '{name}'" for name in ("report", "table", "total")]
    for words in ("'rows' is named like a node", *nearest):
        assert words in text


def test_missing_input_and_wrong_types_are_told_before_anything_runs(project: Path) -> None:
    """With the place that needs it and how to give it."""
    edit(project, "dagbuild.toml", 'table = "table.csv"', "")

    with pytest.raises(InputError) as caught:
        build(project, "report", overrides={"holidays": "many"})

    assert "override 'holidays' is a str, but int is wanted" in str(caught.value)
    assert "node 'rows' needs 'table'" in str(caught.value)


def test_failed_node_blocks_what_is_below_and_keeps_what_is_done(project: Path) -> None:
    """With keep_going the rest is computed; the failure shows the user's own lines only."""
    edit(project, "nodes.py", "return sum(view) * rate", 'raise ValueError("no good")')

    result = build(project, "report", "other", keep_going=True)

    assert result.failed
    failure = result.steps["total"].failure
    assert failure is not None
    assert (failure.kind, failure.message) == ("ValueError", "no good")
    assert "nodes.py" in failure.frames
    assert "dagbuild/" not in failure.frames
    assert failure.inputs == {"view": "[2, 3, 4]", "rate": "2"}
    assert result.steps["report"].how is How.BLOCKED
    assert result.steps["report"].blocked_by == "total"
    assert result.steps["other"].how is How.COMPUTED
    edit(project, "nodes.py", 'raise ValueError("no good")', "return 1")
    assert computed(build(project, "report")) == {"total", "report"}


def test_missing_blob_computes_its_maker_only_where_it_is_needed(project: Path) -> None:
    """A record without its blob is a miss; nobody notices one that is not needed."""
    write_files(project, {"nodes.py": textwrap.dedent(FILES["nodes.py"]) + BIG})
    build(project, "size")
    for blob in (project / "cache" / "objects").rglob("*"):
        if blob.is_file():
            blob.unlink()

    assert computed(build(project, "size")) == set()
    edit(project, "nodes.py", "return len(big)", "return len(big) + 1")
    result = build(project, "size")

    assert computed(result) == {"big", "size"}
    assert result.values == {"size": 100_001}


def test_damaged_blob_is_named_and_made_again(project: Path) -> None:
    """A flipped bit is found on reading."""
    write_files(project, {"nodes.py": textwrap.dedent(FILES["nodes.py"]) + BIG})
    build(project, "big")
    blobs = [path for path in (project / "cache" / "objects").rglob("*") if path.is_file()]
    for blob in blobs:
        data = bytearray(blob.read_bytes())
        data[len(data) // 2] ^= 1
        blob.chmod(0o644)
        blob.write_bytes(data)
    edit(project, "nodes.py", "return len(big)", "return len(big) + 1")
    seen: list[Event] = []

    result = build(project, "size", on_event=seen.append)

    assert computed(result) == {"big", "size"}
    assert any(isinstance(event, Notice) and "'big' is made again" in event.text for event in seen)
    assert result.values == {"size": 100_001}


BIG = """
def big() -> bytes:
    return bytes(range(256)) * 390 + bytes(160)

def size(big: bytes) -> int:
    return len(big)
"""


def test_forced_node_runs_again_and_its_new_value_counts(project: Path) -> None:
    """`force` replaces what the cache has; what is below follows the new value."""
    write_files(project, {"nodes.py": RANDOM, "dagbuild.toml": 'modules = ["nodes"]\n'})
    first = build(project, "double").values
    assert build(project, "double").values == first

    forced = build(project, "double", force=["number"])

    assert forced.values != first
    assert computed(forced) == {"number", "double"}
    assert build(project, "double").values == forced.values


RANDOM = """
import secrets

def number() -> int:
    return secrets.randbits(64)

def double(number: int) -> int:
    return 2 * number
"""


def test_long_chain_builds(tmp_path: Path) -> None:
    """A chain three times as long as the stack is deep is loaded, planned and run without recursion."""
    length = 3 * sys.getrecursionlimit()
    lines = ["def n0() -> int:\n    return 0\n"]
    lines += [f"def n{i}(n{i - 1}: int) -> int:\n    return n{i - 1} + 1\n" for i in range(1, length)]
    write_files(tmp_path, {"nodes.py": "\n".join(lines), "dagbuild.toml": 'modules = ["nodes"]\n'})

    result = build(tmp_path, f"n{length - 1}")

    assert result.values == {f"n{length - 1}": length - 1}
    assert len(computed(result)) == length
    assert computed(build(tmp_path, f"n{length - 1}")) == set()


def test_changed_input_while_running_is_used_but_not_recorded(project: Path) -> None:
    """The key was made of bytes that are gone."""
    write_files(
        project,
        {
            "nodes.py": """
                from dagbuild import File

                def rows(table: File) -> str:
                    text = table.path.read_text()
                    table.path.write_text(text + "9")
                    return text
            """,
            "dagbuild.toml": 'modules = ["nodes"]\n[inputs]\ntable = "table.csv"\n',
        },
    )
    seen: list[Event] = []

    result = build(project, "rows", on_event=seen.append)

    assert result.values == {"rows": "1\n2\n3\n"}
    assert any(
        isinstance(event, Notice) and "table.csv changed while 'rows' read it" in event.text for event in seen
    )
    (project / "table.csv").write_text("1\n2\n3\n")
    assert computed(build(project, "rows")) == {"rows"}


def test_log_keeps_what_a_node_printed(project: Path) -> None:
    """stdout and stderr are part of the record."""
    edit(project, "nodes.py", "return max(rows)", 'print("looking"); return max(rows)')
    build(project, "other")
    loaded = load_project(project)

    records = loaded.log("other")

    assert [record.log for record in records] == ["looking\n"]
    assert records[0].duration > 0
    loaded.close()


CARRIER = {
    "dagbuild.toml": 'modules = ["nodes"]\n',
    "lib.py": """
        class Model:
            def __init__(self, k):
                self.k = k

            def predict(self, x):
                return x * self.k

        def scale(x):
            return x * 10
    """,
    "nodes.py": """
        import importlib

        def model() -> object:
            return getattr(importlib.import_module("lib"), "Model")(3)

        def function() -> object:
            return {"scale": getattr(importlib.import_module("lib"), "scale")}

        def predicted(model: object, function: object) -> int:
            return function["scale"](model.predict(2))
    """,
}


@pytest.mark.parametrize(
    ("old", "new", "value", "ran"),
    [
        ("x * self.k", "x * self.k + 1", 70, {"model", "predicted"}),
        ("x * 10", "x * 100", 600, {"function", "predicted"}),
        ("x * self.k", "x * self.k  # times", 60, set()),
    ],
)
def test_value_that_carries_code_changes_with_it(
    tmp_path: Path, old: str, new: str, value: int, ran: set[str]
) -> None:
    """An instance or function that a node got is another one when its class or body is edited, bytes or not."""
    write_files(tmp_path, CARRIER)
    assert build(tmp_path, "predicted").values == {"predicted": 60}
    edit(tmp_path, "lib.py", old, new)

    result = build(tmp_path, "predicted")

    assert result.values == {"predicted": value}
    assert computed(result) >= ran
    assert bool(computed(result)) == bool(ran)
    assert computed(build(tmp_path, "predicted")) == set()


DEGREES = """
    from dagbuild.codecs import Codec, codec

    class Celsius(float):
        pass

    @codec(Celsius)
    class CelsiusCodec(Codec):
        name = "celsius/1"

        def encode(self, value, writer):
            return {"degrees": float(value)}

        def decode(self, meta, reader):
            return Celsius(meta["degrees"])
"""


def test_value_that_cannot_be_read_here_is_made_again(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A value of a codec's other version is a miss that says so, for a target and below; each version finds its own then."""
    request.addfinalizer(lambda: forget_modules(tmp_path))
    nodes = """
        from degrees import Celsius

        def inside() -> Celsius:
            return Celsius(20.5)

        def outside(inside: Celsius, factor: float) -> Celsius:
            return Celsius(inside * factor)
    """
    files = {"dagbuild.toml": 'modules = ["nodes"]\n', "nodes.py": nodes, "degrees.py": DEGREES}
    write_files(tmp_path, files)
    build(tmp_path, "outside", load={"config": {"factor": 2.0}})
    write_files(tmp_path, {"degrees.py": DEGREES.replace("celsius/1", "celsius/2")})

    result = build(tmp_path, "outside", load={"config": {"factor": 3.0}})
    again = build(tmp_path, "outside", load={"config": {"factor": 2.0}})
    third = build(tmp_path, "outside", load={"config": {"factor": 2.0}})
    write_files(tmp_path, files)  # as somebody else still has it
    before = build(tmp_path, "outside", load={"config": {"factor": 2.0}})

    why = "its value cannot be read here: written by codec 'celsius/1', this dagbuild reads 'celsius/2'"
    assert result.values == {"outside": 61.5}
    assert [notice.text for notice in result.notices] == [f"'inside' is made again: {why}"]
    assert computed(again) == {"outside"}
    assert [notice.text for notice in again.notices] == [f"'outside' is made again: {why}"]
    assert computed(third) == set()
    assert third.values == {"outside": 41.0}
    assert computed(before) == set()
    assert before.values == {"outside": 41.0}


def test_ctrl_c_is_heard_where_its_exception_goes_lost(tmp_path: Path) -> None:
    """Somebody swallows it while the first node runs: the second never starts, and the first stays finished."""
    nodes = """
        def first() -> int:
            return 1

        def second(first: int) -> int:
            return first + 1
    """
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["nodes"]', "nodes.py": nodes})

    def swallow(event: Event) -> None:
        if isinstance(event, StepStarted) and event.node == "first":
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)

    result = build(tmp_path, "second", on_event=swallow)

    assert result.interrupted
    assert computed(result) == {"first"}
    assert computed(build(tmp_path, "second")) == {"second"}


SHARED = {
    "dagbuild.toml": 'modules = ["nodes"]\n',
    "nodes.py": """
        from typing import Any

        import numpy as np
        import pandas as pd

        from dagbuild import cache

        @cache("never")
        def view() -> Any:
            frame = pd.DataFrame({"n": [1, 2], "cells": [[1], [2]]})
            return {"frame": frame, "codes": frame["n"].array, "numbers": np.array([1, 2])}

        @cache("never")
        def table() -> pd.DataFrame:
            return pd.DataFrame({"n": [1, 2], "cells": [[1], [2]]})

        @cache("never")
        def codes() -> Any:
            return pd.Categorical(["a", "b"])

        @cache("never")
        def careless(view: Any, table: pd.DataFrame, codes: Any) -> int:
            for frame in (view["frame"], table):
                frame["cells"].iloc[0].append(9)
                frame["n"].array[0] = 9
            view["codes"][0] = view["numbers"][0] = 9
            codes[0] = "b"
            return 0

        def seen(careless: int, view: Any, table: pd.DataFrame, codes: Any) -> str:
            frames = [frame.to_dict("list") for frame in (view["frame"], table)]
            return repr([frames, view["codes"].to_numpy().tolist(), view["numbers"].tolist(), list(codes)])
    """,
}


def test_views_are_their_consumers_own(tmp_path: Path) -> None:
    """What one consumer does to a value that is never stored, the next one does not see: cells and arrays included."""
    write_files(tmp_path, SHARED)
    result = build(tmp_path, "seen")
    forget_modules(tmp_path)

    frame = {"n": [1, 2], "cells": [[1], [2]]}
    assert result.values["seen"] == repr([[frame, frame], [1, 2], [1, 2], ["a", "b"]])


def test_a_value_that_no_pickle_gives_back_says_what_to_do(tmp_path: Path) -> None:
    """Its consumer fails with the reason and a remedy that helps."""
    write_files(
        tmp_path,
        {
            "dagbuild.toml": 'modules = ["nodes"]\n',
            "nodes.py": """
                class Refused(Exception):
                    def __init__(self, code: int, why: str) -> None:
                        super().__init__(why)

                def answer() -> Refused:
                    return Refused(1, "no")

                def told(answer: Refused) -> str:
                    return str(answer)
            """,
        },
    )
    failure = build(tmp_path, "told").steps["told"].failure
    forget_modules(tmp_path)

    assert failure is not None
    assert failure.message.startswith("the stored value of 'answer' cannot be read back: ")
    assert "missing 1 required positional argument: 'why'" in failure.message
    assert failure.message.count("try:") == 1
    assert '@cache("never")' in failure.message


def test_a_node_that_goes_to_another_folder_goes_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one begins where the build was started, even if that other folder is gone; a path is still found."""
    write_files(
        tmp_path,
        {
            "dagbuild.toml": 'modules = ["nodes"]\n',
            "nodes.py": """
                import os
                import tempfile
                from pathlib import Path

                def page() -> Path:
                    os.chdir(tempfile.mkdtemp())
                    page = Path("page.txt")
                    page.write_text("1")
                    return page

                def lost(page: Path) -> str:
                    folder = tempfile.mkdtemp()
                    os.chdir(folder)
                    os.rmdir(folder)
                    return page.read_text()

                def where(lost: str) -> str:
                    return lost + str(Path.cwd().name)
            """,
        },
    )
    monkeypatch.chdir(tmp_path)
    result = build(tmp_path, "where")
    forget_modules(tmp_path)

    assert result.values["where"] == "1" + tmp_path.name
    assert Path.cwd() == tmp_path
