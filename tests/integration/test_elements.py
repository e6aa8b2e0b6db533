"""Nodes that are called once for each element of another's value: what runs after which edit, on every executor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dagbuild.ground.errors import GraphError
from dagbuild.plan.events import BuildResult, How
from dagbuild.settings import keys
from tests.support import build, load_project, write_files

SETTINGS = """
    modules = ["nodes"]
    [config]
    urls = ["a", "bb", "ccc", "dddd"]
    scale = 10
"""

NODES = """
    import pathlib
    from dagbuild import Collect, Parallelizable

    def url(urls: list) -> Parallelizable[str]:
        yield from urls

    def page(url: str, scale: int) -> str:
        _note("page", url)
        return url[:3] * scale

    def size(page: str) -> int:
        _note("size", page[:3])
        return len(page)

    def total(size: Collect[int]) -> int:
        _note("total", size)
        return sum(size)

    def longest(page: Collect[str], size: Collect[int]) -> str:
        return max(zip(size, page))[1]

    def _note(*what):
        pass
"""

EXECUTORS = ["inline", "local"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a block, that no build has touched."""
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "nodes.py": NODES})
    return tmp_path


def edit(folder: Path, old: str, new: str, name: str = "nodes.py") -> None:
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def made(result: BuildResult) -> dict[str, Any]:
    """Return how many calls were made of each node that ran, or True of one that is called once."""
    return {
        name: step.calls[0] if step.calls else True
        for name, step in result.steps.items()
        if step.how is How.COMPUTED
    }


@pytest.mark.parametrize("executor", EXECUTORS)
def test_each_element_is_computed_once(project: Path, executor: str) -> None:
    """The first build calls each node for each element, and the second calls nothing."""
    first = build(project, "total", "longest", executor=executor)
    second = build(project, "total", "longest", executor=executor)

    assert first.values == {"total": 90, "longest": "ddd" * 10}
    assert made(first) == {"url": True, "page": 4, "size": 4, "total": True, "longest": True}
    assert second.values == first.values
    assert made(second) == {}


@pytest.mark.parametrize(
    ("urls", "ran", "total"),
    [
        ('"a", "x", "bb", "ccc", "dddd"', {"page": 1, "size": 1, "total": True}, 100),
        ('"a", "bb", "dddd"', {"total": True}, 60),
        ('"dddd", "ccc", "bb", "a"', {"total": True}, 90),
        ('"a", "bb", "ccc", "dddd", "a"', {"total": True}, 100),
        ('"a", "bb", "ccc", "dddx"', {"page": 1, "total": None}, 90),
        ("", {"total": True}, 0),
    ],
)
def test_an_edit_of_the_elements_computes_what_is_new(
    project: Path, urls: str, ran: Mapping[str, Any], total: int
) -> None:
    """One inserted is one call, one removed is none, and the order concerns who collects alone."""
    build(project, "total")
    edit(project, '"a", "bb", "ccc", "dddd"', urls, "dagbuild.toml")

    result = build(project, "total")

    assert made(result) == {"url": True, **{name: count for name, count in ran.items() if count}}
    assert result.values == {"total": total}


@pytest.mark.parametrize(
    ("old", "new", "ran"),
    [
        ("url[:3] * scale", "url[:3] * scale + '.'", {"page": 4, "size": 4, "total": True}),
        ("url[:3] * scale", "scale * url[:3]", {"page": 4}),
        ("return len(page)", "return len(page) + 0", {"size": 4}),
        ("return sum(size)", "return sum(size) + 1", {"total": True}),
        ("yield from urls", "return list(urls)", {"url": True}),
        ("yield from urls", "return [*urls, 'e']", {"url": True, "page": 1, "size": 1, "total": True}),
    ],
)
def test_an_edit_of_code_computes_what_it_reaches(
    project: Path, old: str, new: str, ran: Mapping[str, Any]
) -> None:
    """And stops where the values come out the same."""
    build(project, "total")
    edit(project, old, new)

    result = build(project, "total")

    assert made(result) == ran


def test_what_all_elements_take_besides_counts_for_each(project: Path) -> None:
    """A config value, or a node outside of the block."""
    build(project, "total")
    edit(project, "scale = 10", "scale = 2", "dagbuild.toml")

    result = build(project, "total")

    assert result.values == {"total": 18}
    assert made(result) == {"page": 4, "size": 4, "total": True}


