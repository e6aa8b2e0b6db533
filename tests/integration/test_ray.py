"""Whole builds on Ray: the same values as here, deaths told by name, machines that share nothing but a remote."""

from __future__ import annotations

import importlib
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import types
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dagbuild import Driver
from dagbuild.ground.errors import UserError
from dagbuild.plan.events import Event, How, Notice, StepStarted
from tests.support import forget_modules, load_project, write_files

pytestmark = pytest.mark.xdist_group("ray")

FILES = {
    "dagbuild.toml": """
        modules = ["sales"]
        [config]
        rate = 2
        [inputs]
        table = "table.csv"
        [executor]
        kind = "ray"
    """,
    "table.csv": "day,amount\n1,3\n2,4\n",
    "cleaning.py": """
        class Summary:
            def __init__(self, total):
                self.total = total

        def to_amounts(table):
            return table["amount"]
    """,
    "sales.py": """
        from collections.abc import Iterator

        import pandas as pd
        from cleaning import Summary, to_amounts
        from dagbuild import File, cache

        def raw(table: File) -> pd.DataFrame:
            return pd.read_csv(table)

        @cache("never")
        def amounts(raw: pd.DataFrame) -> pd.Series:
            return to_amounts(raw)

        def doubled(amounts: pd.Series, rate: int) -> pd.Series:
            return amounts * rate

        @cache("never")
        def parts(doubled: pd.Series) -> Iterator[int]:
            yield from doubled

        def summary(parts: Iterator[int]) -> Summary:
            return Summary(sum(parts))

        def report(summary: Summary, amounts: pd.Series) -> str:
            return f"{summary.total} of {len(amounts)}"
    """,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder that no build has touched."""
    write_files(tmp_path, FILES)
    return tmp_path


def build(folder: Path, *targets: str, **options: Any) -> Any:
    project = load_project(folder)
    try:
        return project.build(targets, values=True, **options)
    finally:
        project.close()


def run_script(folder: Path, code: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a program that builds, in a process of its own, where it may do with Ray what it likes."""
    (folder / "script.py").write_text(code)
    return subprocess.run(
        [sys.executable, "script.py", *words],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_gives_what_a_local_build_gives(local_ray: None, project: Path, tmp_path: Path) -> None:
    """A build here after one on Ray finds every value, and finds it equal."""
    far = build(project, "report", "summary", "doubled")

    near = build(project, "report", "summary", "doubled", executor="local")
    assert far.names(How.COMPUTED) == ["raw", "doubled", "summary", "report"]
    assert near.names(How.COMPUTED) == []
    assert near.values["report"] == far.values["report"] == "14 of 2"
    assert near.values["summary"].total == 14
    assert near.values["doubled"].tolist() == [6, 8]


def test_what_a_node_printed_is_shown_behind_its_name(
    local_ray: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line once; of one that failed, too."""
    code = """
        import sys

        def prints() -> int:
            print("one", end=" ", flush=True)
            sys.stderr.write("line\\n")
            return 1

        def fails(prints: int) -> int:
            print("as far as here", end="")
            raise ValueError
    """
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["talks_far"]\n', "talks_far.py": code})

    build(tmp_path, "fails", executor="ray", verbose=True)

    assert capsys.readouterr().out == "prints | one line\nfails | as far as here\n"


@pytest.mark.parametrize("verbose", [False, True])
def test_what_a_node_prints_is_shown_while_it_runs(
    local_ray: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verbose: bool
) -> None:
    """Line by line, with what C libraries and other programs print; however much it is, all of it is shown."""
    code = """
        import os
        import time

        ROOT = os.path.dirname(__file__)

        def prints() -> int:
            for number in range(3):
                os.system(f"echo {number} of 3")
                while not os.path.exists(f"{ROOT}/seen{number}"):
                    time.sleep(0.01)
            for _ in range(30_000):
                print("x" * 99)
            return 1
    """
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["talks_on"]\n', "talks_on.py": code})
    head = "prints | " if verbose else ""

    class Seeing(io.StringIO):
        def write(self, text: str) -> int:
            for number in range(3):
                if f"{head}{number} of 3\n" in text:
                    (tmp_path / f"seen{number}").touch()
            return super().write(text)

    monkeypatch.setattr(sys, "stdout", seeing := Seeing())
    result = build(tmp_path, "prints", executor="ray", verbose=verbose)

    assert result.values == {"prints": 1}
    lines = seeing.getvalue().splitlines()
    assert lines == [*(f"{head}{number} of 3" for number in range(3)), *[head + "x" * 99] * 30_000]


def test_what_is_given_under_the_name_of_a_secret_is_shown_nowhere(
    local_ray: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not by a machine that knows it only from the driver, nor of a process that ends at once."""
    code = """
        import os

        def works(db_password: str) -> int:
            print("with", db_password)
            return 1

        def fails(db_password: str) -> int:
            print("with", db_password)
            raise ValueError(db_password)

        def ends(db_password: str) -> int:
            print("with", db_password, flush=True)
            os._exit(3)
    """
    toml = 'modules = ["secret_far"]\n[config]\ndb_password = "zq-of-the-config"\n'
    write_files(tmp_path, {"dagbuild.toml": toml, "secret_far.py": code})

    result = build(tmp_path, "works", "fails", "ends", executor="ray", keep_going=True)

    assert capsys.readouterr().out == "with $db_password\n" * 3
    assert [step.how for step in result.steps.values()].count(How.FAILED) == 2
    for step in result.steps.values():  # the exception itself is the node's, for who catches it
        assert "zq-of" not in repr((step.record, step.failure and replace(step.failure, error=None)))
    for path in tmp_path.joinpath("cache").rglob("*"):
        assert not path.is_file() or b"zq-of" not in path.read_bytes()


def test_a_node_gets_the_columns_that_it_names(local_ray: None, tmp_path: Path) -> None:
    """On a worker too, of stored values and of views; a change beside them runs nothing again."""
    code = """
        from typing import Annotated

        import pandas as pd
        from dagbuild import Columns, cache

        def data() -> pd.DataFrame:
            return pd.DataFrame({"a": [1, 2], "b": [3, 4], "c": [5, 6]})

        @cache("never")
        def view(data: Annotated[pd.DataFrame, Columns("c", "a")]) -> pd.DataFrame:
            return data.assign(d=data.sum(axis=1))

        def taken(view: Annotated[pd.DataFrame, Columns("d")], data: Annotated[pd.DataFrame, Columns("a")]) -> str:
            return f"{view.to_dict('list')} {data.to_dict('list')}"

        def missing(data: Annotated[pd.DataFrame, Columns("bb")]) -> str:
            return "never"
    """
    settings = 'modules = ["columns_far"]\n[executor]\nkind = "ray"\n'
    write_files(tmp_path, {"dagbuild.toml": settings, "columns_far.py": code})

    first = build(tmp_path, "taken")
    failed = build(tmp_path, "missing")
    write_files(tmp_path, {"columns_far.py": code.replace("[3, 4]", "[3, 7]")})
    second = build(tmp_path, "taken")
    forget_modules(tmp_path)

    assert first.values == {"taken": "{'d': [6, 8]} {'a': [1, 2]}"} == second.values
    assert second.names(How.COMPUTED) == ["data"]
    failure = failed.steps["missing"].failure
    assert failure is not None
    assert failure.kind == "ColumnsError"
    assert "did you mean" in failure.message


def test_code_that_was_edited_runs_as_it_is_now(local_ray: None, project: Path) -> None:
    """A second build in one process, on workers that had imported the code of the first."""
    build(project, "report")
    text = (project / "cleaning.py").read_text()
    (project / "cleaning.py").write_text(text.replace('table["amount"]', 'table["amount"] + 1'))

    result = build(project, "report")

    assert result.values["report"] == "18 of 2"


def test_a_build_with_nothing_to_run_needs_no_cluster(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting is left until the first step is ready."""
    build(project, "report", executor="local")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.9:1")

    result = build(project, "report")

    assert result.names(How.COMPUTED) == []
    assert result.values["report"] == "14 of 2"


def test_a_killed_worker_costs_its_own_node_only(local_ray: None, tmp_path: Path) -> None:
    """The node that killed its process fails by name; others finish, and their values stay."""
    write_files(
        tmp_path,
        {
            "dagbuild.toml": """
                modules = ["deadly"]
                [executor]
                kind = "ray"
            """,
            "deadly.py": """
                import os
                import signal

                def first() -> int:
                    return 1

                def killed(first: int) -> int:
                    os.kill(os.getpid(), signal.SIGKILL)
                    return first

                def after(killed: int) -> int:
                    return killed

                def left(first: int) -> int:
                    return first + 1

                def right(left: int) -> int:
                    return left + 1
            """,
        },
    )

    result = build(tmp_path, "after", "right", keep_going=True)
    forget_modules(tmp_path)

    assert result.names(How.FAILED) == ["killed"]
    assert result.names(How.BLOCKED) == ["after"]
    failure = result.steps["killed"].failure
    assert failure.kind == "WorkerDied"
    assert "the process that ran 'killed' was ended by SIGKILL" in failure.message
    assert result.values == {"right": 3}


def test_how_a_process_ended_and_what_it_had_printed_is_told(local_ray: None, tmp_path: Path) -> None:
    """As for a process of this machine: the status, and the output of C libraries and of programs."""
    code = """
        import ctypes
        import os
        import subprocess

        def printed() -> int:
            os.write(1, b"by descriptor\\n")
            subprocess.run(["echo", "by a program"], check=True)
            print("by Python")
            return 1

        def silent(printed: int) -> int:
            return printed

        def ended(silent: int) -> int:
            os.write(2, b"the last words\\n")
            ctypes.CDLL(None)._exit(7)
    """
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["telling_far"]', "telling_far.py": code})

    near = build(tmp_path, "ended", force=["printed", "silent"], executor="local")
    far = build(tmp_path, "ended", force=["printed", "silent"], executor="ray")
    forget_modules(tmp_path)

    for result in (near, far):
        assert result.steps["printed"].record.log == "by descriptor\nby a program\nby Python\n"
        assert result.steps["silent"].record.log == ""
        failure = result.steps["ended"].failure
        assert failure.kind == "WorkerDied"
        assert (
            "the process that ran 'ended' ended itself with status 7 before it gave a value"
            in failure.message
        )
        assert failure.log == "the last words\n"


def test_steps_of_a_lost_machine_run_on_another(local_ray: None, tmp_path: Path) -> None:
    """One that takes its machine down each time has failed at last; what it was handed over with is built."""
    code = """
        import os
        import signal
        from pathlib import Path

        def _lose_machine() -> None:
            zygote = os.getppid()
            agent = int(Path(f"/proc/{zygote}/stat").read_text().rpartition(")")[2].split()[1])
            os.kill(agent, signal.SIGKILL)
            signal.pause()

        def unlucky() -> int:
            if not Path("was_lost").exists():
                Path("was_lost").touch()
                _lose_machine()
            return 1

        def deadly() -> int:
            _lose_machine()
            return 1

        def beside() -> int:
            return 2
    """
    code = code.replace("was_lost", str(tmp_path / "was_lost"))
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["lost_far"]', "lost_far.py": code})

    result = build(tmp_path, "unlucky", "deadly", "beside", executor="ray", keep_going=True)
    forget_modules(tmp_path)

    assert result.values == {"unlucky": 1, "beside": 2}
    failure = result.steps["deadly"].failure
    assert failure.kind == "WorkerDied"
    assert "Ray lost the machine or the process that was to run 'deadly', 3 times" in failure.message


@pytest.mark.parametrize("lost", [False, True], ids=["raised", "swallowed"])
def test_ctrl_c_cancels_what_runs(local_ray: None, tmp_path: Path, lost: bool) -> None:
    """An interrupted build keeps what was finished, and leaves the cluster free."""
    write_files(
        tmp_path,
        {
            "dagbuild.toml": 'modules = ["slow"]\n[executor]\nkind = "ray"\n',
            "slow.py": """
                import time

                def first() -> int:
                    return 1

                def long(first: int) -> int:
                    time.sleep(600)
                    return first
            """,
        },
    )

    def interrupt(event: Event) -> None:
        if isinstance(event, StepStarted) and event.node == "long":
            if lost:
                with suppress(KeyboardInterrupt):  # as a callback of a library's does
                    signal.raise_signal(signal.SIGINT)
            else:
                threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()

    result = build(tmp_path, "long", on_event=interrupt)
    again = build(tmp_path, "first")
    forget_modules(tmp_path)

    assert result.interrupted
    assert again.names(How.COMPUTED) == []
    assert result.elapsed < 60


def test_a_wrong_address_is_told_at_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens at the address: an error for the user, not minutes of trying."""
    ray = pytest.importorskip("ray")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")

    with pytest.raises(UserError, match=r"the Ray cluster '127\.0\.0\.1:1' cannot be used") as raised:
        build(project, "report")

    assert "RAY_AUTH_MODE=token" in str(raised.value.problems[0].hint)


def test_without_rays_client_the_user_is_told_what_to_install(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which an address of its kind takes, and others do not."""
    ray = pytest.importorskip("ray")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setitem(sys.modules, "grpc", None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("RAY_ADDRESS", f"ray://127.0.0.1:{listener.getsockname()[1]}")

        with pytest.raises(UserError, match=r"'ray://127\.0\.0\.1:\d+' cannot be used") as raised:
            build(project, "report")

    assert raised.value.problems[0].hint == 'pip install "dagbuild[ray]"'


def test_without_ray_the_user_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "dagbuild.executors.ray", raising=False)

    with pytest.raises(UserError, match=r"dagbuild\[ray\]"):
        importlib.import_module("dagbuild.executors.ray")


def test_functions_that_remember_are_found_behind_their_names(local_ray: None, tmp_path: Path) -> None:
    """A worker imports them as it does others, and the values are those of a local build."""
    code = """
        import functools

        @functools.cache
        def fib(n: int = 7) -> int:
            return n if n < 2 else fib(n - 1) + fib(n - 2)

        def twice(fib: int) -> int:
            return 2 * fib
    """
    settings = 'modules = ["remembering_far"]\n[executor]\nkind = "ray"\n'
    write_files(tmp_path, {"dagbuild.toml": settings, "remembering_far.py": code})

    far = build(tmp_path, "twice")

    near = build(tmp_path, "twice", executor="local")
    assert far.names(How.COMPUTED) == ["fib", "twice"]
    assert near.names(How.COMPUTED) == []
    assert near.values == far.values == {"twice": 26}


def test_functions_that_no_file_holds_travel_whole(local_ray: None, tmp_path: Path) -> None:
    """A module made in memory, as a notebook's is, runs on Ray with its helpers."""
    module = types.ModuleType("scratch")
    code = "SCALE = 3\n\ndef _scale(x):\n    return SCALE * x\n\n"
    code += "def seven() -> int:\n    return 7\n\ndef scaled(seven: int) -> int:\n    return _scale(seven)\n"
    exec(code, vars(module))
    sys.modules["scratch"] = module
    driver = Driver({}, module, cache=tmp_path / "cache", executor="ray", root=tmp_path)

    try:
        values = driver.execute(["scaled"])
    finally:
        driver.project.close()
        del sys.modules["scratch"]

    assert values == {"scaled": 21}


def test_a_worker_with_other_code_refuses(
    local_ray: None, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that changed after the driver had read them: the step fails with the name of what differs."""
    loaded = load_project(project)
    text = (project / "cleaning.py").read_text()
    (project / "cleaning.py").write_text(text.replace("self.total = total", "self.total = total + 1"))

    try:
        result = loaded.build(["report"], keep_going=True)
    finally:
        loaded.close()

    assert result.names(How.FAILED) == ["summary"]
    failure = result.steps["summary"].failure
    assert failure is not None
    assert failure.kind == "OtherCode"
    assert "Summary" in failure.message


def run_cluster(folder: Path, caches: Path, below: str = ".") -> list[dict[str, Any]]:
    """Build a project twice on two machines' worth of Ray with a cache folder each, and return what came of it.

    Who builds works in a folder `below` the project's.
    """
    program = Path(__file__).parents[1] / "servers" / "ray_cluster.py"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, program, folder, caches],
        env=environment,
        cwd=folder / below,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_machines_without_a_common_folder_are_told_what_to_set(tmp_path: Path) -> None:
    """Before anything is computed where nobody would find it."""
    folder, caches = tmp_path / "project", tmp_path / "caches"
    code = """
        def lone() -> int:
            return 1
    """
    settings = 'modules = ["lone_nodes"]\n[executor]\nkind = "ray"\n'
    write_files(folder, {"dagbuild.toml": settings, "lone_nodes.py": code})

    first, second = run_cluster(folder, caches)

    for result in (first, second):
        assert "does not have the build's cache folder" in result["failures"]["lone"]
        assert "set a [remote] for values to travel by" in result["failures"]["lone"]
    assert not caches.exists()


@pytest.mark.parametrize(
    "importing", ["", "threading.Thread(target=threading.Event().wait, daemon=True).start()"]
)
def test_machines_share_values_through_the_remote(tmp_path: Path, importing: str) -> None:
    """Two nodes with a cache folder each, and a driver with a third: values, code and files reach them all.

    Also where importing leaves a thread, so that each process imports the project by itself.
    """
    folder, caches = tmp_path / "project", tmp_path / "caches"
    (tmp_path / "shared").mkdir()
    write_files(
        folder,
        {
            "dagbuild.toml": f"""
                modules = ["fan"]
                [executor]
                kind = "ray"
                [remote]
                url = "file://{tmp_path}/shared"
                [inputs]
                table = "data/table.txt"
                folder = "data/folder"
            """,
            "src/sizes.py": """
                def get_size(number):
                    return 10_000 * number
            """,
            "fan.py": """
                import sys
                import threading
                from pathlib import Path

                import numpy as np

                from dagbuild import File, Files, reads, resources

                sys.path.append(str(Path(__file__).parent / "src"))

                from sizes import get_size

                IMPORTING

                @resources(custom={"machine3": 1})
                def left() -> np.ndarray:
                    return np.arange(get_size(1))

                @resources(custom={"machine4": 1})
                def right() -> np.ndarray:
                    return np.arange(get_size(2))

                @resources(custom={"machine4": 1})
                @reads("data/more.txt")
                def read(table: File, folder: Files) -> list[str]:
                    assert Path(table).parent == Path.cwd()
                    return [Path(path).read_text() for path in (table, *folder, "more.txt", "seen.txt")]

                def lengths(left: np.ndarray, right: np.ndarray, read: list[str]) -> list[int]:
                    return [len(left), len(right), *map(len, read)]
            """.replace("IMPORTING", importing),
            "data/table.txt": "t",
            "data/folder/a.txt": "aa",
            "data/folder/b.txt": "bbb",
            "data/more.txt": "more",
            "data/seen.txt": "seen!",
        },
    )
    first, second = run_cluster(folder, caches, "data")
    assert first["failures"] == {}
    assert first["values"] == second["values"] == {"lengths": "[10000, 20000, 1, 2, 3, 4, 5]"}
    assert set(first["steps"].values()) == {"computed"}
    reads = [text for text in first["notices"] if "reads" in text]
    assert [text.partition(", which")[0] for text in reads] == ["'read' reads data/seen.txt"]
    assert sorted(cache.name for cache in caches.iterdir()) == ["3", "4"]
    assert "computed" not in second["steps"].values()


ADAPTER = """
import os
import signal

import ray
from dagbuild import Driver, PandasDataFrameResult, RayGraphAdapter, UserError, resources


@resources(custom={"licence": 2})
def process() -> int:
    return os.getpid()


def mine(number, frame):
    pass


def see_signal(event):
    assert signal.getsignal(signal.SIGTERM) is mine


def build(**config):
    adapter = RayGraphAdapter(PandasDataFrameResult(), config)
    driver = Driver({}, process, cache="cache", adapter=adapter)
    process_id = driver.execute(["process"], on_event=see_signal)["process"].item()
    driver.project.close()
    return process_id


signal.signal(signal.SIGTERM, mine)
first = build(num_cpus=1, resources={"licence": 2})
second = build(number_of_cpus=1)
print(first != os.getpid(), second == first, ray.is_initialized())
os.rename("cache", "old")
try:
    build(number_of_cpus=1)
except UserError as error:
    print(error)
try:
    build(address="127.0.0.1:1")
except UserError as error:
    print(error)
"""


def test_an_adapter_says_where_nodes_run_and_with_what_that_is_opened(tmp_path: Path) -> None:
    """As Hamilton's; the cluster is opened when a node is to run, and what it does not take is said.

    A signal means to the program what it did before.
    """
    done = run_script(tmp_path, ADAPTER)

    said = done.stdout.splitlines()
    assert said[0] == "True True False", done.stderr
    assert "cannot be used" in said[1], done.stderr
    assert "number_of_cpus" in done.stdout
    assert "the Ray cluster '127.0.0.1:1' cannot be used" in done.stdout


BESIDE = """
import os
import sys
import threading
import time

import ray
from dagbuild import Driver, PandasDataFrameResult, RayGraphAdapter
from dagbuild.plan.events import StepStarted


def slow(begun: str, go: str) -> int:
    open(begun, "w").close()
    while not os.path.exists(go):
        time.sleep(0.01)
    return 2


def quick(begun: str) -> int:
    while not os.path.exists(begun):
        time.sleep(0.01)
    return 1


def build(node):
    adapter = RayGraphAdapter(PandasDataFrameResult(), {"num_cpus": 4})
    driver = Driver(inputs, node, cache=f"cache-{node.__name__}", adapter=adapter)
    together.wait()
    try:
        values[node.__name__] = driver.execute([node.__name__], on_event=see)[node.__name__].item()
    finally:
        driver.project.close()


def see(event):
    if isinstance(event, StepStarted) and event.node == opens:
        (other,) = threads.keys() - {opens}
        threads[other].start()


opens = sys.argv[1]
inputs, values = {name: os.path.abspath(name) for name in ("begun", "go")}, {}
together = threading.Barrier(2 if opens == "either" else 1)
threads = {node.__name__: threading.Thread(target=build, args=(node,)) for node in (slow, quick)}
for name in threads if opens == "either" else [opens]:
    threads[name].start()
while not values:
    time.sleep(0.01)
threads["quick"].join()
open(inputs["go"], "w").close()
threads["slow"].join()
print(sorted(values.items()), ray.is_initialized())
"""


@pytest.mark.parametrize("opens", ["either", "slow", "quick"])
def test_builds_beside_each_other_share_what_one_of_them_has_opened(tmp_path: Path, opens: str) -> None:
    """In one process: the one that ends first takes nothing from the other, and the last one lets go of it."""
    done = run_script(tmp_path, BESIDE, opens)

    assert done.stdout == "[('quick', 1), ('slow', 2)] False\n", done.stderr


ENDED = """
import os
import signal
import threading
import time

from dagbuild import Driver


def one() -> int:
    return 1


def end():
    while signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=end, daemon=True).start()
Driver({}, one, cache="cache", executor="ray").execute(["one"])
"""


def test_who_is_ended_while_ray_is_opened_is_ended(tmp_path: Path) -> None:
    """By the signal, as by any other program; meanwhile Ray takes it for an exit."""
    done = run_script(tmp_path, ENDED)

    assert done.returncode == -signal.SIGTERM, done.stderr
    assert "Traceback" not in done.stderr


def test_outputs_come_back_from_workers(local_ray: None, tmp_path: Path) -> None:
    """What a node leaves in the project is there after a build on Ray, and is put back without another."""
    code = """
        from pathlib import Path

        from dagbuild import reads, writes

        @writes("out/report.md")
        def left() -> None:
            Path("out").mkdir(exist_ok=True)
            Path("out/report.md").write_text("made far away")

        @reads("out/report.md")
        def length() -> int:
            return len(Path("out/report.md").read_text())
    """
    settings = 'modules = ["leaving"]\n[executor]\nkind = "ray"\n'
    write_files(tmp_path, {"dagbuild.toml": settings, "leaving.py": code})
    os.chdir(tmp_path)
    first = build(tmp_path, "length")
    (tmp_path / "out" / "report.md").unlink()
    write_files(tmp_path, {"leaving.py": code.replace("read_text())", "read_text()) + 1")})
    second = build(tmp_path, "length")

    assert first.values == {"length": 13}
    assert second.values == {"length": 14}
    assert second.names(How.COMPUTED) == ["length"]
    assert (tmp_path / "out" / "report.md").read_text() == "made far away"


def test_draws_the_random_numbers_that_a_build_here_draws(local_ray: None, tmp_path: Path) -> None:
    """What the caller has seeded decides there, too."""
    code = """
        import random

        def drawn() -> float:
            return random.random()
    """
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["drawing_far"]', "drawing_far.py": code})
    state = random.getstate()
    values = {}
    try:
        for executor in ("inline", "ray", "local"):
            for seed in (2, 1):
                random.seed(seed)
                built = build(tmp_path, "drawn", executor=executor, force=["drawn"])
                values[executor] = built.values["drawn"]
    finally:
        random.setstate(state)

    assert values["inline"] == values["ray"] == values["local"]


def test_a_node_finds_what_importing_left(local_ray: None, tmp_path: Path) -> None:
    """No step sees what another has set: it is put back, or the next step has another process."""
    code = """
        import decimal
        import os
        import random
        import pandas as pd

        random.seed(3)
        MODE = "quiet"

        def loud_0() -> int:
            os.environ["FAR_MODE"] = "loud"
            return 1

        def loud_1(loud_0: int) -> int:
            decimal.getcontext().prec = 5
            return 1

        def loud_2(loud_1: int) -> int:
            pd.set_option("display.precision", 2)
            return 1

        def loud_3(loud_2: int) -> int:
            global MODE
            MODE = "loud"
            random.random()
            return 1

        def quiet(loud_0: int, loud_1: int, loud_2: int, loud_3: int) -> list[object]:
            mode, precision = os.environ.get("FAR_MODE", "quiet"), pd.get_option("display.precision")
            return [mode, str(decimal.Decimal(1) / 3), precision, random.random(), MODE]
    """
    settings = 'modules = ["state_far"]\n[executor]\nkind = "ray"\n'
    write_files(tmp_path, {"dagbuild.toml": settings, "state_far.py": code})

    result = build(tmp_path, "quiet")

    forget_modules(tmp_path)
    mode, third, precision, drawn, left = result.values["quiet"]
    assert (mode, third, precision) == ("quiet", str(Decimal(1) / 3), 6)
    assert drawn == random.Random(3).random()
    assert left == "quiet"
    assert not [notice for notice in result.notices if " changes " in notice.text]


@pytest.mark.parametrize("where", ["project", "project/below", "."])
def test_a_node_works_in_the_folder_of_who_builds(
    local_ray: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Whatever folder Ray was started in: a name without one means the file that it means in a build here."""
    code = """
        from pathlib import Path

        def length() -> int:
            Path("left.txt").write_text("left")
            return len(Path("given.txt").read_text())
    """
    settings = 'modules = ["folder_far"]\n[executor]\nkind = "ray"\n'
    write_files(tmp_path / "project", {"dagbuild.toml": settings, "folder_far.py": code})
    write_files(tmp_path, {"given.txt": "1", "project/given.txt": "22", "project/below/given.txt": "333"})
    monkeypatch.chdir(tmp_path / where)

    far = build(tmp_path / "project", "length")
    near = build(tmp_path / "project", "length", executor="local")
    forget_modules(tmp_path)

    assert far.values == near.values == {"length": {"project": 2, "project/below": 3, ".": 1}[where]}
    assert near.names(How.COMPUTED) == []
    assert Path("left.txt").read_text() == "left"


def test_what_came_of_variables_is_known_again(local_ray: None, tmp_path: Path) -> None:
    """Their digests are salted: a worker mixes in the project's own salt, and a build here finds what it made."""
    code = """
        import os

        PLACE = os.environ["HOME"]

        def made() -> int:
            return len(PLACE)

        def read() -> int:
            return len(os.environ["HOME"])

        def below(made: int, read: int) -> int:
            return made - read
    """
    settings = 'modules = ["variables_far"]\n[executor]\nkind = "ray"\n'
    write_files(tmp_path, {"dagbuild.toml": settings, "variables_far.py": code})

    far = build(tmp_path, "below")
    again = build(tmp_path, "below")
    near = build(tmp_path, "below", executor="local")
    forget_modules(tmp_path)

    assert sorted(far.names(How.COMPUTED)) == ["below", "made", "read"]
    assert again.names(How.COMPUTED) == near.names(How.COMPUTED) == []


def test_elements_are_computed_on_the_cluster(local_ray: None, tmp_path: Path) -> None:
    """Each once, and found again by a build here."""
    code = """
        from dagbuild import Collect, Parallelizable

        def part(rate: int) -> Parallelizable[int]:
            yield from [1, 2, 2, 3]

        def doubled(part: int, rate: int) -> int:
            return part * rate

        def total(doubled: Collect[int]) -> int:
            return sum(doubled)
    """
    settings = 'modules = ["elements_far"]\n[config]\nrate = 2\n[executor]\nkind = "ray"\n'
    write_files(tmp_path, {"dagbuild.toml": settings, "elements_far.py": code})

    far = build(tmp_path, "total")
    write_files(tmp_path, {"elements_far.py": code.replace("2, 3]", "3, 4]")})
    near = build(tmp_path, "total", executor="local")
    forget_modules(tmp_path)

    assert far.values == {"total": 16}
    assert far.steps["doubled"].calls == (3, 3)
    assert near.values == {"total": 20}
    assert near.steps["doubled"].calls == (1, 4)


def test_asks_the_cluster_for_what_a_node_takes(tmp_path: Path, local_ray: None) -> None:
    """And says what the cluster has not, where a step would wait for ever without a word."""
    write_files(
        tmp_path,
        {
            "dagbuild.toml": 'modules = ["taking"]\n[executor]\nkind = "ray"\n',
            "taking.py": """
                import time
                from pathlib import Path

                from dagbuild import resources

                @resources(cpus=0.5, memory="50 MB")
                def granted() -> int:
                    while not Path("FLAG").exists():
                        time.sleep(0.01)
                    return 1

                @resources(gpus=3, custom={"licence": 1})
                def impossible(granted: int) -> int:
                    return 1
            """.replace("FLAG", str(tmp_path / "flag")),
        },
    )
    heard: list[Event] = []
    seen = threading.Thread(target=_await_taken, args=({"CPU": 0.5, "memory": 50e6}, tmp_path / "flag"))

    def hear(event: Event) -> None:
        heard.append(event)
        if isinstance(event, Notice) and event.kind == "executor":
            raise KeyboardInterrupt

    project = load_project(tmp_path)
    seen.start()
    granted = project.build(["granted"], values=True)
    seen.join()
    result = project.build(["impossible"], on_event=hear)
    project.close()

    assert granted.values == {"granted": 1}
    assert (tmp_path / "flag").read_text() == "seen"
    assert result.interrupted
    assert [event.text for event in heard if isinstance(event, Notice) and event.kind == "executor"] == [
        "'impossible' waits for what no machine of the Ray cluster has: GPU 3 of 0, licence 1 of 0"
    ]


def _await_taken(wanted: dict[str, float], flag: Path) -> None:
    """Make the flag once just that is taken of the cluster; or in the end, so that nobody waits for ever."""
    ray = pytest.importorskip("ray")
    deadline = time.monotonic() + 60
    said = ""
    while not said and time.monotonic() < deadline:
        there, left = ray.cluster_resources(), ray.available_resources()
        if all(abs(there[name] - left.get(name, 0) - count) < 1 / 64 for name, count in wanted.items()):
            said = "seen"
        time.sleep(0.01)
    flag.write_text(said)


def test_agents_make_room_for_those_that_take_more(tmp_path: Path, local_ray: None) -> None:
    """Steps of three kinds, of which none fits beside another, each after the others: none waits for ever."""
    code = """
        from dagbuild import Collect, Parallelizable, resources

        def number() -> Parallelizable[int]:
            yield from range(4)

        def small(number: int) -> int:
            return number

        @resources(cpus=2)
        def large(small: int) -> int:
            return small + 1

        @resources(cpus=1, memory="1 MB")
        def third(large: int) -> int:
            return large + 1

        def total(third: Collect[int]) -> int:
            return sum(third)
    """
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["kinds_far"]\n', "kinds_far.py": code})

    result = build(tmp_path, "total", executor="ray")
    forget_modules(tmp_path)

    assert result.values == {"total": 14}


def test_each_try_and_each_time_limit_is_kept(tmp_path: Path, local_ray: None) -> None:
    """Tries are steps in processes of their own; one that takes too long is ended, and those beside it are not."""
    code = """
        import os
        import time
        from pathlib import Path

        from dagbuild import retry, timeout

        PROCESSES = Path("PLACE")

        @retry(3, on=(OSError,))
        def flaky() -> int:
            with PROCESSES.open("a") as file:
                print(os.getpid(), file=file)
            count = len(PROCESSES.read_text().split())
            if count < 3:
                raise ConnectionError(f"reset {count}")
            return count

        @timeout("0.5 s")
        def endless(flaky: int) -> int:
            print("as far as here", flush=True)
            time.sleep(600)
            return 1

        @timeout(600)
        def beside(flaky: int) -> int:
            return flaky + 1
    """.replace("PLACE", str(tmp_path / "processes"))
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["limits_far"]\n', "limits_far.py": code})

    result = build(tmp_path, "endless", "beside", executor="ray", keep_going=True)
    forget_modules(tmp_path)

    failure = result.steps["endless"].failure
    assert result.values == {"beside": 4}
    assert len(set((tmp_path / "processes").read_text().split())) == 3
    assert failure.kind == "TimeoutError"
    assert failure.message.startswith("took longer than its @timeout of 500 ms (")
    assert failure.log == "as far as here\n"
