"""Files that a node leaves where the project keeps them: kept with its value, and put back when gone or changed."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagbuild import Driver, UserError, create_module, writes
from dagbuild.plan.events import How
from dagbuild.plan.plan import Decision, Status
from dagbuild.project.pins import pin_built, pin_value
from dagbuild.store.gc import collect_garbage
from dagbuild.store.local import LocalStore
from tests.support import build, computed, load_project, write_files

NODES = """
    from pathlib import Path

    from dagbuild import reads, writes

    TITLE = "hello"

    @writes("out/report.md")
    def report() -> None:
        Path("out").mkdir(exist_ok=True)
        Path("out/report.md").write_text(f"# {TITLE}")

    @writes("out/site", "out/index.txt")
    def site(title_length: int) -> int:
        folder = Path("out/site")
        (folder / "deep" / "empty").mkdir(parents=True)
        (folder / "page.html").write_text("<h1>" + "x" * title_length)
        (folder / "run.sh").write_text("echo")
        (folder / "run.sh").chmod(0o755)
        (folder / "deep" / "latest").symlink_to("../page.html")
        Path("out/index.txt").write_text("page.html")
        return title_length

    def title_length() -> int:
        return len(TITLE)

    @reads("out/report.md")
    def words() -> list[str]:
        return Path("out/report.md").read_text().split()

    def shouted(report: None) -> str:
        return Path("out/report.md").read_text().upper()

    def total(site: int, words: list[str]) -> int:
        return site + len(words)