def test_a_node_of_a_block_is_the_list_of_its_elements(project: Path) -> None:
    """As a target too; and so is the one that gives them."""
    result = build(project, "size", "url")
    project_again = load_project(project)

    assert result.values == {"size": [10, 20, 30, 30], "url": ["a", "bb", "ccc", "dddd"]}
    assert project_again.value("size") == [10, 20, 30, 30]
    project_again.close()


def test_small_elements_are_in_records_and_have_no_files(project: Path) -> None:
    """A thousand elements are a few files: the lists of them."""
    edit(project, "yield from urls", "yield from map(str, range(1000))")

    result = build(project, "total", executor="inline")

    assert result.values == {"total": sum(len(str(i)) * 10 for i in range(1000))}
    assert len([path for path in (project / "cache").rglob("*") if path.is_file()]) < 60


NESTED = """
    from dagbuild import Collect, Parallelizable

    def shop(urls: list) -> Parallelizable[str]:
        return urls

    def item(shop: str) -> Parallelizable[int]:
        yield from range(len(shop) - 1)

    def price(item: int, shop: str, scale: int) -> str:
        return f"{shop}{item}{scale}"

    def basket(price: Collect[str], shop: str) -> str:
        return f"{shop}:{'+'.join(price)}"

    def all(basket: Collect[str]) -> str:
        return " ".join(basket)
"""


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_block_may_be_in_a_block(tmp_path: Path, executor: str) -> None:
    """Each Collect closes the innermost; an element without elements of its own gives an empty list."""
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "nodes.py": NESTED})

    first = build(tmp_path, "all", "price", "item", executor=executor)
    edit(tmp_path, '"ccc"', '"ccc", "xyz"', "dagbuild.toml")
    second = build(tmp_path, "all", executor=executor)

    prices = [[], ["bb010"], ["ccc010", "ccc110"], ["dddd010", "dddd110", "dddd210"]]
    assert first.values["price"] == prices
    assert first.values["item"] == [[], [0], [0, 1], [0, 1, 2]]
    assert first.values["all"] == "a: bb:bb010 ccc:ccc010+ccc110 dddd:dddd010+dddd110+dddd210"
    assert made(first) == {"shop": True, "item": 4, "price": 6, "basket": 4, "all": True}
    assert made(second) == {"shop": True, "item": 1, "price": 2, "basket": 1, "all": True}


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("def total(urls: Collect[int]) -> int: ...", "'total' collects the input 'urls'"),
        (
            "def rows(urls: list) -> list[int]: ...\n\ndef total(rows: Collect[int]) -> int: ...",
            "'total' collects 'rows', which is no element of anything",
        ),
        (
            "def a() -> Parallelizable[int]: ...\n\ndef b() -> Parallelizable[int]: ...\n\n"
            "def both(a: int, b: int) -> int: ...",
            "'both' takes elements of 'a' and of 'b', which do not belong together",
        ),
        (
            "def a() -> Parallelizable[int]: ...\n\n@cache('never')\ndef b(a: int) -> int: ...",
            "'b' is never cached",
        ),
        (
            "def a() -> Parallelizable[int]: ...\n\n@writes('out.txt')\ndef b(a: int) -> int: ...",
            "'b' writes 'out.txt'",
        ),
        ("@check_output(range=(0, 1))\ndef a() -> Parallelizable[int]: ...", "'a' gives elements"),
        (
            "def a() -> Parallelizable[int]: ...\n\ndef all(a: list[int]) -> int: ...",
            "for each a\n  try: to take all of them: a: Collect[int]",
        ),
        (
            "def a() -> Parallelizable[int]: ...\n\ndef all(a: Optional[Collect[int]]) -> int: ...",
            "parameter 'a' of 'all' has Collect inside of its annotation, Collect[int] | None",
        ),
        (
            "def a() -> Parallelizable[int]: ...\n\ndef all(a: 'Collect[Collect[int]]') -> int: ...",
            "parameter 'a' of 'all' has Collect inside of its annotation",
        ),
        (
            "def a() -> Parallelizable[int]: ...\n\ndef all(a: Collect[list[int]]) -> int: ...",
            "parameter 'a' of 'all' is Collect[list[int]], but node 'a' at",
        ),
        ("def a(b: Parallelizable[int]) -> int: ...", "which says what a function gives"),
        ("def a() -> Collect[int]: ...", "Collect says what a parameter takes"),
        (
            "def a() -> Parallelizable[int] | None: ...",
            "'a' has Parallelizable inside of its return annotation",
        ),
        (
            "def a() -> list[Parallelizable[int]]: ...",
            "'a' has Parallelizable inside of its return annotation",
        ),
    ],
)
def test_what_cannot_be_is_told_at_load(tmp_path: Path, code: str, told: str) -> None:
    """With the place and what to do."""
    head = "from typing import Optional\n\nfrom dagbuild import Collect, Parallelizable, cache, check_output, writes\n\n"
    write_files(tmp_path, {"dagbuild.toml": SETTINGS})
    (tmp_path / "nodes.py").write_text(head + code)

    with pytest.raises(GraphError) as caught:
        load_project(tmp_path).graph

    assert told in str(caught.value)
    assert "try:" in str(caught.value) or "makes int for each a" in str(caught.value)


