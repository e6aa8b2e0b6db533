"""A Driver goes by what its modules hold at each call: cells of a notebook, reloads, tools that patch code in place."""

import importlib
import linecache
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dagbuild import Driver, Project, create_module
from dagbuild.ground.errors import GraphError, InputError, UserError
from dagbuild.plan.plan import Status
from tests.support import forget_modules

FIRST = "def base() -> int:\n    return 1\n\ndef scaled(base: int) -> int:\n    return base * 10\n"


class Session:
    """An interactive session: cells run in one module, each with a text of its own."""

    def __init__(self, folder: Path) -> None:
        self.module = types.ModuleType("session")
        self.run(FIRST)
        self.driver = Driver({}, self.module, cache=folder / "cache")

    def run(self, text: str) -> None:
        """Run a cell."""
        name = f"<cell {len(linecache.cache)}>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec", dont_inherit=True), self.module.__dict__)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    made = Session(tmp_path)
    monkeypatch.setitem(sys.modules, "session", made.module)
    yield made
    made.driver.project.close()


@pytest.mark.parametrize(
    ("cell", "target", "value"),
    [
        ("def base() -> int:\n    return 2\n", "scaled", 20),
        ("def scaled(base: int, factor: int = 3) -> int:\n    return base * factor\n", "scaled", 3),
        ("def more(scaled: int) -> int:\n    return scaled + 1\n", "more", 11),
        (
            "def more() -> int:\n    return 5\ndef scaled(more: int) -> int:\n    return more\ndel base\n",
            "scaled",
            5,
        ),
        ("from dagbuild import inject, value\nscaled = inject(base=value(7))(scaled)\n", "scaled", 70),
        ("scaled.__defaults__ = (4,)\n", "scaled", 10),  # what it needs is a node, and nothing else
        ("def other(base: int) -> int:\n    return -base\nscaled.__code__ = other.__code__\n", "scaled", -1),
        ("import functools\n@functools.cache\ndef base() -> int:\n    return 6\n", "scaled", 60),
    ],
    ids=[
        "edited",
        "other parameters",
        "added",
        "deleted",
        "decorated",
        "default",
        "patched in place",
        "remembering",
    ],
)
def test_the_next_call_goes_by_the_cell(session: Session, cell: str, target: str, value: int) -> None:
    """Whatever a cell does to nodes."""
    assert session.driver.execute(["scaled"]) == {"scaled": 10}

    session.run(cell)

    assert session.driver.execute([target]) == {target: value}
    assert session.driver.status([target]).clean


FUNCTIONS = [
    ("def base() -> int:\n    return 2\n", {"scaled": 20}),
    ("def scaled(base: int, factor: int = 3) -> int:\n    return base * factor\n", {"scaled": 3}),
    ("def base() -> int:\n    return 2\ndef scaled(base: int) -> int:\n    return -base\n", {"scaled": -2}),
    ("import functools\n@functools.cache\ndef base() -> int:\n    return 6\n", {"scaled": 60}),
    ("from dagbuild import inject, value\nscaled = inject(base=value(7))(scaled)\n", {"scaled": 70}),
    ("def base() -> int:\n    return 2\n\ndef base() -> int:\n    return 3\n", {"scaled": 30}),
    ("base = 5\n", {"scaled": 10}),
    ("del base\n", {"scaled": 10}),
    ("def other() -> int:\n    return 4\nbase = other\n", {"scaled": 10}),
]


@pytest.mark.parametrize(("cell", "values"), FUNCTIONS)
@pytest.mark.parametrize("remembering", [False, True], ids=["plain", "remembering"])
def test_single_functions_are_followed_too(
    session: Session, tmp_path: Path, cell: str, values: dict[str, int], remembering: bool
) -> None:
    """A cell that defines one anew is followed; what takes its name and is no such function is not."""
    if remembering:
        session.run(
            f"import functools\n{FIRST.replace('def base', '@functools.cache' + chr(10) + 'def base')}"
        )
    functions = (session.module.base, session.module.scaled)
    driver = Driver({}, *functions, cache=tmp_path / "cache")
    other = Driver({}, create_module(*functions), cache=tmp_path / "cache")
    assert driver.execute(["scaled"]) == {"scaled": 10}

    session.run(cell)

    assert driver.execute(["scaled"]) == other.execute(["scaled"]) == values
    assert driver.status(["scaled"]).clean


def test_a_function_that_stands_nowhere_stays_what_it_is(session: Session, tmp_path: Path) -> None:
    """One that is made inside another has no name that a cell could take."""

    def base() -> int:
        return 8

    base.__module__ = "session"
    driver = Driver({}, base, session.module.scaled, cache=tmp_path / "cache")
    session.run("def base() -> int:\n    return 2\n")

    assert driver.execute(["scaled"]) == {"scaled": 80}


