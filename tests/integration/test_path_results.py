"""A file or a folder that a node made is its value: kept in the store, and given back as a path."""

import os
import shutil
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from dagbuild import Driver, create_module
from dagbuild.plan.events import How
from dagbuild.project.pins import pin_value
from dagbuild.store.gc import GRACE, collect_garbage
from dagbuild.store.local import LocalStore
from dagbuild.store.verify import verify_store
from tests.support import build, computed, load_project, noting, write_files

REPORT = "<h1>hello</h1>"
NODES = """
    from pathlib import Path

    from dagbuild import File, Files

    def report() -> Path:
        page = Path("report.html")
        page.write_text("<h1>hello</h1>")
        return page

    def model() -> Path:
        folder = Path("out")
        (folder / "deep" / "empty").mkdir(parents=True, exist_ok=True)
        (folder / "weights.bin").write_bytes(bytes(range(256)) * 8_000)
        (folder / "run.sh").write_text("echo")
        (folder / "run.sh").chmod(0o755)
        (folder / "deep" / "latest").unlink(missing_ok=True)
        (folder / "deep" / "latest").symlink_to("../run.sh")
        return folder

    def both(report: Path, model: Path) -> dict:
        return {"page": [report], "model": model, "none": Path("nowhere/at/all")}

    def length(report: File) -> int:
        return len(open(report).read())

    def count(model: Files) -> list[str]:
        return [file.path.name for file in model]

    def words(report: Path) -> int:
        return len(report.read_text().split())
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    folder = tmp_path / "project"
    write_files(folder, {"dagbuild.toml": 'modules = ["nodes"]\n', "nodes.py": NODES})
    monkeypatch.chdir(folder)
    return folder


def test_the_content_outlives_the_place_where_it_was_made(project: Any) -> None:
    """What a second build gives is what the node wrote, whatever has become of the file since."""
    first = build(project, "report").values["report"]
    (project / "report.html").write_text("changed by somebody")
    second = build(project, "report")

    assert second.steps["report"].how is How.REUSED
    assert second.values["report"].read_text() == first.read_text() == REPORT
    assert second.values["report"].name == "report.html"
    (project / "report.html").unlink()
    assert build(project, "report").values["report"].read_text() == REPORT


def test_folders_come_back_with_all_that_is_in_them(project: Any) -> None:
    """Names, bytes, modes, links and empty folders."""
    build(project, "model")
    shutil.rmtree(project / "out")
    given = build(project, "model").values["model"]

    assert given.name == "out"
    assert sorted(path.relative_to(given).as_posix() for path in given.rglob("*")) == [
        "deep", "deep/empty", "deep/latest", "run.sh", "weights.bin",
    ]  # fmt: skip
    assert (given / "weights.bin").read_bytes() == bytes(range(256)) * 8_000
    assert os.access(given / "run.sh", os.X_OK)
    assert (given / "deep" / "latest").readlink() == Path("../run.sh")
    assert (given / "deep" / "latest").read_text() == "echo"


def test_paths_inside_other_values_are_kept_too(project: Any) -> None:
    """In a dict and a list; a path where nothing is stays what it is."""
    build(project, "both")
    shutil.rmtree(project / "out")
    value = build(project, "both").values["both"]

    assert value["page"][0].read_text() == REPORT
    assert (value["model"] / "run.sh").read_text() == "echo"
    assert value["none"] == Path("nowhere/at/all")


def test_consumers_may_take_them_as_files(project: Any) -> None:
    """A parameter annotated File or Files gets the path of the content; a folder is the files in it."""
    result = build(project, "length", "count", "words")

    assert result.values == {"length": len(REPORT), "count": ["latest", "run.sh", "weights.bin"], "words": 1}
    assert computed(build(project, "length", "count", "words")) == set()


def test_the_content_decides_what_runs(project: Any) -> None:
    """Written again with the same bytes, nothing below runs; with other bytes, it does."""
    build(project, "words")
    write_files(project, {"nodes.py": NODES.replace('Path("report.html")', 'Path.cwd() / "report.html"')})
    assert computed(build(project, "words")) == {"report"}

    write_files(project, {"nodes.py": NODES.replace("<h1>hello</h1>", "two words")})
    assert computed(build(project, "words")) == {"report", "words"}


def test_what_a_consumer_does_to_its_copy_is_seen_by_nobody(project: Any) -> None:
    """A copy is read-only; one that was changed all the same, enlarged or deleted is made anew."""
    given = build(project, "model").values["model"]
    assert not stat.S_IMODE((given / "run.sh").stat().st_mode) & 0o222

    (given / "run.sh").chmod(0o644)
    (given / "run.sh").write_text("ECHO")
    assert (build(project, "model").values["model"] / "run.sh").read_text() == "echo"
    (given / "more").write_text("more")
    (given / "weights.bin").unlink()
    again = build(project, "model").values["model"]
    assert (again / "weights.bin").stat().st_size == 256 * 8_000
    assert not (again / "more").exists()
    shutil.rmtree(project / "cache" / "files")
    assert (build(project, "model").values["model"] / "run.sh").read_text() == "echo"


def test_what_was_there_before_is_only_a_path(project: Any) -> None:
    """A node that hands on a path it did not make gives that path, and its consumers see later changes."""
    nodes = """
        from pathlib import Path

        def place() -> Path:
            return Path("data")

        def file(place: Path) -> Path:
            return place / "a.txt"

        def text(file: Path) -> str:
            return file.read_text()
    """
    write_files(project, {"nodes.py": nodes, "data/a.txt": "one"})
    result = build(project, "place", "file", "text")
    (project / "data" / "a.txt").write_text("two")

    assert result.values == {"place": Path("data"), "file": Path("data/a.txt"), "text": "one"}
    assert build(project, "text").values["text"] == "two"


def test_a_folder_with_older_things_in_it_is_refused(project: Any) -> None:
    """What another run left there would be taken for what this one made."""
    write_files(project, {"out/old.txt": "of an earlier version"})

    result = build(project, "model")

    failure = result.steps["model"].failure
    assert failure is not None
    assert "holds what this run did not make: 'old.txt'" in failure.message
    assert "remove it first" in failure.message


def test_links_that_lead_out_are_refused(project: Any) -> None:
    """A link to what is not in the folder would mean something else elsewhere."""
    nodes = """
        from pathlib import Path

        def linked() -> Path:
            folder = Path("links")
            folder.mkdir()
            (folder / "secret").symlink_to("/etc/passwd")
            return folder
    """
    write_files(project, {"nodes.py": nodes})

    failure = build(project, "linked").steps["linked"].failure

    assert failure is not None
    assert "the link 'secret' in the folder 'links' leads out of it, to '/etc/passwd'" in failure.message


def test_handing_on_a_path_hands_on_the_content(project: Any) -> None:
    """A path of an upstream value is as good as one made here: no record names a place of this machine."""
    nodes = (
        NODES
        + "\n    def best(report: Path, model: Path) -> list:\n        return [report, model / 'run.sh']\n"
    )
    write_files(project, {"nodes.py": nodes})
    build(project, "best")
    opened = load_project(project)
    artifact = opened.artifact("best")
    page, script = opened.value("best")
    opened.close()

    assert str(project) not in str(artifact.to_json())
    assert (page.read_text(), script.read_text(), os.access(script, os.X_OK)) == (REPORT, "echo", True)


def test_another_machine_gets_the_content(project: Any, tmp_path: Path) -> None:
    """Through a shared cache, into a folder where nothing was ever made."""
    (tmp_path / "shared").mkdir(exist_ok=True)
    remote = f'modules = ["nodes"]\n[remote]\nurl = "file://{tmp_path}/shared"\n'
    write_files(project, {"dagbuild.toml": remote})
    build(project, "report", "model")
    other = tmp_path / "other"
    write_files(other, {"dagbuild.toml": remote, "nodes.py": NODES})

    result = build(other, "report", "model")

    assert computed(result) == set()
    assert result.values["report"].read_text() == REPORT
    assert result.values["report"].is_relative_to(other)
    assert (result.values["model"] / "weights.bin").stat().st_size == 256 * 8_000


def test_pins_and_overrides_are_the_file_as_it_was(project: Any) -> None:
    """A path put in a node's place is the content; so a pin of what would be made changes nothing below."""
    build(project, "words")
    mine = project / "report.html"
    opened = load_project(project)
    pin_value(opened, "report", mine)
    opened.close()
    mine.write_text("changed after the pin")

    assert computed(build(project, "words")) == set()
    assert build(project, "words", overrides={"report": mine}).values["words"] == 4
    mine.write_text("and changed")
    assert build(project, "words", overrides={"report": mine}).values["words"] == 2