def test_annotated_says_of_each_what_it_says_of_all(project: Path) -> None:
    """Around what gives elements, and around what collects them."""
    edit(project, "from dagbuild import", "from typing import Annotated\nfrom dagbuild import")
    edit(project, "-> Parallelizable[str]", "-> Annotated[Parallelizable[str], 'addresses']")
    edit(project, "size: Collect[int]) -> int", "size: Annotated[Collect[int], 'sizes']) -> int")

    assert build(project, "total", executor="inline").values == {"total": 90}


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_element_that_fails_is_named_and_the_others_are_kept(project: Path, executor: str) -> None:
    """With `keep_going` all others are computed, and after a repair only what failed."""
    edit(project, "return url[:3]", "assert url != 'bb', 'no page'; return url[:3]")

    result = build(project, "total", executor=executor, keep_going=True)
    failure = result.steps["page"].failure
    edit(project, '"bb"', '"ee"', "dagbuild.toml")
    repaired = build(project, "total", executor=executor)

    assert failure is not None
    assert "page[1] of 'bb': no page" in failure.message
    assert result.names(How.BLOCKED) == ["size", "total"]
    assert made(repaired)["page"] == 1
    assert repaired.values == {"total": 90}


def test_without_keep_going_the_first_failure_ends_the_build(project: Path) -> None:
    """No further element is begun, and what is finished is kept."""
    edit(project, "return url[:3]", "assert url != 'bb'; return url[:3]")

    first = build(project, "total", executor="inline")
    edit(project, '"bb"', '"ee"', "dagbuild.toml")
    second = build(project, "total", executor="inline")

    assert first.names(How.FAILED) == ["page"]
    assert made(second)["page"] == 3


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("yield 'a'; raise OSError('half-way')", "half-way"),
        ("return 'text'", "it gives elements, and returned one value of type 'str'"),
        ("return {'a', 'b'}", "it gives elements, and returned one value of type 'set'"),
        ("return 5", "it gives elements, and returned one value of type 'int'"),
        ("yield 'a'; yield (x for x in 'b')", "element 1: "),
        ("return {'a': 1}", "'dict', whose keys would be the elements: return list(...) of it"),
        ("import types; return types.MappingProxyType({'a': 1})", "whose keys would be the elements"),
        (
            "import pandas as pd; return pd.DataFrame({'a': [1]})",
            "'DataFrame', whose columns' names would be the elements",
        ),
        ("b = []\n    for u in urls: b.append(u); yield b", "element 0: it has become another value since"),
        (
            "import numpy as np; b = np.zeros(4)\n    for i in (1, 2): b[:] = i; yield b[:2]",
            "element 0: it has become another value since",
        ),
        ("d = {'a': 1}; yield d; yield 2; d['a'] = 5", "try: yield a copy of it each time"),
    ],
)
def test_what_gives_no_elements_fails(project: Path, code: str, told: str) -> None:
    """A generator that raises half-way gives none, and what cannot be stored is named."""
    edit(project, "yield from urls", code)

    result = build(project, "total")

    failure = result.steps["url"].failure
    assert failure is not None
    assert told in failure.message


def test_a_generator_may_yield_what_it_goes_on_with(project: Path) -> None:
    """As long as that is a copy; or the same value again and again."""
    edit(project, "-> Parallelizable[str]", "-> Parallelizable[list]")
    edit(project, "yield from urls", "b = []; c = [0]\n    for u in urls: b.append(u); yield b[:]; yield c")
    edit(project, "def page(url: str, scale: int)", "def page(url: list, scale: int)")
    edit(project, "url[:3] * scale", "str(len(url))")
    edit(project, '_note("page", url)', "pass")

    result = build(project, "page")

    assert result.values["page"] == ["1", "1", "2", "1", "3", "1", "4", "1"]


