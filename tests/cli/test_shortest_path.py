"""What was answered once is answered again with next to nothing imported, however the cache folder is spelled."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dagbuild.settings import load_settings
from tests.cli.sessions import dagbuild, make_environment
from tests.support import write_files

MAIN = """
import sys
from dagbuild.ground import stamps
stamps.COARSE_NS = stamps.TICK_NS = 0  # files as young as these are trusted
from dagbuild.__main__ import main
try:
    main()
finally:
    print("imported:", *sys.modules, file=sys.stderr)
"""

SHORTEST = {
    "dagbuild",
    "dagbuild.__main__",
    "dagbuild.ground",
    "dagbuild.ground.stamps",
    "dagbuild.shortcut",
    "dagbuild.shortcut.answers",
    "dagbuild.version",
}
MOST = 120
"""More modules than Python itself, and a reader of TOML where that is wanted, come to."""

SPELLINGS = {
    "default": "",
    "plain": '[cache]\nfolder = "x"',
    "comment": '[cache]\nfolder = "x"  # where it lies',
    "comment_of_the_table": '[cache] # where it lies\nfolder = "x"',
    "spaces": '[ cache ]\n  folder="x"',
    "dotted": 'cache.folder = "x"',
    "dotted_with_spaces": 'cache . folder = "x"',
    "short": 'cache = "x"',
    "inline": 'cache = { folder = "x", size = "1 GB" }',
    "literal": "[cache]\nfolder = 'x'",
    "several_lines": '[cache]\nfolder = """\nx"""',
    "several_lines_literal": "[cache]\nfolder = '''x'''",
    "quoted_keys": '["cache"]\n\'folder\' = "x"',
    "escaped": '[cache]\nfolder = "caf\\u00e9"',
    "escaped_key": '["\\u0063ache"]\nfolder = "x"',
    "letters": '[cache]\nfolder = "caché"',
    "hash": '[cache]\nfolder = "x # y"',
    "slash": 'cache = "x/"',
    "here": 'cache = "./x"',
    "below": 'cache = "deep/x"',
    "above": 'cache = "../x"',
    "named_twice": '[remote]\nurl = "cache"\nmode = "off"\n[cache]\nsize = "1 GB"\nfolder = "x"',
    "text_like_a_table": '[remote]\nurl = "r"\nmode = "off"\noptions.note = """\n[cache]\nfolder = "y"\n"""\n[cache]\nfolder = "x"',
    "line_ends": '[cache]\r\nfolder = "x"\r',
    "home": 'cache = "~/x"',
}


def run(folder: Path, *args: str, **extra: str) -> tuple[str, set[str]]:
    """Return what the command gave, and what its process imported."""
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *args],
        cwd=folder,
        env=make_environment(HOME=str(folder / "home"), **extra),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    *_, last = done.stderr.splitlines()
    return done.stdout, set(last.removeprefix("imported: ").split())


def is_short(imported: set[str]) -> bool:
    """Tell whether nothing of ours was imported but the shortest path, and no library."""
    ours = {name for name in imported if name.partition(".")[0] == "dagbuild"}
    return ours == SHORTEST and "click" not in imported and len(imported) < MOST


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project that was built until imports said the same; each test spells its cache folder in its way."""
    base = tmp_path_factory.mktemp("shortest")
    files = {
        "dagbuild.toml": 'modules = ["nodes"]\n',
        "nodes.py": "def a() -> int:\n    return 1\n",
        "deep/keep": "",
        "home/keep": "",
    }
    write_files(base / "project", files)
    for _ in range(2):
        run(base / "project", "build")
    return base


def ask_twice(base: Path, toml: str, *args: str, **extra: str) -> set[str]:
    """Return what is imported when the same is asked again."""
    project = base / "project"
    before = load_settings(project, environ={}).cache.folder
    (project / "dagbuild.toml").write_bytes(f'modules = ["nodes"]\n{toml}\n'.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(project / "home"))
        settings = load_settings(project, "other" if "--profile" in args else None, {}, extra)
    if settings.cache.folder != before:
        before.rename(settings.cache.folder)
    (said, _), (again, imported) = (run(project, *args, "status", **extra) for _ in range(2))
    assert again == said
    return imported


@pytest.fixture
def place(base: Path, tmp_path: Path) -> Path:
    """The test's own copy."""
    return shutil.copytree(base, tmp_path / "base")


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_cache_folder_may_be_spelled_in_any_way(place: Path, spelling: Any) -> None:
    """TOML has a dozen ways to say one thing, and each of them is read."""
    assert is_short(ask_twice(place, spelling))


@pytest.mark.parametrize(
    ("args", "extra"),
    [
        (["--profile", "other"], {}),
        ([], {"DAGBUILD_PROFILE": "other"}),
        ([], {"DAGBUILD_CACHE": "v/"}),
    ],
    ids=["profile", "variable for the profile", "variable"],
)
def test_cache_folder_may_be_chosen_outside_of_the_file(place: Path, args: Any, extra: Any) -> None:
    """A profile or the environment name another one, which is as good."""
    assert is_short(ask_twice(place, '[profile.other]\ncache.folder = "z" # here', *args, **extra))


def test_cache_folder_of_the_command_line_leaves_its_answers_in_the_project_s(place: Path) -> None:
    """Nothing but the command line knows of it; an answer says all that it stood on, so it may lie elsewhere."""
    ask_twice(place, 'cache.folder = "x"')
    words = ["--set", "cache.folder=w", "build"]
    for _ in range(3):
        run(place / "project", *words)

    assert is_short(run(place / "project", *words)[1])


def test_another_cache_folder_is_another_question(place: Path) -> None:
    """What was said of one folder is never said of the next."""
    ask_twice(place, '[cache]\nfolder = "x"')
    (place / "project" / "dagbuild.toml").write_text('modules = ["nodes"]\ncache = "empty"\n')

    done = dagbuild(place / "project", "status")

    assert done.returncode == 1
    assert "never built" in done.stdout


def test_an_answer_about_nodes_that_stand_in_some_way_is_found_anew(tmp_path: Path) -> None:
    """A build of another node changes which ones those are; of nodes with a tag it does not."""
    nodes = "def a() -> int:\n    return 1\n\ndef b() -> int:\n    return 2\n"
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["nodes"]\n', "nodes.py": nodes, "home/keep": ""})
    for _ in range(3):
        run(tmp_path, "build", "a")

    told = [run(tmp_path, "status", "status:fresh") for _ in range(3)]
    again = [run(tmp_path, "status", "module:nodes,a+") for _ in range(3)]

    assert [said for said, _ in told] == ["fresh  1 node\n\neverything is up to date\n"] * 3
    assert not is_short(told[-1][1])
    assert is_short(again[-1][1])
    run(tmp_path, "build", "b")
    assert run(tmp_path, "status", "status:fresh")[0].startswith("fresh  2 nodes")


@pytest.mark.parametrize("command", ["status", "build"])
def test_what_nobody_can_follow_is_said_on_the_shortest_path(tmp_path: Path, command: str) -> None:
    """As it is said with everything imported: no answer leaves out what its longer form would say."""
    nodes = """
        import subprocess

        _DO = {"it": subprocess.run}

        def a() -> int:
            return _DO["it"](["true"], check=True).returncode
    """
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["nodes"]\n', "nodes.py": nodes, "home/keep": ""})
    run(tmp_path, "build")

    said = [run(tmp_path, command) for _ in range(4)]

    assert is_short(said[-1][1]) and not is_short(said[0][1])
    for text, _ in said:
        assert "not tracked: 'a' starts a process: true (nodes.py:6)" in text