def test_inputs_that_are_paths_stay_paths(tmp_path: Path) -> None:
    """A path that the user gives is a name: whose content is meant is annotated File."""
    data = tmp_path / "data.txt"
    data.write_text("content")

    def named(place: Path) -> str:
        return str(place)

    driver = Driver({}, create_module(named), cache=tmp_path / "cache")
    try:
        assert driver.execute(["named"], inputs={"place": data}) == {"named": str(data)}
    finally:
        driver.project.close()


def test_views_hand_on_the_very_path(project: Any) -> None:
    """What is never cached is not copied either."""
    nodes = NODES.replace("def report", '@cache("never")\n    def report').replace(
        "import File", "import cache, File"
    )
    write_files(project, {"nodes.py": nodes})

    assert build(project, "report", "words").values["report"] == Path("report.html")


def test_a_cache_that_cannot_be_written_gives_copies_elsewhere(project: Any) -> None:
    """Where no copy can be made beside the store, it lies in a temporary folder of the process."""
    build(project, "report")
    shutil.rmtree(project / "cache" / "files")
    (project / "cache" / "files").write_text("no folder")

    given = build(project, "report").values["report"]

    assert given.read_text() == REPORT
    assert not given.is_relative_to(project)


def test_long_files_are_read_in_parts(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is not in memory as a whole, neither when it is stored nor when it is given back."""
    nodes = """
        from pathlib import Path

        def long() -> Path:
            path = Path("long.bin")
            with path.open("wb") as file:
                for part in range(96):
                    file.write(bytes([part]) * 1_048_576)
            return path
    """
    write_files(project, {"nodes.py": nodes})
    opened = load_project(project)
    largest: list[int] = []
    put, get = opened.store.put_blob, opened.store.get_blob
    monkeypatch.setattr(
        opened.store, "put_blob", noting(largest, lambda chunks: sum(len(c) for c in chunks), put)
    )
    monkeypatch.setattr(opened.store, "get_blob", noting(largest, lambda ref: ref.size, get))
    given = opened.build(["long"], values=True).values["long"]
    opened.close()

    assert given.stat().st_size == 96 * 1_048_576
    assert max(largest) <= 96 * 1_048_576 / 25
    assert given.read_bytes()[5 * 1_048_576] == 5


def test_what_is_neither_file_nor_folder_stays_a_path(project: Any) -> None:
    """A pipe, a device, and the folder that the run happens in are places."""
    nodes = """
        import os
        from pathlib import Path

        def places() -> list[Path]:
            os.mkfifo("pipe")
            return [Path("pipe"), Path("/dev/null"), Path.cwd(), Path("cache"), Path("/"), Path("no\\0name")]
    """
    write_files(project, {"nodes.py": nodes})

    given = build(project, "places").values["places"]

    assert given == [Path("pipe"), Path("/dev/null"), project, Path("cache"), Path("/"), Path("no\0name")]


def test_gc_and_verify_look_after_the_copies(project: Any) -> None:
    """A copy that somebody wrote to is told of, and removed by repair; what was not used for long goes."""
    given = build(project, "model").values["model"]
    opened = load_project(project)
    local = opened.store
    assert isinstance(local, LocalStore)
    (given / "deep" / "extra").write_text("more")

    found = verify_store(local)
    assert [path in given.parents for path in found.changed] == [True]
    assert found.clean
    assert verify_store(local, repair=True).changed
    assert not given.exists()

    given = opened.value("model")
    before = verify_store(local).size
    assert collect_garbage(local).copied == 0
    report = collect_garbage(local, now=time.time() + 2 * GRACE)
    assert report.copied >= 256 * 8_000
    assert not given.exists()
    assert verify_store(local).size == before
    assert opened.value("model").joinpath("run.sh").read_text() == "echo"
    opened.close()


MAKERS = {
    "append": """
        page.unlink(missing_ok=True)
        with open(page, "a+") as file:
            file.write("x")
    """,
    "looks first": """
        try:
            open(page).close()
        except FileNotFoundError:
            pass
        page.write_text("x")
    """,
    "sqlite": """
        page.unlink(missing_ok=True)
        for text in ("create table t(a)", "insert into t values (1)"):
            with closing(sqlite3.connect(page)) as connection:
                connection.execute(text)
                connection.commit()
    """,
    "duckdb": """
        page.unlink(missing_ok=True)
        with duckdb.connect(str(page)) as connection:
            connection.execute("create table t as select 1 as a")
        with duckdb.connect(str(page)) as connection:
            connection.execute("insert into t values (2)")
    """,
    "hdf5": """
        with h5py.File(page, "w") as file:
            file["a"] = [1, 2, 3]
    """,
    "hdf5, appended": """
        page.unlink(missing_ok=True)
        for name in "ab":
            with h5py.File(page, "a") as file:
                file[name] = [1, 2, 3]
    """,
    "zip": """
        page.unlink(missing_ok=True)
        for name in "ab":
            with zipfile.ZipFile(page, "a") as file:
                file.writestr(zipfile.ZipInfo(name), "x")
    """,
    "in a folder": """
        shutil.rmtree("made", ignore_errors=True)
        page = Path("made")
        page.mkdir()
        with open(page / "one", "a+") as file:
            file.write("x")
    """,
}


@pytest.mark.parametrize("executor", ["inline", "local"])
@pytest.mark.parametrize("maker", MAKERS)
def test_what_a_node_makes_is_no_input_of_it(project: Any, maker: str, executor: str) -> None:
    """However it is opened; also when it is there from before an edit."""
    head = "import shutil, sqlite3, zipfile\nimport duckdb, h5py\nfrom contextlib import closing\nfrom pathlib import Path\n"
    body = MAKERS[maker].replace("\n    ", "\n")
    for end in ("", "    end = 1\n"):
        code = f"{head}\ndef page() -> Path:\n    page = Path('made'){body}\n{end}    return page\n"
        (project / "nodes.py").write_text(code)
        first = build(project, "page", executor=executor)
        again = build(project, "page", executor=executor)

        assert computed(first) == {"page"}
        assert not any("while" in notice.text for notice in first.notices), first.notices
        assert computed(again) == set()
        record = first.steps["page"].record
        assert record is not None
        read = [each.name for each in record.observations if each.name.split("/")[0] == "made"]
        assert read == ([] if not end or maker != "looks first" else ["made"])