def test_an_override_and_a_pin_stand_for_elements(project: Path) -> None:
    """Each element of a given list counts by its content, as if the node had given it."""
    build(project, "total")

    given = build(project, "total", overrides={"url": ["a", "x"]})
    inner = build(project, "total", overrides={"page": ["aaaa", "b"]})

    assert given.values == {"total": 20}
    assert made(given) == {"page": 1, "size": 1, "total": True}
    assert inner.values == {"total": 5}
    assert made(inner) == {"size": 2, "total": True}


def test_a_renamed_node_keeps_its_elements(project: Path) -> None:
    """Also where there is a new one."""
    build(project, "total")
    for old in ("def page(", "page: str", "page[:3]", "len(page)", "page: Collect", "zip(size, page)"):
        edit(project, old, old.replace("page", "sheet"))
    edit(project, '"a",', '"a", "x",', "dagbuild.toml")

    result = build(project, "total")

    assert made(result)["sheet"] == 1


def test_what_an_element_was_seen_to_read_counts(project: Path) -> None:
    """For the node as a whole, and for each of its calls."""
    (project / "extra.txt").write_text("1")
    edit(
        project,
        "return url[:3]",
        "pathlib.Path('extra.txt').read_text() if url == 'bb' else 0; return url[:3]",
    )
    edit(project, "import pathlib", "import pathlib, os; os.chdir(os.path.dirname(__file__))")
    build(project, "total")
    (project / "extra.txt").write_text("2")

    result = build(project, "total")

    assert made(result) == {"page": 1}


def test_an_element_whose_blob_is_lost_is_made_again(project: Path) -> None:
    """That one alone."""
    edit(project, "return url[:3] * scale", "return url[:3] * scale * 10_000")
    build(project, "page", executor="inline")
    blobs = sorted((project / "cache" / "objects").rglob("*"), key=lambda path: path.stat().st_size)
    blobs[-1].unlink()

    result = build(project, "page", executor="inline")

    assert made(result) == {"page": 1}
    assert [len(page) for page in result.values["page"]] == [100_000, 200_000, 300_000, 300_000]


def test_a_plan_tells_how_many_elements_are_new(project: Path) -> None:
    """Exactly, where the elements are known; else as many as there may be, or were the last time."""
    build(project, "total")
    edit(project, "* scale", "* scale + '!'")
    code = load_project(project).plan(["total"]).steps
    edit(project, '"bb"', '"ee"', "dagbuild.toml")
    data = load_project(project).plan(["total"]).steps

    assert str(code["page"].width) == "4 of 4 elements"
    assert str(code["size"].width) == "at most 4 elements"
    assert str(data["page"].width) == "4 elements the last time"


def test_hamiltons_own_annotations_mean_the_same(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are told by where they come from."""
    types = """
        from collections.abc import Iterable
        from typing import Protocol, TypeVar

        T = TypeVar("T", covariant=True)

        class Parallelizable(Iterable[T], Protocol[T]):
            pass

        class Collect(Iterable[T], Protocol[T]):
            pass
    """
    write_files(project, {"hamilton/__init__.py": "", "hamilton/htypes.py": types})
    monkeypatch.syspath_prepend(str(project))
    edit(project, "from dagbuild import", "from hamilton.htypes import")

    result = build(project, "total")

    assert result.values == {"total": 90}
    assert made(result)["page"] == 4


@pytest.mark.parametrize(
    ("code", "made_here"),
    [("url[:3] * scale", 1), ("[url[:3]] * scale", 5)],
)
def test_elements_come_from_a_colleague(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, made_here: int
) -> None:
    """As a whole; beside elements of one's own, of what nobody has signed, only what can hide nothing."""
    monkeypatch.setattr(keys, "_taken", [""])  # as with DAGBUILD_KEY="", for this test alone
    mine, yours = tmp_path / "mine", tmp_path / "yours"
    (tmp_path / "shared").mkdir()
    for folder in (mine, yours):
        settings = f'[remote]\nurl = "file://{tmp_path}/shared"\n'
        nodes = NODES.replace("url[:3] * scale", code).replace(
            "-> str:\n        _note", "-> object:\n        _note"
        )
        nodes = nodes.replace("page: str", "page: object").replace(
            "page: Collect[str]", "page: Collect[object]"
        )
        write_files(folder, {"dagbuild.toml": SETTINGS, "nodes.py": nodes})
        with (folder / "dagbuild.toml").open("a") as file:
            file.write(settings)
    build(mine, "total")

    same = build(yours, "total", "page")
    edit(yours, '"a",', '"a", "x",', "dagbuild.toml")
    more = build(yours, "total", "page")
    again = build(yours, "total", "page")

    assert made(same) == {}
    assert made(more)["page"] == made_here
    assert len(more.values["page"]) == 5
    assert made(again) == {}