"""

ALL = ("report", "site", "words", "shouted", "total")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    folder = tmp_path / "project"
    write_files(folder, {"dagbuild.toml": 'modules = ["nodes"]\n', "nodes.py": NODES})
    monkeypatch.chdir(folder)
    return folder


def picture(folder: Any) -> Any:
    """Return all that is below a folder: names, kinds, executable bits and bytes."""
    told: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            told[name] = f"-> {os.readlink(path)}"
        elif path.is_file():
            told[name] = (path.read_bytes(), os.access(path, os.X_OK))
        else:
            told[name] = "folder"
    return told


def status(folder: Any, *targets: Any, **load: Any) -> Any:
    project = load_project(folder, **load)
    try:
        return project.status(targets)
    finally:
        project.close()


ALTERED: dict[str, list[Callable[[Path], object]]] = {
    "a file is gone": [lambda out: (out / "report.md").unlink()],
    "a file was edited": [lambda out: (out / "report.md").write_text("by hand")],
    "a file was edited to the same length": [lambda out: (out / "report.md").write_text("# jello")],
    "a file is a folder": [
        lambda out: (out / "report.md").unlink(), lambda out: (out / "report.md" / "x").mkdir(parents=True),
    ],
    "a file is a link": [
        lambda out: (out / "report.md").rename(out.parent / "r"), lambda out: (out / "report.md").symlink_to("../r"),
    ],
    "a file is a link to nothing": [
        lambda out: (out / "report.md").unlink(), lambda out: (out / "report.md").symlink_to("gone"),
    ],
    "a folder is gone": [lambda out: shutil.rmtree(out / "site")],
    "a folder is a file": [lambda out: shutil.rmtree(out / "site"), lambda out: (out / "site").write_text("x")],
    "a folder is a link": [
        lambda out: (out / "site").rename(out.parent / "s"), lambda out: (out / "site").symlink_to("../s"),
    ],
    "a file in a folder is gone": [lambda out: (out / "site" / "page.html").unlink()],
    "a file in a folder was edited": [lambda out: (out / "site" / "page.html").write_text("by hand")],
    "a file in a folder was added": [lambda out: (out / "site" / "more").write_text("x")],
    "a file in a folder is no longer to run": [lambda out: (out / "site" / "run.sh").chmod(0o644)],
    "a link in a folder leads elsewhere": [
        lambda out: (out / "site" / "deep" / "latest").unlink(),
        lambda out: (out / "site" / "deep" / "latest").symlink_to("../run.sh"),
    ],
    "a link in a folder leads out of it": [
        lambda out: (out / "site" / "deep" / "latest").unlink(),
        lambda out: (out / "site" / "deep" / "latest").symlink_to("/etc/hosts"),
    ],
    "an empty folder is gone": [lambda out: (out / "site" / "deep" / "empty").rmdir()],
    "all is gone": [shutil.rmtree],
}  # fmt: skip


@pytest.mark.parametrize("how", ALTERED)
def test_whatever_happens_to_an_output_the_next_build_puts_it_back_without_running(
    project: Any, how: Any
) -> None:
    """Before, `status` says which output is gone or changed; afterwards all is as a clean build leaves it."""
    build(project, *ALL)
    clean = picture(project / "out")
    for alter in ALTERED[how]:
        alter(project / "out")

    plan = status(project, *ALL)
    told = [str(reason) for name in plan.names(Decision.RESTORE) for reason in plan.steps[name].reasons]
    assert told and all(text.startswith(("output missing: out/", "output changed: out/")) for text in told)
    assert not plan.clean and not plan.names(Decision.RUN)

    result = build(project, *ALL)
    assert computed(result) == set()
    assert picture(project / "out") == clean
    assert set(result.names(How.RESTORED)) == set(plan.names(Decision.RESTORE))
    assert status(project, *ALL).clean


def test_also_where_the_value_is_not_needed(project: Any) -> None:
    """An output above a target that is a hit is put back: a clean build would have left it there."""
    build(project, "total")
    shutil.rmtree(project / "out")
    result = build(project, "total")

    assert computed(result) == set()
    assert (project / "out" / "report.md").read_text() == "# hello"
    assert (project / "out" / "site" / "page.html").exists()


def test_an_edit_makes_the_output_anew_and_a_way_back_puts_the_old_one_back(project: Any) -> None:
    """Consumers follow: one that reads the file, and one that takes the node and reads the file by itself."""
    first = build(project, *ALL)
    write_files(project, {"nodes.py": NODES.replace('"hello"', '"good day"')})
    second = build(project, *ALL)

    assert second.values["words"] == ["#", "good", "day"]
    assert second.values["shouted"] == "# GOOD DAY"
    write_files(project, {"nodes.py": NODES})
    third = build(project, *ALL)
    assert computed(third) == set()
    assert third.values == first.values
    assert (project / "out" / "report.md").read_text() == "# hello"


def test_what_somebody_wrote_there_is_kept_aside_and_told(project: Any) -> None:
    """A file edited by hand, a file that was there before the first build; nothing is lost, and nothing else kept."""
    (project / "out").mkdir()
    (project / "out" / "report.md").write_text("older than the project")
    first = build(project, "report")
    (project / "out" / "report.md").write_text("by hand")
    second = build(project, "report")

    for result, text in ((first, "older than the project"), (second, "by hand")):
        (notice,) = result.notices
        assert "'out/report.md'" in notice.text
        assert Path(notice.text.rpartition("is now ")[2]).read_text() == text
    (project / "out" / "report.md").unlink()
    write_files(project, {"nodes.py": NODES.replace('"hello"', '"good day"')})
    assert not build(project, "report").notices
    assert len(list((project / "cache" / "edited").iterdir())) == 2


def test_permissions_come_back(project: Any) -> None:
    """A file for its owner's eyes does not become everybody's."""
    secret = NODES.replace(
        '.write_text(f"# {TITLE}")', '.write_text("x"); Path("out/report.md").chmod(0o600)'
    )
    write_files(project, {"nodes.py": secret})
    build(project, "report")
    (project / "out" / "report.md").unlink()
    build(project, "report")

    assert stat.S_IMODE((project / "out" / "report.md").stat().st_mode) == 0o600


def test_a_node_starts_without_what_an_earlier_run_left(project: Any) -> None:
    """One that adds to its output, or leaves alone what is there, gives what a build from nothing would give."""
    adding = """
        from dagbuild import writes

        @writes("log.txt")
        def log() -> int:
            with open("log.txt", "a") as file:
                file.write("VALUE;")
            return 1
    """
    write_files(project, {"nodes.py": adding.replace("VALUE", "one")})
    build(project, "log")
    write_files(project, {"nodes.py": adding.replace("VALUE", "two")})
    build(project, "log")

    assert (project / "log.txt").read_text() == "two;"


@pytest.mark.parametrize("end", ["raise ValueError('no')", "raise KeyboardInterrupt", "pass"])
def test_a_node_that_fails_leaves_what_was_there(project: Any, end: Any) -> None:
    """Whether it raises, is interrupted, or does not make what it declares."""
    build(project, "report")
    broken = NODES.replace('Path("out/report.md").write_text(f"# {TITLE}")', end)
    write_files(project, {"nodes.py": broken})
    result = build(project, "report", "site", keep_going=True)

    assert (project / "out" / "report.md").read_text() == "# hello"
    if end == "pass":
        failure = result.steps["report"].failure
        assert failure is not None
        assert "did not make its output 'out/report.md'" in failure.message
    assert list((project / "out").glob(".dagbuild*")) == []


def test_other_places_and_folders(project: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A node with outputs runs in the project's root, wherever the build was asked for."""
    monkeypatch.chdir(tmp_path)
    build(project, "report")

    assert (project / "out" / "report.md").exists()
    assert Path.cwd() == tmp_path


