"""What is known without importing is never anything else than what an import would tell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.support import write_files
from tests.torture.case import Folder, install
from tests.warm import Warm

REPOSITORY = Path(__file__).parents[2]

FILES = {
    "dagbuild.toml": """
        modules = ["nodes"]
        [config]
        rate = 2
        wait = "90 s"
        kind = "a"
        [inputs]
        table = "table.txt"
        [profile.high.config]
        rate = 9
    """,
    "table.txt": "20\n",
    "k.json": '{"k": 3}',
    "lib.py": "def f(x):\n    return x + 1\n",
    "kinds.py": """
        import enum

        class Kind(enum.Enum):
            A = "a"
            B = "b"

            def label(self):
                return "kind " + self.value
    """,
    "nodes.py": """
        import datetime
        import json
        import os
        import tinylib
        from dagbuild import File
        from kinds import Kind
        from lib import f

        try:
            from fast import g
        except ImportError:
            g = None
        K = json.load(open("k.json"))["k"]
        LEVEL = os.environ.get("LEVEL", "none")

        def rows(table: File) -> bytes:
            return table.path.read_bytes() * 20_000

        def a(rows: bytes, rate: int) -> int:
            return f(int(rows[:2])) * rate * K

        def b(a: int, wait: datetime.timedelta, kind: Kind) -> str:
            return f"{a} {LEVEL} {g and g(a)} {tinylib.V} {wait} {kind.label()}"
    """,
}

MAIN = """
import sys
from dagbuild.ground import stamps
stamps.COARSE_NS = {racy}
{first}
from dagbuild.__main__ import main
try:
    main()
finally:
    told = [name for name in {told} if name in sys.modules]
    print("imported:", *told, file=sys.stderr)
"""


LOOKING = {"dagbuild.code.closure", "dagbuild.loader", "dagbuild.modifiers", "dagbuild.executors.worker"}
"""Ours, that look into code and run it."""

FAR = {"dagbuild.store.remote", "dagbuild.store.layered", "dagbuild.store.validated"}
"""Ours, for what a project without a remote has no use for."""

TOLD = ("nodes", "pandas", "numpy", "click", *sorted(LOOKING | FAR))


@dataclass
class Place:
    """A project in a folder of its own, with installed packages beside it."""

    base: Path
    name: str = "project"
    env: dict[str, str] = field(default_factory=dict)
    racy: int = 2_050_000_000
    first: str = ""
    """Code that the process runs before the command."""
    warm: Warm | None = None
    """What forks the processes, all of which then trust young files; else each starts by itself."""

    @property
    def project(self) -> Path:
        return self.base / self.name

    @property
    def folder(self) -> Folder:
        return Folder(self.base, self.project)

    def run(self, *args: str) -> tuple[str, int, set[str]]:
        """Run the command in a process of its own; return what it gave, its status, and what it imported.

        Of a process that was forked only whether it imported `nodes` can be told.
        """
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("DAGBUILD", "PYTHON"))}
        environment |= {
            "PYTHONPATH": os.pathsep.join([str(self.base / "site-packages"), str(REPOSITORY)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.env,
        }
        if self.warm:
            output, errors = (self.base.with_name(f"{self.base.name}.{name}") for name in ("out", "err"))
            status = self.warm.play(args, environment, self.project, output, errors)
            given, told = output.read_text(), errors.read_text()
        else:
            done = subprocess.run(
                [sys.executable, "-c", MAIN.format(racy=self.racy, first=self.first, told=TOLD), *args],
                cwd=self.project, env=environment, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            status, given, told = done.returncode, done.stdout, done.stderr
        *_, last = told.splitlines()
        return given, status, set(last.removeprefix("imported:").split())

    def settle(self, *args: str) -> None:
        """Build until it is known that importing twice gives the same."""
        for _ in range(3):
            self.run(*args)

    def forget(self) -> None:
        """Delete all that is known without importing."""
        self.forget_answers()
        shutil.rmtree(self.project / "cache" / "index" / "project", ignore_errors=True)

    def forget_answers(self) -> None:
        """Delete what was answered before."""
        shutil.rmtree(self.project / "cache" / "index" / "answers", ignore_errors=True)


def write_project(place: Place) -> Place:
    """Write the project out, and build it until it is known."""
    write_files(place.project, FILES)
    write_files(place.base / "site-packages", {"tinylib/__init__.py": "V = 1\n"})
    install("tiny-lib", "1.0", "tinylib")(place.folder)
    place.settle("b")
    return place


@contextmanager
def set_aside(place: Place) -> Iterator[Place]:
    """Give the same project in the same place: what is there now comes back afterwards."""
    kept = place.base.with_name(place.base.name + ".kept")
    shutil.copytree(place.base, kept, symlinks=True)
    yield replace(place, env={})
    shutil.rmtree(place.base)
    kept.rename(place.base)


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The project, built and known."""
    return write_project(Place(tmp_path_factory.mktemp("settled")))


