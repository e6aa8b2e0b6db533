"""What people ask of nodes that are called for elements, and put in their places: on the command line, in a process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dagbuild.cli.main import run
from tests.support import build, forget_modules, load_project, write_files

SETTINGS = """
    modules = ["told_nodes"]
    [config]
    urls = ["a", "bb", "ccc"]
"""

NODES = """
    from dagbuild import Collect, Parallelizable

    def url(urls: list) -> Parallelizable[str]:
        yield from urls

    def page(url: str) -> str:
        return url * 10

    def size(page: str) -> int:
        return len(page)

    def total(size: Collect[int]) -> int:
        return sum(size)
"""

Say = Callable[..., tuple[int, str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a block, built once."""
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "told_nodes.py": NODES})
    build(tmp_path, "total", executor="inline")
    return tmp_path


@pytest.fixture
def say(project: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs a command in the project, and returns its exit status and all that it says."""

    def call(*words: str) -> tuple[int, str]:
        forget_modules(project)
        capsys.readouterr()
        status = run(["--project", str(project), *words])
        told = capsys.readouterr()
        return status, told.out + told.err

    return call


def edit(folder: Path, old: str, new: str, name: str = "told_nodes.py") -> None:
    path = folder / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("node", "value", "told"),
    [
        ("page", "x", "`page` gives list[str], and 'x' is none"),
        ("size", "[1, 'a']", "`size` gives list[int]"),
        ("url", "5", "`url` gives list[str]"),
    ],
)
def test_a_pin_of_a_node_in_a_block_is_the_whole_list(say: Say, node: str, value: str, told: str) -> None:
    """One element is refused, and it is said what the node gives."""
    status, said = say("pin", node, value)

    assert status == 2
    assert told in said


def test_a_list_that_is_pinned_stands_for_the_elements(say: Say, project: Path) -> None:
    """As the command line spells it."""
    status, said = say("pin", "page", '["xxxx", "y"]')

    assert (status, build(project, "total", executor="inline").values) == (0, {"total": 5}), said


@pytest.mark.parametrize("urls", ['"a", "x", "bb", "ccc"', '"ccc", "a", "bb"', '"bb"'])
def test_what_is_accepted_of_a_node_in_a_block_stays_fresh(say: Say, project: Path, urls: str) -> None:
    """Also where elements came, left or moved since: one build, and all is fresh until it is taken back."""
    edit(project, "len(page)", "0 + len(page)")
    accepted = say("accept", "size", "--because", "it is the same")
    edit(project, '"a", "bb", "ccc"', urls, "dagbuild.toml")
    build(project, "total", executor="inline")
    fresh, _ = say("status")
    again = build(project, "total", "size", executor="inline")
    say("accept", "size", "--revoke")
    revoked, _ = say("status")

    assert accepted[0] == 0, accepted[1]
    assert fresh == 0
    assert not [step for step in again.steps.values() if step.calls and step.calls[0]]
    assert revoked == 1
    assert again.values["total"] == 10 * sum(map(str.isalpha, urls))


def test_calls_and_nodes_are_counted_apart(say: Say, project: Path) -> None:
    """By `stats` and by `log`; the log of one call is there by its name."""
    build(project, "total", executor="inline", load={"config": {"urls": ["a", "bb", "ccc", "d"]}})

    _, usage = say("stats", "--json")
    _, log = say("log")
    _, call = say("log", "page[1]")

    found = {node["node"]: (node["versions"], node["calls"]) for node in json.loads(usage)["nodes"]}
    assert found == {"url": (2, 0), "page": (2, 4), "size": (2, 4), "total": (2, 0)}
    assert "8 values of 4 nodes, 8 calls for elements" in say("stats")[1]
    assert len(log.splitlines()) == 1 + 8
    assert "page[1]" in call
    took = {node["node"]: node["seconds"] for node in json.loads(usage)["nodes"]}
    opened = load_project(project)
    assert took["page"] == sum(record.duration for record in opened.log() if record.caller == "page")
    opened.close()


def test_elements_of_elements_are_counted_as_calls(tmp_path: Path) -> None:
    """Where they are told by history."""
    nodes = """
        from dagbuild import Collect, Parallelizable

        def shop() -> Parallelizable[int]:
            return [1, 2, 3]

        def item(shop: int) -> Parallelizable[int]:
            return range(shop)

        def price(item: int) -> int:
            return item

        def basket(price: Collect[int]) -> int:
            return sum(price)

        def all(basket: Collect[int]) -> int:
            return sum(basket)
    """
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["told_nested"]', "told_nested.py": nodes})
    build(tmp_path, "all", executor="inline")
    edit(tmp_path, "range(shop)", "range(0, shop)", "told_nested.py")
    edit(tmp_path, "return item", "return 2 * item", "told_nested.py")

    opened = load_project(tmp_path)
    steps = opened.plan(["all"]).steps
    opened.close()

    assert str(steps["item"].width) == "3 of 3 elements"
    assert str(steps["price"].width) == "6 elements the last time"
    assert str(steps["basket"].width) == "at most 3 elements"


def test_a_value_that_cannot_be_stored_gets_a_hint_that_helps(project: Path) -> None:
    """Nothing that deals in elements can be marked as never cached."""
    for old in ("return url * 10", "yield from urls", "return sum(size)"):
        edit(
            project, old, f"{old.split()[0]} open(__file__)" if "yield" not in old else "yield open(__file__)"
        )
        failed = next(step.failure for step in build(project, "total").steps.values() if step.failure)

        assert "cannot be stored" in failed.message
        assert "try: return the path of the file" in failed.message
        assert "never" not in failed.message
        edit(project, f"{old.split()[0]} open(__file__)", old)


def test_a_node_in_a_block_is_checked_call_by_call(say: Say, project: Path) -> None:
    """Each of them, or the one that is named; what one leaves in the process is no difference."""
    edit(project, "def page(url: str)", "def page(url: str, seen: list = [])")
    edit(
        project,
        "return url * 10",
        "import time; seen.append(1); return str(seen) + url * 10 + str(time.perf_counter_ns()) * (url == 'bb')",
    )
    build(project, "total", executor="inline")
    say("status")  # so that the next command need not import anything

    status, said = say("check", "--determinism", "page")
    first, _ = say("check", "--determinism", "page[0]")
    second, named = say("check", "--determinism", "page[1]")
    same, _ = say("check", "--determinism", "size")

    assert (status, first, second, same) == (1, 0, 1, 0)
    assert "page[1], the value: " in said
    assert "page[0]" not in said
    assert "page[1] gave two values" in named


@pytest.mark.parametrize(
    ("old", "new", "name", "status", "told"),
    [
        ("x", "x", "page[1]", "fresh", "last built"),
        ("return url", "return 1 * url", "page[1]", "stale", "function `page` changed"),
        ("'bb'", "'xx'", "page[1]", "stale", "the element of `url` is another than when this place was computed last"),
        ("'bb'", "'a'", "page[1]", "fresh", "of an equal element, made as `page[0]`"),
        ("'ccc'", "'ccc', 'd'", "page[3]", "missing", "never built"),
    ],
)  # fmt: skip
def test_a_call_is_explained(
    say: Say, project: Path, *, old: str, new: str, name: str, status: str, told: str
) -> None:
    """Whether it would be reused, and why not."""
    for file in ("told_nodes.py", "dagbuild.toml"):
        old_there = old.replace("'", '"') if file == "dagbuild.toml" else old
        if old_there in (project / file).read_text() and old != new:
            edit(project, old_there, new.replace("'", '"') if file == "dagbuild.toml" else new, file)
    build(project, "url", executor="inline")

    _, said = say("explain", name)

    assert f"{name} is {status}" in said
    assert told in said


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("page[7]", "there is no 'page[7]': 'page' has 3 elements, counted from 0"),
        ("page[1][2]", "'page[1]' is one element, and has no [2]"),
        ("total[0]", "'total' is called once, and not for elements"),
        ("pag[0]", "there is no node 'pag'"),
    ],
)
def test_a_call_that_is_not_there_is_refused(say: Say, name: str, told: str) -> None:
    """In words."""
    status, said = say("explain", name)

    assert status == 2
    assert told in said


DATA = """
    from pathlib import Path

    from dagbuild import Collect, File, Parallelizable

    HERE = Path(__file__).parent

    def url() -> Parallelizable[int]:
        return [1, 2, 3]

    def page(url: int, data: File) -> str:
        text = Path(data).read_text()
        if url == 2:
            Path(data).write_text(text + "x")
        return text

    def seen(url: int) -> str:
        text = (HERE / "seen.txt").read_text()
        if url == 2:
            (HERE / "seen.txt").write_text(text + "x")
        return text

    def all(page: Collect[str], seen: Collect[str]) -> list:
        return page
"""


def test_a_file_that_changes_between_calls_is_named_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And one that is declared is not said to be no input."""
    settings = 'modules = ["told_files"]\n[inputs]\ndata = "data.txt"'
    files = {"dagbuild.toml": settings, "told_files.py": DATA, "data.txt": "a", "seen.txt": "b"}
    write_files(tmp_path, files)

    result = build(tmp_path, "all", executor="inline")
    (tmp_path / "seen.txt").write_text("c")
    run(["--project", str(tmp_path), "explain", "seen"])
    explained = capsys.readouterr().out

    texts = [notice.text for notice in result.notices]
    assert not [text for text in texts if "data.txt, which" in text]
    assert [text for text in texts if "'seen' reads" in text] == [
        "'seen' reads seen.txt, which is no input: tracked by content; "
        'annotate a parameter with File, or @reads("seen.txt")'
    ]
    assert explained.count("seen.txt changed") == 1
    assert explained.count("read seen.txt") == 1