@pytest.mark.parametrize(
    "ask",
    [
        lambda driver: driver.status(["more"]).steps["more"].status is Status.MISSING,
        lambda driver: driver.explain("more").step.status is Status.MISSING,
        lambda driver: "more" in {variable.name for variable in driver.list_available_variables()},
        lambda driver: {"base", "more"} <= {v.name for v in driver.what_is_upstream_of("more")},
        lambda driver: "more" in {v.name for v in driver.what_is_downstream_of("base")},
        lambda driver: [v.name for v in driver.what_is_the_path_between("base", "more")],
        lambda driver: driver.validate_execution(["more"]) is None,
        lambda driver: driver.has_cycles(["more"]) is False,
        lambda driver: "more" in driver.visualize_execution(["more"]),
        lambda driver: "more" in driver.display_all_functions(),
        lambda driver: driver.build(["more"]).values == {"more": 11},
    ],
)
def test_each_question_goes_by_the_cell(session: Session, ask: Callable[[Driver], object]) -> None:
    """The node that a cell adds is known to every method, asked first."""
    session.run("def more(scaled: int) -> int:\n    return scaled + 1\n")

    assert ask(session.driver)


def test_a_deleted_node_is_gone(session: Session) -> None:
    """And a node that needs it is told of, until it is there again."""
    session.driver.execute(["scaled"])

    session.run("del scaled\n")
    with pytest.raises(InputError, match="no node"):
        session.driver.execute(["scaled"])
    session.run(
        "def scaled(base: int) -> int:\n    return base\n\ndef scaled2(scaled: str) -> str:\n    return scaled\n"
    )
    for _ in range(2):
        with pytest.raises(GraphError, match="scaled"):
            session.driver.execute(["scaled"])
    session.run("del scaled2\n")

    assert session.driver.execute(["scaled"]) == {"scaled": 1}


def test_a_class_that_annotations_name_is_followed(session: Session) -> None:
    """An annotation that is a text means the class of that name now."""
    cell = "class Money(int): ...\n"
    session.run(
        f"from __future__ import annotations\n{cell}def paid() -> Money:\n    return Money(3)\n"
        "def due(paid: Money) -> int:\n    return int(paid)\n"
    )
    assert session.driver.execute(["due"]) == {"due": 3}

    session.run(cell)

    found = {variable.name: variable.type for variable in session.driver.list_available_variables()}
    assert found["paid"] is session.module.Money
    assert session.driver.execute(["due"]) == {"due": 3}


def test_a_reloaded_module_is_followed(tmp_path: Path) -> None:
    """Nodes, signatures and helpers, by a Driver and by a project that was loaded from its file."""
    file = tmp_path / "kept.py"
    (tmp_path / "dagbuild.toml").write_text('modules = ["kept"]\n')
    file.write_text("def a() -> int:\n    return 1\n\ndef b(a: int) -> int:\n    return a\n")
    forget_modules(tmp_path)
    project = Project.load(tmp_path)
    try:
        driver = Driver({}, *project.modules, cache=tmp_path / "other", root=tmp_path)
        assert driver.execute(["b"]) == project.build(["b"], values=True).values == {"b": 1}

        file.write_text(
            "def a() -> int:\n    return 22\n\ndef b(a: int, more: int = 1) -> int:\n    return a + more\n"
        )
        importlib.reload(sys.modules["kept"])

        assert driver.execute(["b"]) == project.build(["b"], values=True).values == {"b": 23}
        driver.project.close()
    finally:
        project.close()
    again = Project.load(tmp_path)
    assert again.build(["b"], values=True).values == {"b": 23}
    again.close()


def test_a_patched_project_leaves_no_word_for_the_next_process(tmp_path: Path) -> None:
    """What somebody puts into a module by hand is not what its file says."""
    (tmp_path / "dagbuild.toml").write_text('modules = ["patched"]\n')
    (tmp_path / "patched.py").write_text("def a() -> int:\n    return 1\n")
    for _ in range(3):
        forget_modules(tmp_path)
        project = Project.load(tmp_path)
        exec("def a() -> int:\n    return 9\n", project.modules[0].__dict__)
        assert project.build(["a"], values=True).values == {"a": 9}
        project.close()
    forget_modules(tmp_path)

    project = Project.load(tmp_path)

    assert project.build(["a"], values=True).values == {"a": 1}
    project.close()


def test_mistakes_of_a_cell_are_told_each_time(session: Session) -> None:
    """A graph that cannot be made does not fall back on the one before."""
    session.run("def scaled(base: int):\n    return base\n")

    for _ in range(2):
        with pytest.raises(UserError, match="no return annotation"):
            session.driver.status()


def test_what_a_subdag_is_made_of_is_followed(session: Session) -> None:
    """Its functions, and those of modules that are given to it, as they are at each call."""
    other = types.ModuleType("other")
    exec("def more() -> int:\n    return 1\n", other.__dict__)
    session.module.__dict__["other"] = other
    session.run(
        "from dagbuild import subdag\n\n@subdag(base, other)\ndef around(base: int, more: int) -> int:\n"
        "    return base * 10 + more\n"
    )
    values = [session.driver.execute(["around"])["around"]]
    session.run("def base() -> int:\n    return 3\n")
    values.append(session.driver.execute(["around"])["around"])
    exec("def more() -> int:\n    return 5\n", other.__dict__)
    values.append(session.driver.execute(["around"])["around"])

    assert values == [11, 31, 35]