@pytest.fixture(scope="module")
def warm_settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The same, whose processes are forked from warm ones that trust young files: the harder way."""
    with closing(Warm(Path(__file__).with_name("known_command.py"))) as warm:
        yield write_project(Place(tmp_path_factory.mktemp("warm"), racy=0, warm=warm))


@pytest.fixture
def place(settled: Place) -> Iterator[Place]:
    """The test's own."""
    with set_aside(settled) as place:
        place.settle("b")
        yield place


@pytest.fixture
def warm_place(warm_settled: Place) -> Iterator[Place]:
    """The test's own, with warm processes."""
    with set_aside(warm_settled) as place:
        yield place


def test_answers_without_importing(place: Place) -> None:
    """The reports of an unchanged project import neither its modules nor the libraries that these use.

    Nor, unless something might run, what of ours looks into code: it takes longer to import than there is to do.
    """
    for command in ("b", "status", "plan", "list", "log", "lineage", "explain", "graph"):
        args = [command, "b"] if command in ("lineage", "explain") else [command]
        text, status, imported = place.run(*args)

        assert status == 0
        assert text
        assert not imported & {"nodes", "pandas", "numpy", *FAR}, command
        assert command == "b" or not imported & LOOKING, command


def edit_keeping_times(place: Place) -> None:
    path = place.project / "lib.py"
    stat = path.stat()
    path.write_text(path.read_text().replace("+ 1", "+ 2"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size


def write(name: str, text: str) -> Callable[[Place], None]:
    def edit(place: Place) -> None:
        (place.project / name).write_text(text)

    return edit


def set_variable(name: str, text: str) -> Callable[[Place], None]:
    def edit(place: Place) -> None:
        place.env[name] = text

    return edit


def upgrade(place: Place) -> None:
    (place.base / "site-packages/tinylib/__init__.py").write_text("V = 2\n")
    install("tiny-lib", "2.0", "tinylib")(place.folder)


def change_settings(place: Place) -> None:
    path = place.project / "dagbuild.toml"
    path.write_text(path.read_text().replace("rate = 2", "rate = 5"))


def remove_blobs(place: Place) -> None:
    shutil.rmtree(place.project / "cache" / "objects")


def remove_records(place: Place) -> None:
    shutil.rmtree(place.project / "cache" / "segments")


def remove_index(place: Place) -> None:
    shutil.rmtree(place.project / "cache" / "index" / "1" / "records", ignore_errors=True)


DOUBTS: dict[str, Callable[[Place], None]] = {
    "a helper edited with size and time kept": edit_keeping_times,
    "a new module that wins an import": write("fast.py", "def g(x):\n    return x * 2\n"),
    "a package in front of an installed one": write("tinylib.py", "V = 7\n"),
    "a variable that the import reads": set_variable("LEVEL", "high"),
    "a file that the import reads": write("k.json", '{"k": 4}'),
    "an upgraded distribution": upgrade,
    "changed settings": change_settings,
    "a config value in the environment": set_variable("DAGBUILD_SET_rate", "4"),
    "the same value in other words": set_variable("DAGBUILD_SET_wait", "1min 30s"),
    "another value in such words": set_variable("DAGBUILD_SET_wait", "91s"),
    "another member": set_variable("DAGBUILD_SET_kind", "B"),
    "no member": set_variable("DAGBUILD_SET_kind", "C"),
    "a config value's class": write(
        "kinds.py", textwrap.dedent(FILES["kinds.py"]).replace("kind ", "sort ").lstrip()
    ),
    "another profile": set_variable("DAGBUILD_PROFILE", "high"),
    "a changed input": write("table.txt", "21\n"),
    "an input of the wrong type": set_variable("DAGBUILD_SET_rate", "x"),
    "removed blobs": remove_blobs,
    "removed records": remove_records,
    "a removed index": remove_index,
    "a syntax error": write("lib.py", "def f(x):\n    return (\n"),
    "a removed module": lambda place: (place.project / "lib.py").unlink(),
    "a comment": write("lib.py", "# f\ndef f(x):\n    return x + 1\n"),
}
FRESH = ["a helper edited with size and time kept", "a new module that wins an import"]
"""What is played in fresh processes, too."""


@pytest.mark.parametrize("doubt", DOUBTS)
def test_says_what_an_import_would_say(warm_place: Place, doubt: str) -> None:
    """Whatever changes, status and build give what they give when nothing is known."""
    compare_with_an_import(warm_place, doubt)


@pytest.mark.parametrize("doubt", FRESH)
def test_a_process_that_has_just_started_says_it_too(place: Place, doubt: str) -> None:
    """With nothing imported before."""
    place.racy = 0  # the harder way: without time to distrust what is young
    compare_with_an_import(place, doubt)


def compare_with_an_import(place: Place, doubt: str) -> None:
    place.settle("status")
    assert "nodes" not in place.run("status")[2]
    DOUBTS[doubt](place)

    known = [place.run("status", "b", "rows")[:2], place.run("status")[:2], place.run("show", "a")[:2]]
    place.forget()
    imported = [place.run("status", "b", "rows")[:2], place.run("status")[:2], place.run("show", "a")[:2]]

    assert known == imported


@pytest.mark.parametrize("doubt", DOUBTS)
def test_builds_what_an_import_would_build(warm_place: Place, doubt: str) -> None:
    """Whatever changes, the next build gives the value that a build from nothing gives."""
    compare_with_a_clean_build(warm_place, doubt)


@pytest.mark.parametrize("doubt", FRESH)
def test_a_process_that_has_just_started_builds_it_too(place: Place, doubt: str) -> None:
    """With nothing imported before."""
    place.racy = 0
    compare_with_a_clean_build(place, doubt)


def compare_with_a_clean_build(place: Place, doubt: str) -> None:
    place.settle("b")
    assert "nodes" not in place.run("b")[2]
    DOUBTS[doubt](place)

    text, status, _ = place.run("b")
    shutil.rmtree(place.project / "cache")
    clean, clean_status, _ = place.run("b")

    assert status == clean_status
    assert text.splitlines()[1:] == clean.splitlines()[1:]


def test_last_answer_is_given_again_without_the_command_line(place: Place) -> None:
    """An unchanged command line is answered before anything is imported, in the very same words."""
    place.forget_answers()
    time.sleep(2.1)  # files as young as the command are not trusted
    first = place.run("b")
    again = place.run("b")

    assert "click" in first[2]
    assert "click" not in again[2]
    assert again[:2] == first[:2]
    assert "click" in place.run("build", "b")[2], "other words are another question"
    place.env["FORCE_COLOR"] = "1"
    assert "\x1b[38;5;" in place.run("b")[0]
    place.env["COLORTERM"] = "truecolor"
    assert "\x1b[38;2;" in place.run("b")[0]


MEANWHILE = """
from pathlib import Path
from dagbuild.cli.session import Session
remember = Session.remember
def late(*args):
    Path("fast.py").write_text("def g(x): return x * 2")
    remember(*args)
Session.remember = late
"""


def test_a_module_that_comes_while_the_command_runs_is_not_overlooked(place: Place) -> None:
    """What was looked at before it came is no answer for after."""
    place.racy = 0
    place.forget_answers()
    place.first = MEANWHILE
    before = place.run("b")
    place.first = ""
    after = place.run("b")

    assert "click" in after[2]
    assert before[0] != after[0]
    place.forget()
    assert place.run("b")[0].splitlines()[1:] == after[0].splitlines()[1:]


def test_another_machine_asks_for_itself(place: Place) -> None:
    """In a folder that machines share, an import may give another thing on each."""
    place.first = "import os; os.uname = lambda: os.uname_result(('Linux', 'other', '', '', ''))"

    assert "nodes" in place.run("b")[2]


def test_a_touched_file_is_still_known(warm_place: Place) -> None:
    """A file with other times and the same bytes is read, and nothing is imported."""
    warm_place.settle("b")
    (warm_place.project / "lib.py").touch()
    imported = warm_place.run("plan")[2]

    assert "nodes" not in imported


def test_a_copied_project_is_known_where_it_is_copied_to(place: Place) -> None:
    """Files are named from the project's folder: a copy reads them once, and imports nothing."""
    shutil.copytree(place.project, place.base / "copy")
    place.name = "copy"

    text, _, imported = place.run("status")

    assert "everything is up to date" in text
    assert "nodes" not in imported


@pytest.mark.parametrize(
    "line",
    [
        "import uuid\nK = uuid.uuid4().hex",
        "import datetime\nK = str(datetime.date.today())",
        "from time import time as clock\nK = clock()",
        "import os.path\nK = os.path.exists('there.txt')",
        "import subprocess\nK = subprocess.run(['echo', 'x'], capture_output=True).stdout",
        "import socket\ntry:\n    K = socket.create_connection(('127.0.0.1', 1), 1)\nexcept OSError:\n    K = 1",
        "def today():\n    import datetime\n    return datetime.datetime.now().year\nK = today()",
    ],
)
def test_an_import_that_asks_the_world_is_always_made(warm_settled: Place, tmp_path: Path, line: str) -> None:
    """What leaves no trace, or differs each time, is never answered for."""
    place = replace(warm_settled, base=tmp_path, env={})
    write_files(place.project, {"dagbuild.toml": 'modules = ["nodes"]'})
    (place.project / "nodes.py").write_text(f"{line}\ndef n() -> str:\n    return str(K)\n")

    for _ in range(4):
        *_, imported = place.run("n")

        assert "nodes" in imported