def test_what_is_no_longer_stored_is_made_again(project: Any) -> None:
    """Gone from the disk and from the cache: `status` says so, and the node runs."""
    long = NODES.replace('write_text(f"# {TITLE}")', "write_bytes(bytes(range(256)) * 4000)")
    write_files(project, {"nodes.py": long})
    build(project, "report")
    shutil.rmtree(project / "cache" / "objects")
    (project / "cache" / "objects").mkdir()
    assert status(project, "report").clean  # nothing is missing yet
    (project / "out" / "report.md").unlink()
    plan = status(project, "report")

    assert plan.names(Decision.RUN) == ["report"]
    assert "no longer in the cache" in str(plan.steps["report"].reasons[-1])
    assert computed(build(project, "report")) == {"report"}
    assert (project / "out" / "report.md").stat().st_size == 256 * 4000


def test_a_damaged_blob_is_found_and_the_node_runs(project: Any) -> None:
    """What would be put back is verified first."""
    long = NODES.replace('write_text(f"# {TITLE}")', "write_bytes(bytes(range(256)) * 4000)")
    write_files(project, {"nodes.py": long})
    build(project, "report")
    for blob in (project / "cache" / "objects").rglob("*"):
        if blob.is_file():
            blob.chmod(0o644)
            blob.write_bytes(b"x" + blob.read_bytes()[1:])
    (project / "out" / "report.md").unlink()

    assert computed(build(project, "report")) == {"report"}
    assert (project / "out" / "report.md").read_bytes() == bytes(range(256)) * 4000


def test_gc_keeps_what_outputs_are_made_of(project: Any) -> None:
    """As long as their record is kept."""
    long = NODES.replace('write_text(f"# {TITLE}")', "write_bytes(bytes(range(256)) * 4000)")
    write_files(project, {"nodes.py": long})
    build(project, "report")
    loaded = load_project(project)
    assert isinstance(loaded.store, LocalStore)
    report = collect_garbage(loaded.store, size=0, grace=0.0)
    loaded.close()
    (project / "out" / "report.md").unlink()

    assert report.blobs == 0
    assert computed(build(project, "report")) == set()


def test_pins_and_overrides(project: Any) -> None:
    """A value that was built and pinned has its outputs with it; another value has none, and the file is a file."""
    build(project, "report", "words")
    loaded = load_project(project)
    pin_built(loaded, "report")
    loaded.close()
    (project / "out" / "report.md").write_text("by hand")
    plan = status(project, "words")
    assert plan.names(Decision.RESTORE) == ["report"]
    assert plan.steps["report"].status is Status.PINNED
    assert build(project, "words").values["words"] == ["#", "hello"]

    loaded = load_project(project)
    pin_value(loaded, "report", None)
    loaded.close()
    (project / "out" / "report.md").write_text("by hand")
    assert build(project, "words", "report").values["words"] == ["by", "hand"]
    (project / "out" / "report.md").write_text("by another hand")
    assert build(project, "words").values["words"] == ["by", "another", "hand"]
    assert build(project, "words", overrides={"report": None}).values["words"] == ["by", "another", "hand"]


def test_what_cannot_be_put_back_fails_that_node_alone(project: Any) -> None:
    """With the place in words; what does not need it goes on."""
    build(project, *ALL)
    shutil.rmtree(project / "out")
    (project / "out").write_text("a file where the folder should be")
    result = build(project, "title_length", "report", keep_going=True)

    assert result.names(How.FAILED) == ["report"]
    failure = result.steps["report"].failure
    assert failure is not None
    assert "output 'out/report.md' cannot be written" in failure.message
    assert "title_length" in result.values


def test_without_a_cache_that_can_be_written(project: Any) -> None:
    """The node runs each time, and what it leaves stays."""
    (project / "cache").write_text("no folder")
    for _ in range(2):
        assert computed(build(project, "report")) == {"report"}
        assert (project / "out" / "report.md").read_text() == "# hello"


