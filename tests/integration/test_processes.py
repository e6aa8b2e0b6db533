"""Steps in processes of their own: what they leave is nobody's, and who ends one ends nothing else."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import build, computed, write_files

TOML = 'modules = ["nodes"]\n[executor]\njobs = 2\n'


THREAD = """
    import threading
    threading.Thread(target=threading.Event().wait, daemon=True).start()
"""
"""At the beginning of a module: the process that imports it cannot be copied."""


@pytest.fixture(params=["forked", pytest.param("spawned", marks=pytest.mark.leaves_threads)])
def way(request: pytest.FixtureRequest) -> str:
    """How processes come about."""
    return str(request.param)


def write(folder: Path, nodes: str, way: str = "forked", **more: str) -> None:
    files = {"dagbuild.toml": TOML, "nodes.py": nodes, **more}
    write_files(folder, files)
    if way == "spawned":
        nodes = (folder / "nodes.py").read_text()
        write_files(folder, {"nodes.py": THREAD})
        (folder / "nodes.py").open("a").write(nodes)


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start a command in a session of its own, as a terminal does."""
    return subprocess.Popen(
        [sys.executable, "-m", "dagbuild", *words],
        cwd=folder, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def command(folder: Path, *words: str) -> tuple[int, str]:
    """Run a command to its end and return its status and all that it said."""
    started = start(folder, *words)
    out, err = started.communicate(timeout=60)
    return started.returncode, out + err


def await_file(path: Path) -> str:
    """Return what is in a file as soon as there is something."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if path.exists() and (text := path.read_text()):
            return text
        time.sleep(0.01)
    raise AssertionError(f"{path} does not come")


def await_end(process: int) -> None:
    """Wait until a process is gone."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.01)
    raise AssertionError(f"process {process} goes on")


def make(folder: Path, *words: str) -> dict[str, Any]:
    """Run a build to a good end in a process that can be copied, and return the targets' values."""
    status, text = command(folder, "build", *words)
    assert status == 0, text
    targets = [word for word in words if word.isidentifier()]
    result = build(folder, *targets)
    assert computed(result) == set()
    return dict(result.values)


# -- a node starts from what importing left --------------------------------------------------------------------------

LEAVING = """
    import json
    import os
    import sys
    import time

    import numpy as np

    FOUND = []

    class Own:
        times = 0

    def leaves() -> int:
        FOUND.append(1)
        Own.times += 1
        os.environ["LEFT"] = "1"
        os.umask(0o077)
        sys.path.insert(0, "/left")
        sys.setrecursionlimit(5000)
        json.dumps = None
        np.random.seed(1)
        np.linalg.left = 1
        time.sleep({seconds})
        return 1

    def finds(leaves: int) -> list:
        mask = os.umask(0)
        os.umask(mask)
        return [
            FOUND, Own.times, "LEFT" in os.environ, mask == 0o077, "/left" in sys.path, sys.getrecursionlimit() == 5000,
            json.dumps is None, hasattr(np.linalg, "left"),
        ]
"""


@pytest.mark.parametrize("seconds", [0, 0.1])
def test_nothing_that_a_step_leaves_reaches_the_next(tmp_path: Path, way: str, seconds: float) -> None:
    """Neither of a short one, whose process runs others unless something was left, nor of a long one."""
    write(tmp_path, LEAVING.format(seconds=seconds), way)

    values = make(tmp_path, "finds")

    assert values["finds"] == [[], 0, *[False] * 6]
    assert "LEFT" not in os.environ


def test_short_steps_share_a_process_and_long_ones_do_not(tmp_path: Path) -> None:
    """A fork takes as long as many a step."""
    short = "\n".join(f"def s{n}() -> int:\n    return os.getpid()\n" for n in range(20))
    long = "\n".join(f"def l{n}() -> int:\n    time.sleep(0.06)\n    return os.getpid()\n" for n in range(4))
    (tmp_path / "nodes.py").write_text(f"import os, time\n\n{short}\n\n{long}")
    (tmp_path / "dagbuild.toml").write_text(TOML)

    values = make(tmp_path)

    assert len({values[f"s{n}"] for n in range(20)}) < 20
    assert len({values[f"l{n}"] for n in range(4)}) == 4
    assert os.getpid() not in values.values()


DRAWING = """
import random
import sys
import threading

import free
import numpy as np
import seeded
from dagbuild import Driver


def draw(module, names, number=None):
    if number is not None:
        random.seed(number)
        np.random.seed(number)
    kind = "inline" if way == "inline" else "local"
    return list(Driver({}, module, cache=f"cache/{next(numbers)}", executor=kind).execute(names).values())


numbers = iter(range(1000))
for way in ["inline", "forked", "spawned"]:
    if way == "spawned":
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    print(way, "seeded by importing", draw(seeded, ["python", "arrays"], 5))
    one = draw(free, ["python", "arrays"], 1)
    print(way, "seeded by importing", draw(seeded, ["python", "arrays"], 5))
    print(way, "seeded by the caller", one, draw(free, ["python", "arrays"], 1) == one)
    print(way, "another time", one[0] == (next_one := draw(free, ["python", "arrays"]))[0], one[1] == next_one[1])
    print(way, "mine", random.random(), np.random.rand())
"""


def test_random_numbers_are_the_same_whoever_runs_the_steps(tmp_path: Path) -> None:
    """What importing or the caller has seeded counts in each process; what nobody has is another number each time."""
    nodes = """
        import random

        import numpy as np
        {seed}

        def python() -> float:
            return random.random()

        def arrays() -> float:
            return float(np.random.rand())
    """
    seed = "random.seed(3), np.random.seed(3)"
    write_files(tmp_path, {"free.py": nodes.format(seed=""), "seeded.py": nodes.format(seed=seed)})
    (tmp_path / "script.py").write_text(DRAWING)

    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "import the project by themselves" in done.stderr
    found: dict[str, set[str]] = {}
    for line in done.stdout.splitlines():
        way, what = line.split(" ", 1)
        found.setdefault(way, set()).add(what)
    assert found["inline"] == found["forked"] == found["spawned"]
    assert "another time False False" in found["forked"]
    assert (
        f"seeded by importing [{random.Random(5).random()}, " in done.stdout
    )  # the caller did so after that


# -- side by side ----------------------------------------------------------------------------------------------------

MEETING = """
    import time
    from pathlib import Path

    HERE = Path(__file__).parent

    def _meet(name: str, other: str) -> bool:
        (HERE / name).touch()
        deadline = time.monotonic() + {seconds}
        while not (HERE / other).exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        return (HERE / other).exists()

    def one() -> bool:
        return _meet("one", "two")

    def two() -> bool:
        return _meet("two", "one")
"""


@pytest.mark.parametrize(("jobs", "seconds", "met"), [(2, 30, [True, True]), (1, 0.2, [False, True])])
def test_so_many_steps_run_at_a_time(
    tmp_path: Path, way: str, jobs: int, seconds: float, met: list[bool]
) -> None:
    """As `jobs` says: on the command line, too."""
    write(tmp_path, MEETING.format(seconds=seconds), way)

    assert sorted(make(tmp_path, "-j", str(jobs)).values()) == met


@pytest.mark.parametrize("jobs", [1, 2])
def test_libraries_of_numbers_share_the_cores(tmp_path: Path, jobs: int) -> None:
    """Those that are loaded, and those of programs that a step starts; the step itself sees nothing of it."""
    write(
        tmp_path,
        """
        import os
        import subprocess
        import sys

        import numpy as np
        from threadpoolctl import threadpool_info

        def pools() -> list:
            return [pool["num_threads"] for pool in threadpool_info()]

        def program() -> str:
            asked = "import os; print(os.environ.get('OMP_NUM_THREADS'))"
            return subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True).stdout.strip()

        def shown() -> bool:
            return "OMP_NUM_THREADS" in os.environ
        """,
    )

    values = make(tmp_path, "-j", str(jobs))

    threads = max(1, len(os.sched_getaffinity(0)) // jobs)
    assert set(values["pools"]) == {threads}
    assert values["program"] == os.environ.get("OMP_NUM_THREADS", str(threads))
    assert values["shown"] is ("OMP_NUM_THREADS" in os.environ)


# -- a step that ends its process ------------------------------------------------------------------------------------

ENDING = """
    import ctypes
    import os
    import signal
    import time

    import pandas as pd

    def exits() -> int:
        ctypes.CDLL(None)._exit(0)
        return 1

    def killed() -> int:
        kept = bytearray(200_000_000)
        os.kill(os.getpid(), signal.SIGKILL)
        return len(kept)

    def crashes(early: pd.DataFrame) -> int:
        return _helper()

    def _helper() -> int:
        return len(ctypes.string_at(0))

    def early() -> pd.DataFrame:
        return pd.DataFrame({"a": [1, 2]})

    def other(early: pd.DataFrame) -> int:
        time.sleep(0.3)
        return int(early.a.sum())

    def after(crashes: int, exits: int) -> int:
        return 1
"""


def test_a_step_that_ends_its_process_costs_itself_alone(tmp_path: Path, way: str) -> None:
    """It is named, with what is known of its end; all else is made and kept."""
    write(tmp_path, ENDING, way)

    status, text = command(tmp_path, "build", "-k")
    _, again = command(tmp_path, "build", "-k")

    assert status == 1
    assert "the process that ran 'exits' ended itself with status 0 before it gave a value" in text
    assert "the process that ran 'killed' was ended by SIGKILL; it had up to " in text
    assert "the process that ran 'crashes' was ended by SIGSEGV" in text
    assert "in _helper\n    return len(ctypes.string_at(0))" in text
    assert text.index("in crashes") < text.index("in _helper")
    assert "3 failed, 1 blocked, 2 reused" in again


def test_a_build_whose_node_ends_the_process_is_told_once(tmp_path: Path) -> None:
    """The driver was there to see it: the next command has nothing to tell."""
    write(tmp_path, ENDING)
    command(tmp_path, "build", "killed")

    _, text = command(tmp_path, "build", "early")

    assert "ended without a word" not in text


def test_peak_memory_is_in_the_record(tmp_path: Path) -> None:
    """That of the step, not of what it was forked from."""
    write(
        tmp_path,
        """
        def small() -> int:
            return 1

        def large() -> int:
            return len(bytes(100_000_000)) + sum(bytearray(b"x" * 100_000_000)[:1])
        """,
    )

    make(tmp_path)
    steps = build(tmp_path).steps

    memory = {name: step.record.memory for name, step in steps.items() if step.record}
    assert memory["small"] < 30_000_000
    assert memory["large"] > 90_000_000


# -- the build ends --------------------------------------------------------------------------------------------------

LONG = """
    import os
    import subprocess
    import time
    from pathlib import Path

    HERE = Path(__file__).parent

    def quick() -> int:
        return 1

    def slow(quick: int) -> int:
        child = subprocess.Popen(["sleep", "60"])
        (HERE / "begun").write_text(f"{os.getpid()} {os.getppid()} {child.pid}")
        time.sleep(60)
        return 1
"""


@pytest.fixture
def running(tmp_path: Path, way: str) -> Iterator[tuple[subprocess.Popen[str], Callable[[], list[int]]]]:
    """A build in the middle of `slow`, and what gives the processes of that: its own, its parent and its child."""
    write(tmp_path, LONG, way)
    started = start(tmp_path, "build", "slow")
    yield started, lambda: [int(word) for word in await_file(tmp_path / "begun").split()]
    if started.poll() is None:
        started.kill()
    started.communicate()


def test_ctrl_c_ends_what_runs_and_keeps_what_is_finished(
    tmp_path: Path, running: tuple[subprocess.Popen[str], Callable[[], list[int]]]
) -> None:
    """The step, what it has started, and what it was forked from are gone when the command is."""
    started, find = running
    processes = find()
    os.killpg(started.pid, signal.SIGINT)  # as a terminal does

    _, err = started.communicate(timeout=60)

    assert started.returncode == 130
    assert "Traceback" not in err
    for process in processes:
        await_end(process)
    assert computed(build(tmp_path, "quick")) == set()


def test_a_driver_that_is_killed_leaves_nothing_running(
    tmp_path: Path, running: tuple[subprocess.Popen[str], Callable[[], list[int]]]
) -> None:
    """Nor a lease; and the next command tells what ran."""
    started, find = running
    processes = find()
    started.kill()

    for process in processes:
        await_end(process)
    (tmp_path / "nodes.py").write_text(
        (tmp_path / "nodes.py").read_text().replace("sleep(60)", "sleep(0)").replace('"60"', '"0"')
    )
    _, text = command(tmp_path, "build", "slow")

    assert "`slow` was running when an earlier build ended without a word" in text
    assert "1 computed, 1 reused" in text


def test_a_build_goes_on_when_what_it_forks_from_is_killed(tmp_path: Path, way: str) -> None:
    """The steps that ran are named; with --keep-going others run."""
    write(
        tmp_path,
        """
        import os
        import signal
        import time

        def first() -> int:
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
            return 1

        def second() -> int:
            return 2
        """,
        way,
    )

    status, text = command(tmp_path, "build", "-k", "-j", "1", "first", "second")

    assert status == 1
    assert "the process that ran 'first' is gone" in text
    assert "second  2" in text


# -- what it prints --------------------------------------------------------------------------------------------------


def test_output_of_libraries_and_children_is_shown_and_kept(tmp_path: Path, way: str) -> None:
    """In the order in which it was written, by whoever wrote it; bytes that are no text, too."""
    write(
        tmp_path,
        r"""
        import ctypes
        import os
        import subprocess
        import sys

        def talks() -> int:
            print("one")
            print("two", file=sys.stderr)
            ctypes.CDLL(None).puts(b"three")
            ctypes.CDLL(None).fflush(None)
            subprocess.run(["echo", "four"])
            os.write(1, b"five \xff\n")
            sys.stdout.buffer.write(b"six\n")
            print("seven", end="")
            return 1
        """,
        way,
    )

    status, text = command(tmp_path, "build", "talks")
    _, log = command(tmp_path, "build", "--logs", "talks")

    words = ["one", "two", "three", "four", "five", "six", "seven"]
    assert status == 0
    assert [text.find(word) for word in words] == sorted(text.find(word) for word in words)
    assert "seven\n" in text
    assert -1 not in [log.find(word) for word in words]


def test_lines_of_steps_side_by_side_stay_whole(tmp_path: Path) -> None:
    """However they come."""
    node = """
        def {name}() -> int:
            for _ in range(200):
                sys.stdout.write("{name} ")
                sys.stdout.flush()
                sys.stdout.write("{name}\\n")
                sys.stdout.flush()
            return 1
    """
    write(tmp_path, "        import sys\n" + node.format(name="aa") + node.format(name="bb"))

    _, text = command(tmp_path, "build", "aa", "bb")

    lines = [line for line in text.splitlines() if line.startswith(("aa aa", "bb bb"))]
    assert set(lines) == {"aa aa", "bb bb"}
    assert len(lines) == 400


def test_a_step_that_asks_the_terminal_is_told_that_nobody_answers(tmp_path: Path) -> None:
    """It fails rather than waits."""
    write(tmp_path, "def asks() -> str:\n    return input('name? ')\n")

    status, text = command(tmp_path, "build", "asks")

    assert status == 1
    assert "EOFError" in text


# -- where there is nothing to fork, or no way to --------------------------------------------------------------------

COUNTING = """
import os
import sys

forks = []
os.register_at_fork(before=lambda: forks.append(1))

from dagbuild.project.project import Project

for action in sys.argv[1:]:
    project = Project.load(".")
    getattr(project, action)()
    project.close()
    print(action, len(forks))
    forks.clear()
"""


def test_a_build_with_nothing_to_run_starts_nothing(tmp_path: Path) -> None:
    """Nor does a plan, or a status."""
    write(tmp_path, "def one() -> int:\n    return 1\n")

    done = subprocess.run(
        [sys.executable, "-c", COUNTING, "status", "plan", "build", "build"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.splitlines() == ["status 0", "plan 0", "build 1", "build 0"]


POLARS = """
    import os

    import polars as pl

    def _add(numbers) -> int:
        return pl.DataFrame({"a": numbers}).lazy().select(pl.col("a").sum()).collect().item()

    FIRST = _add([1, 2])

    def total() -> list:
        return [os.getpid(), FIRST + _add(range(1000))]
"""

POOL = """
    import os
    from concurrent.futures import ThreadPoolExecutor

    POOL = ThreadPoolExecutor(1)
    FIRST = sum(POOL.map(int, [1, 2]))

    def total() -> list:
        return [os.getpid(), FIRST + sum(POOL.map(int, range(1000)))]
"""


@pytest.mark.leaves_threads
@pytest.mark.parametrize(("nodes", "who"), [(POLARS, "a library that was"), (POOL, "the thread 'ThreadPool")])
def test_a_process_that_cannot_be_copied_has_others_import_the_project(
    tmp_path: Path, nodes: str, who: str
) -> None:
    """What was used while importing has threads: in a copy its first call would never return."""
    write(tmp_path, nodes)

    started = start(tmp_path, "build", "total")
    _, err = started.communicate(timeout=60)

    assert started.returncode == 0, err
    assert (
        f"steps run in processes that import the project by themselves, or in this one where only it has their code, because {who}"
        in err
    )
    process, total = build(tmp_path, "total").values["total"]
    assert total == 3 + sum(range(1000))
    assert process != started.pid


PATCHING = """
import os
import sys

import nodes
from dagbuild import Driver

nodes.LIMIT = 2
if len(sys.argv) > 1:
    exec("def late() -> int: return os.getpid()", vars(nodes))
    print(Driver({}, nodes, cache="cache").execute(["late"])["late"] == os.getpid())
else:
    found = Driver({}, nodes, cache="cache").execute(["limit", "other"])
    print(found["limit"], found["other"] == os.getpid())
"""


def test_a_step_whose_code_is_another_there_runs_in_the_driver(tmp_path: Path) -> None:
    """And so is right; why is said, with what differs."""
    nodes = """
        import os

        LIMIT = 1

        def limit() -> int:
            return LIMIT

        def other() -> int:
            return os.getpid()
    """
    write(tmp_path, nodes, "spawned")
    (tmp_path / "script.py").write_text(PATCHING)

    done, late = (
        subprocess.run(
            [sys.executable, "script.py", *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        for words in ([], ["late"])
    )

    assert done.stdout == "2 False\n", done.stderr
    assert "could not run them: for 'limit' constant 'nodes.LIMIT' is another (nodes.py:" in done.stderr
    assert late.stdout == "True\n", late.stderr
    assert "could not run them: for 'late' AttributeError: " in late.stderr


def test_importing_once_more_says_and_costs_nothing(tmp_path: Path) -> None:
    """What modules print is not printed again, and where they cannot be imported once more the driver runs steps."""
    once = """
        import sys
        from pathlib import Path

        print("loudly", file=sys.stderr)
        MARK = Path(__file__).with_name("mark")
        if MARK.exists():
            raise RuntimeError("only once")
        MARK.touch()

        def node() -> int:
            return 1
    """
    write(tmp_path, once, "spawned")

    status, text = command(tmp_path, "build", "node")

    assert status == 0, text
    assert text.count("loudly") == 1
    assert "could not run them: RuntimeError: only once" in text
    assert "node  1" in text


SCRIPT = """
import os

from dagbuild import Driver


def base() -> int:
    return os.getpid()


def above(base: int) -> list[int]:
    return [base, os.getpid()]


found = Driver({}, base, above, cache="cache").execute(["above"])["above"]
print(len(found), os.getpid() in found)
"""


def test_functions_of_the_running_program_are_steps_too(tmp_path: Path, way: str) -> None:
    """A notebook's, or a script's: they need not be importable anywhere; where it cannot be copied, it runs them."""
    thread = textwrap.dedent(THREAD) if way == "spawned" else ""
    (tmp_path / "script.py").write_text(thread + SCRIPT)

    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, f"2 {way == 'spawned'}\n"), done.stderr


ELSEWHERE = """
import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).with_name("last")))
import nodes
from dagbuild import Driver

found = Driver({}, nodes, cache="cache").execute(["far"])["far"]
print(found[0], found[1] != os.getpid())
"""


def test_a_module_is_found_where_the_program_finds_it(tmp_path: Path, way: str) -> None:
    """Others of its name hide nothing that lie where it was started, or are looked for last."""
    far = "import os\nfrom far_away import FAR\ndef far() -> list[int]:\n    return [FAR, os.getpid()]\n"
    hidden = {f"{name}.py": f"raise SystemExit('{name}')" for name in ("nodes", "pickle", "queue")}
    write(tmp_path / "project", far, way, **{"script.py": ELSEWHERE})
    write_files(tmp_path / "project" / "last", {**hidden, "far_away.py": "FAR = 5"})
    write_files(tmp_path / "here", hidden)

    done = subprocess.run(
        [sys.executable, "../project/script.py"],
        cwd=tmp_path / "here", capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (0, "5 True\n"), done.stderr


OWN_INTERRUPT = """
    def stopped() -> int:
        raise KeyboardInterrupt("by me")

    class Stopping:
        def __reduce__(self):
            raise KeyboardInterrupt

    def unstored() -> object:
        return Stopping()

    def below(stopped: int) -> int:
        return stopped

    def other() -> int:
        return 1
"""


@pytest.mark.parametrize(
    "executor", ["inline", "local", pytest.param("spawned", marks=pytest.mark.leaves_threads)]
)
def test_a_nodes_own_keyboard_interrupt_is_its_failure(tmp_path: Path, executor: str) -> None:
    """Nobody has pressed Ctrl-C: the node is named, and with `keep_going` the others are made."""
    write(tmp_path, OWN_INTERRUPT, executor)
    result = build(
        tmp_path, "stopped", "unstored", "below", "other",
        executor="local" if executor == "spawned" else executor, keep_going=True,
    )  # fmt: skip

    failures = {name: step.failure.kind for name, step in result.steps.items() if step.failure}
    assert not result.interrupted
    assert failures == {"stopped": "KeyboardInterrupt", "unstored": "KeyboardInterrupt"}
    assert computed(result) == {"other"}


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_ctrl_c_ends_the_build_all_the_same(tmp_path: Path, executor: str) -> None:
    """Also where it comes while a node runs, which is not blamed for it."""
    nodes = """
        import os
        import signal
        import time

        DRIVER = {driver}

        def interrupted() -> int:
            os.kill(DRIVER, signal.SIGINT)
            time.sleep(60)
            return 1
    """
    write(tmp_path, textwrap.dedent(nodes.format(driver=os.getpid())))

    result = build(tmp_path, "interrupted", executor=executor, keep_going=True)

    assert result.interrupted
    assert not [step for step in result.steps.values() if step.failure]


@pytest.mark.leaves_threads
@pytest.mark.parametrize("python", ["gone", "not one", "unknown"])
def test_without_a_python_to_start_steps_run_in_the_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    """And it is said why, and what to look at."""
    write(tmp_path, "def a() -> int:\n    return 1\ndef b(a: int) -> int:\n    return a + 1\n", "spawned")
    paths = {"gone": str(tmp_path / "python"), "not one": shutil.which("false") or "", "unknown": ""}
    monkeypatch.setattr(sys, "executable", paths[python])

    heard: list[str] = []
    result = build(tmp_path, "b", executor="local", on_event=lambda event: heard.append(str(event)))

    (told,) = [text for text in heard if "none can be started" in text]
    assert result.values == {"b": 2}
    assert {"gone": "No such file", "not one": "ended with status 1", "unknown": "is empty"}[python] in told
    assert "try: look at what sys.executable is here" in told