REFUSED = {
    "two write one path": (
        "@writes('a.txt')\ndef one() -> int: ...\n@writes('./a.txt')\ndef two() -> int: ...",
        "'two' writes 'a.txt', and so does 'one'",
    ),
    "one is in the other": (
        "@writes('a')\ndef one() -> int: ...\n@writes('a/b.txt')\ndef two() -> int: ...",
        "one is in the other",
    ),
    "one on some file systems": (
        "@writes('a.txt')\ndef one() -> int: ...\n@writes('A.txt')\ndef two() -> int: ...",
        "one file on many machines",
    ),
    "absolute": ("@writes('/tmp/a.txt')\ndef one() -> int: ...", "does not start at the project's root"),
    "home": ("@writes('~/a.txt')\ndef one() -> int: ...", "does not start at the project's root"),
    "outside": ("@writes('out/../../a.txt')\ndef one() -> int: ...", "leads out of the project"),
    "a URL": ("@writes('s3://bucket/a.txt')\ndef one() -> int: ...", "no path of a file in the project"),
    "the project": ("@writes('.')\ndef one() -> int: ...", "it is the project itself"),
    "its own input": ("@reads('a.txt')\n@writes('a.txt')\ndef one() -> int: ...", "which it writes itself"),
    "never cached": ("@cache('never')\n@writes('a.txt')\ndef one() -> int: ...", "is never cached"),
    "no such config": ("@writes('{regoin}.txt')\ndef one() -> int: ...", "did you mean 'region'?"),
    "a circle": (
        "@reads('b')\n@writes('a')\ndef one() -> int: ...\n@reads('a')\n@writes('b')\ndef two() -> int: ...",
        "nodes need each other: one -> two -> one",
    ),
    "the code": ("@writes('nodes.py')\ndef one() -> int: ...", "where the project's code is"),
    "the settings": ("@writes('dagbuild.toml')\ndef one() -> int: ...", "where the project's settings is"),
    "the cache": ("@writes('cache/out')\ndef one() -> int: ...", "where the cache folder is"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_anything_runs(project: Any, case: Any) -> None:
    """In words, with the place."""
    text, said = REFUSED[case]
    write_files(project, {"nodes.py": f"from dagbuild import cache, reads, writes\n{text}\n"})
    settings = 'modules = ["nodes"]\n[config]\nregion = "uk"\n'
    write_files(project, {"dagbuild.toml": settings})

    with pytest.raises(UserError) as error:
        build(project, "one")
    assert said in str(error.value)
    assert "nodes.py:" in str(error.value)


READ = {
    "a file that another node's file is": (
        'page = "out/report.md"',
        "page: File",
        "which node 'report' writes",
    ),
    "a pattern": ('page = "out/*.md"', "page: Files", "which node 'report' writes"),
    "a folder": ('page = "out"', "page: Files", "which node 'report' writes"),
}


@pytest.mark.parametrize("case", READ)
def test_an_input_that_is_an_output_is_refused(project: Any, case: Any) -> None:
    """Its content now says nothing of what it will be."""
    given, parameter, said = READ[case]
    write_files(
        project,
        {
            "dagbuild.toml": f'modules = ["nodes"]\n[inputs]\n{given}\n',
            "nodes.py": NODES
            + f"\n    from dagbuild import File, Files\n    def size({parameter}) -> int: return 1\n",
        },
    )
    build(project, "report")

    with pytest.raises(UserError, match=said):
        build(project, "size")


@pytest.mark.parametrize(
    "pattern", ["out/report.md", "out", "out/*.md", "out/**/*.md", "out/rep?rt.[a-m]d", "./out//report.md"]
)
def test_whoever_reads_an_output_comes_after_its_node(project: Any, pattern: Any) -> None:
    """However it names it; other files that a pattern finds count by their content."""
    write_files(project, {"nodes.py": NODES.replace('@reads("out/report.md")', f'@reads("{pattern}")')})
    first = build(project, "words")
    assert computed(first) == {"report", "words", "site", "title_length"} - (
        set()
        if pattern in ("out", "out/**/*.md")
        else {"site", "title_length"}  # who knows what is in a folder
    )
    assert computed(build(project, "words")) == set()
    shutil.rmtree(project / "out")
    assert computed(build(project, "words")) == set()

    write_files(project, {"nodes.py": (project / "nodes.py").read_text().replace('"hello"', '"good day"')})
    assert build(project, "words").values["words"] == ["#", "good", "day"]
    if "*" in pattern:
        (project / "out" / "more.md").write_text("x")
        assert computed(build(project, "words")) == {"words"}


def test_a_step_that_reads_an_output_without_saying_so_fails_in_words(project: Any) -> None:
    """Nothing says that the other node comes first: the value would depend on chance."""
    write_files(project, {"nodes.py": NODES.replace('@reads("out/report.md")', "")})
    build(project, "report")
    result = build(project, "words")

    failure = result.steps["words"].failure
    assert failure is not None
    assert failure.kind == "UndeclaredRead"
    assert "'out/report.md', which 'report' writes" in failure.message
    assert '@reads("out/report.md")' in failure.message
    (project / "out" / "report.md").unlink()
    gone = build(project, "words").steps["words"].failure
    assert gone is not None
    assert gone.kind == "FileNotFoundError"  # the same is the reason, and told
    assert '@reads("out/report.md")' in gone.message


@pytest.mark.parametrize("way", ["{root}/out/report.md", "../project/out/report.md", "link/report.md"])
def test_no_way_round(project: Any, way: Any) -> None:
    """An output that is read under another name is refused, or the step that reads it fails."""
    (project / "out").mkdir()
    (project / "link").symlink_to("out")
    way = way.format(root=project)
    build(project, "report")
    write_files(project, {"nodes.py": NODES.replace('@reads("out/report.md")', f'@reads("{way}")')})
    with pytest.raises(UserError, match=r"'out/report\.md' that 'report' writes"):
        build(project, "words")

    hidden = NODES.replace('@reads("out/report.md")', "").replace(
        'Path("out/report.md").read_text().s', f'Path("{way}").read_text().s'
    )
    write_files(project, {"nodes.py": hidden})
    failure = build(project, "words").steps["words"].failure
    assert failure is not None
    assert failure.kind == "UndeclaredRead"


def test_a_node_that_lists_the_folder_of_its_output_stays_fresh(project: Any) -> None:
    """What it finds there when it runs is not what is there afterwards."""
    listing = NODES.replace(
        'Path("out/report.md").write', 'list(Path("out").iterdir()); Path("out/report.md").write'
    )
    write_files(project, {"nodes.py": listing})
    write_files(project, {"out/notes.txt": "not ours"})
    build(project, "report")

    assert computed(build(project, "report")) == set()


def test_names_with_config_values(project: Any) -> None:
    """Each profile has a file of its own, and none disturbs the other."""
    nodes = """
        from dagbuild import parameterize, value, writes

        @writes("out/{region}/{node}.txt")
        def sales(region: str) -> None:
            import pathlib
            path = pathlib.Path("out", region, "sales.txt")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(region)

        @parameterize(small={"n": value(1)}, large={"n": value(2)})
        @writes("{node}.txt")
        def size(n: int) -> None:
            open({1: "small.txt", 2: "large.txt"}[n], "w").write(str(n))
    """
    write_files(
        project, {"nodes.py": nodes, "dagbuild.toml": 'modules = ["nodes"]\n[config]\nregion = "uk"\n'}
    )
    build(project, "sales", "small", "large")
    build(project, "sales", load={"config": {"region": "fr"}})

    assert (project / "out/uk/sales.txt").read_text() == "uk"
    assert (project / "out/fr/sales.txt").read_text() == "fr"
    assert (project / "small.txt").read_text() == "1"
    (project / "out/uk/sales.txt").unlink()
    assert computed(build(project, "sales")) == set()
    assert (project / "out/uk/sales.txt").exists()


def test_by_the_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same from Python, with a root of its own."""

    @writes("report.txt")
    def report(text: str) -> int:
        Path("report.txt").write_text(text)
        return len(text)

    driver = Driver({}, create_module(report), cache=tmp_path / "cache", root=tmp_path)
    assert driver.execute(["report"], inputs={"text": "abc"}) == {"report": 3}
    (tmp_path / "report.txt").write_text("changed")

    assert driver.status(["report"], inputs={"text": "abc"}).names(Decision.RESTORE) == ["report"]
    assert driver.execute(["report"], inputs={"text": "abc"}) == {"report": 3}
    assert (tmp_path / "report.txt").read_text() == "abc"


def test_colleagues_get_the_files(project: Any, tmp_path: Path) -> None:
    """What another machine has made is fetched, and left in the project here."""
    remote = f'[remote]\nurl = "{tmp_path / "shared"}"\n'
    (tmp_path / "shared").mkdir()
    write_files(project, {"dagbuild.toml": f'modules = ["nodes"]\n{remote}'})
    build(project, *ALL)
    clean = picture(project / "out")
    shutil.rmtree(project / "out")
    shutil.rmtree(project / "cache")

    result = build(project, *ALL)
    assert computed(result) == set()
    assert picture(project / "out") == clean
