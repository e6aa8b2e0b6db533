"""Importing a project's modules and making a graph of their functions."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dagbuild.ground.errors import GraphError, LoadError
from dagbuild.loader import create_module, load_graph, load_modules
from dagbuild.model.assembly import Assembly
from dagbuild.model.node import REQUIRED, File


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A folder to write files in; what is imported from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    path, modules = list(sys.path), set(sys.modules)

    def write(**files: str) -> Path:
        for name, text in files.items():
            file = tmp_path / (name.replace("__", "/") + ".py")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text).lstrip("\n"))
        return tmp_path

    yield write
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None)
        if file is None or str(tmp_path) in file:
            del sys.modules[name]


def problems_of(caught: Any) -> list[str]:
    return [str(problem) for problem in caught.value.problems]


def refuse_graph(root: Path, *modules: str, **config: Any) -> list[str]:
    with pytest.raises(GraphError) as caught:
        load_graph(load_modules(modules, root), config)
    return problems_of(caught)


class TestModules:
    def test_by_name_and_by_path(self, project: Any) -> None:
        """A module is loaded once, however it is named."""
        root = project(spend="A = 1", shelf__io="B = 2", shelf__model="C = 3")

        modules = load_modules(["spend", "spend.py", "shelf/", "shelf.io", "shelf/io.py"], root)

        assert [module.__name__ for module in modules] == ["spend", "shelf.io", "shelf.model"]

    def test_a_package_brings_its_public_modules(self, project: Any) -> None:
        """All modules below a package are loaded, but not private ones and tests."""
        root = project(pack="")
        (root / "pack.py").unlink()
        for name in ("__init__", "io", "_private", "test_io", "conftest", "deep/__init__", "deep/inner"):
            file = root / "pack" / f"{name}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("")

        expected = ["pack", "pack.deep", "pack.io", "pack.deep.inner"]
        assert [module.__name__ for module in load_modules(["pack"], root)] == expected
        assert [module.__name__ for module in load_modules(["pack/"], root)] == expected

    def test_a_package_below_src_keeps_its_name(self, project: Any) -> None:
        """A path leads to the name under which the project's own imports know the module."""
        root = project(src__lib__io="A = 1")
        (root / "src/lib/__init__.py").write_text("")

        assert [module.__name__ for module in load_modules(["src/lib"], root)] == ["lib", "lib.io"]

    def test_an_edit_within_the_same_second_is_seen(self, project: Any) -> None:
        """Same size, same second: Python itself would run the old code."""
        for number in range(10):
            root = project(quick=f"A = {number}")

            (module,) = load_modules(["quick"], root)

            assert number == module.A

    def test_compiled_code_of_the_same_second_is_not_trusted(self, project: Any) -> None:
        """Another process may have compiled the file between two edits."""
        root = project(raced="A = 1")
        script = "import sys; sys.path.insert(0, '.'); import raced"
        subprocess.run([sys.executable, "-c", script], check=True, cwd=root)
        before = (root / "raced.py").stat()
        (root / "raced.py").write_text("A = 2")
        os.utime(root / "raced.py", ns=(before.st_atime_ns, before.st_mtime_ns + 1))

        (module,) = load_modules(["raced"], root)

        assert module.A == 2

    def test_an_edited_helper_reaches_its_users(self, project: Any) -> None:
        """When one file changed, the modules that import it are loaded again too."""
        root = project(user="from helper import A", helper="A = 1")
        load_modules(["user"], root)
        project(helper="A = 22")

        assert load_modules(["user"], root)[0].A == 22

    def test_nothing_is_loaded_twice_without_an_edit(self, project: Any) -> None:
        """The very same module comes back, so that its classes stay the same."""
        root = project(steady="class A: ...")

        assert load_modules(["steady"], root)[0] is load_modules(["steady"], root)[0]

    def test_two_projects_may_have_modules_of_one_name(self, project: Any) -> None:
        """The root that is asked for comes first."""
        root = project(one__pipe="A = 1", two__pipe="A = 2")

        assert [load_modules(["pipe"], root / name)[0].A for name in ("one", "two", "one")] == [1, 2, 1]

    def test_all_that_goes_wrong_is_told_together(
        self, project: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Syntax, missing modules and exceptions, each with the user's file and line."""
        for name in [name for name in sys.modules if name.startswith("hamilton.")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "hamilton", None)  # as where it is not installed
        root = project(
            syntax="x = 1\ndef broken(:\n    pass",
            missing="import os\nimport no_such_library",
            near="from pack.spned import x",
            hamiltons="from hamilton.function_modifiers import tag",
            pack__spend="x = 1",
            boom="def _f():\n    return 1 / 0\n\n_f()",
            leaves="import sys\nsys.exit(3)",
            decorated="from dagbuild.modifiers import inject\n\n\n@inject(x=3)\ndef f(x: int) -> int:\n    return x",
        )

        with pytest.raises(LoadError) as caught:
            load_modules(
                [
                    "syntax",
                    "missing",
                    "near",
                    "hamiltons",
                    "boom",
                    "leaves",
                    "decorated",
                    "syntx",
                    "pack.spent",
                    "gone.py",
                ],
                root,
            )

        assert problems_of(caught) == [
            "syntax.py:2: invalid syntax: def broken(:",
            "missing.py:2: it imports 'no_such_library', which is neither in the project nor installed",
            "near.py:1: it imports 'pack.spned', which is neither in the project nor installed\n"
            "  try: did you mean 'pack.spend'?",
            "hamiltons.py:1: it imports 'hamilton.function_modifiers', which is neither in the project nor installed\n"
            "  try: write 'dagbuild' in the place of 'hamilton': it has Hamilton's addresses",
            "boom.py:2: importing 'boom' failed: ZeroDivisionError: division by zero",
            "leaves.py:2: importing 'leaves' failed: SystemExit: 3",
            "decorated.py:4: @inject: parameter 'x' is 3\n"
            "  try: source(3) for a node, value(3) for the value itself",
            "there is no module 'syntx' in this folder\n  try: did you mean 'syntax'?",
            "there is no module 'pack.spent' in this folder\n  try: did you mean 'pack.spend'?",
            "there is no 'gone.py' in this folder",
        ]

    def test_a_file_named_like_a_module_of_python_is_told(self, project: Any) -> None:
        """`calendar.py` would silently be Python's own."""
        root = project(calendar="A = 1")
        import calendar  # noqa: F401  # so that it is loaded already

        with pytest.raises(LoadError) as caught:
            load_modules(["calendar"], root)

        assert problems_of(caught) == [
            "calendar.py: 'calendar' is the name of another module, which is imported in its place\n"
            "  try: rename the file"
        ]


class TestFunctions:
    @pytest.mark.parametrize(
        "head",
        [
            "@functools.lru_cache",
            "@functools.lru_cache(maxsize=None)",
            "@functools.cache",
            "@functools.cache\n@functools.lru_cache(maxsize=2)",
            "@tag(owner='ads')\n@functools.cache",
            "@functools.cache\n@tag(owner='ads')",
        ],
    )
    def test_functions_that_remember_are_nodes(self, project: Any, head: Any) -> None:
        """Whatever else decorates them; a helper is named like one, and what is imported is no node."""
        root = project(
            helpers="import functools\n@functools.cache\ndef public(x):\n    return x",
            nodes=f"""
import functools
from helpers import public
from dagbuild import tag

{head}
def a(x: int) -> int:
    return x + 1

@functools.cache
def _helper(anything):
    return anything
""",
        )

        graph = load_graph(load_modules(["nodes"], root), {})

        assert list(graph.nodes) == ["a"]
        assert graph.nodes["a"].upstream == ("x",)
        assert graph.nodes["a"].function(1) == 2
        assert graph.nodes["a"].tags.get("owner", "ads") == "ads"
        assert ("tag" in head) == ("owner" in graph.nodes["a"].tags)

    def test_function_that_remembers_needs_annotations(self, project: Any) -> None:
        """As any other public function does."""
        root = project(nodes="import functools\n@functools.cache\ndef a(x):\n    return x")

        said = refuse_graph(root, "nodes")

        assert len(said) == 2
        assert "parameter 'x' of 'a' has no annotation" in said[0]

    def test_function_that_is_no_longer_one_is_told(self, project: Any) -> None:
        """What says all that a node says, and is none because of its decorator; a helper may be anything."""
        root = project(
            nodes="""
            import functools

            class Wrapping:
                def __init__(self, function):
                    functools.update_wrapper(self, function)

                def __call__(self, *args):
                    return self.__wrapped__(*args)

            @Wrapping
            def a(x: int) -> int:
                return x

            @Wrapping
            def helper(x):
                return x

            @Wrapping
            def _other(x: int) -> int:
                return x

            def b(x: int) -> int:
                return x
            """
        )

        said = refuse_graph(root, "nodes")

        assert said == [
            "nodes.py:11: a decorator makes of 'a' a Wrapping, which is no function and so no node\n"
            "  try: call it from a plain function, and name it '_a', as a helper"
        ]

    def test_public_functions_of_the_module_are_nodes(self, project: Any) -> None:
        """Helpers, imported functions, classes, lambdas and values are no nodes."""
        root = project(
            helpers="def public(x: int) -> int:\n    return x",
            nodes="""
            from helpers import public

            class Thing: ...

            short = lambda x: x

            def b(a: int, c: float = 1.5) -> int:
                '''What b is.

                    More.
                '''
                return a

            def a(x: int) -> int:
                return public(x)

            def _helper(anything):
                return anything
            """,
        )

        graph = load_graph(load_modules(["nodes"], root), {})

        assert list(graph.nodes) == ["b", "a"]
        node = graph.nodes["b"]
        assert (node.type, node.upstream, node.doc, str(node.where)) == (
            int,
            ("a", "c"),
            "What b is.\n\nMore.",
            "nodes.py:7",
        )
        assert [parameter.default for parameter in node.parameters] == [REQUIRED, 1.5]
        assert {name: (item.type, item.required, item.used_by) for name, item in graph.inputs.items()} == {
            "c": (float, False, ("b",)),
            "x": (int, True, ("a",)),
        }

    def test_a_package_that_collects_its_modules_functions(self, project: Any) -> None:
        """Functions of a module below the package are the package's; none is taken twice."""
        root = project(pack__inner="def a(x: int) -> int:\n    return x")
        (root / "pack/__init__.py").write_text("from pack.inner import a")

        assert list(load_graph(load_modules(["pack"], root), {}).nodes) == ["a"]

    def test_annotations_as_texts(self, project: Any) -> None:
        """Postponed, quoted, under TYPE_CHECKING, and with brackets that only a type checker knows."""
        root = project(
            nodes="""
            from __future__ import annotations
            import typing
            from typing import TYPE_CHECKING

            if TYPE_CHECKING:
                import collections.abc
                import pandas as pd
                from decimal import Decimal as D
                from no_such_library import Thing

            def a(x: pd.Series[float], y: "D | None", z: collections.abc.Sequence[int]) -> pd.DataFrame:
                return x

            def b(t: Thing) -> None: ...
            """,
        )

        graph = load_graph(load_modules(["nodes"], root), {})

        from collections.abc import Sequence
        from decimal import Decimal
        from typing import Any

        kinds = [parameter.type for parameter in graph.nodes["a"].parameters]
        assert kinds == [pd.Series, Decimal | None, Sequence[int]]
        assert graph.nodes["a"].type is pd.DataFrame
        assert graph.nodes["b"].type is type(None)
        assert graph.inputs["t"].type is Any

    def test_where_is_the_def_and_not_its_decorator(self, project: Any) -> None:
        """The line that is told is the one to look at."""
        root = project(
            nodes="""
            from dagbuild.modifiers import tag

            @tag(a="b",
                 c="d")
            def a(x: int) -> int:
                return x
            """
        )

        assert str(load_graph(load_modules(["nodes"], root), {}).nodes["a"].where) == "nodes.py:5"


class TestProblems:
    def test_all_problems_of_a_project_are_told_together(self, project: Any) -> None:
        """Sorted by file and line, each with what to try."""
        root = project(
            nodes="""
            def prices(path: str) -> list: ...
            def untyped(x): ...
            def stars(*many: int, **named: int) -> int: ...
            def places(x: int, /) -> int: ...
            async def later(x: int) -> int: ...
            def lost(x: "Flaot") -> int: ...
            def mismatch(prices: int) -> int: ...
            def first(second: int) -> int: ...
            def second(third: int) -> int: ...
            def third(first: int) -> int: ...
            def typo(pricse: list) -> int: ...
            def other(x: str) -> int: ...
            """,
            more="""
            def other(y: int) -> int: ...
            def region_name(region: str, size: int) -> int: ...
            """,
        )

        assert refuse_graph(root, "nodes", "more", rgion="UK", prices=3, size="big") == [
            "config value 'rgion' is read by no node\n  try: did you mean 'region'?",
            "more.py:1: 'other' is made twice: here and at nodes.py:12\n"
            "  try: rename one of them, or allow overrides to let the later module win",
            "more.py:2: config value 'size' is 'big', but 'region_name' takes int",
            "nodes.py:1: config has a value 'prices', but that is a node\n"
            "  try: remove 'prices' from the config; to give the node's value yourself, override or pin it",
            "nodes.py:2: parameter 'x' of 'untyped' has no annotation\n"
            "  try: annotate it, or name the function '_untyped' if it is a helper and no node",
            "nodes.py:2: 'untyped' has no return annotation\n"
            "  try: annotate it, or name the function '_untyped' if it is a helper and no node",
            "nodes.py:3: 'stars' takes *many\n  try: name each thing that the node needs as a parameter",
            "nodes.py:3: 'stars' takes **named\n  try: name each thing that the node needs as a parameter",
            "nodes.py:4: parameter 'x' of 'places' is positional-only\n  try: remove the '/'",
            "nodes.py:5: 'later' is an async function, which a build cannot wait for\n"
            "  try: write def instead of async def",
            "nodes.py:6: parameter 'x' of 'lost' is annotated 'Flaot', but 'Flaot' is not defined\n"
            "  try: did you mean 'float'?",
            "nodes.py:7: parameter 'prices' of 'mismatch' is int, but node 'prices' at nodes.py:1 makes list",
            "nodes.py:8: nodes need each other: first -> third -> second -> first",
            "nodes.py:11: 'typo' needs 'pricse', but no node or config value has that name\n"
            "  try: did you mean 'prices'? An input needs a name less like a node's",
        ]

    def test_consumers_must_agree_on_an_input(self, project: Any) -> None:
        """The tighter of two types that fit is the input's; two that do not fit are refused."""
        root = project(
            nodes="""
            def a(x: float, y: object, z: int | None) -> int: ...
            def b(x: int, y: list, z: int) -> int: ...
            """,
            clash="""
            def c(w: str) -> int: ...
            def d(w: int) -> int: ...
            """,
        )

        inputs = load_graph(load_modules(["nodes"], root), {}).inputs

        assert {name: item.type for name, item in inputs.items()} == {"x": int, "y": list, "z": int}
        assert refuse_graph(root, "clash") == [
            "clash.py:2: 'd' takes the input 'w' as int, but 'c' at clash.py:1 takes it as str"
        ]

    def test_a_function_that_hides_another_is_told(self, project: Any) -> None:
        """Python keeps the later of two functions of one name without a word; overloads are no such case."""
        root = project(
            nodes="""
            from typing import overload
            from dagbuild.modifiers import config

            @config.when(region="US")
            def a(x: int) -> int: ...

            @config.when(region="UK")
            def a(x: int) -> int: ...

            @overload
            def b(x: int) -> int: ...
            def b(x: object) -> int: ...
            """
        )

        assert refuse_graph(root, "nodes", region="UK") == [
            "nodes.py:8: 'a' is defined twice in this file: this one hides line 5\n"
            "  try: rename one, or name them 'a__a' and 'a__b' and choose with @config.when"
        ]

    @pytest.mark.parametrize("name", ["prices", "pricf_1", "node_b", "price", "unrelated", "pprice"])
    def test_names_that_may_well_be_inputs_are_left_alone(self, project: Any, name: Any) -> None:
        """A plural, a digit, a one-letter word, something else: no misspelling."""
        root = project(
            nodes=f"""
            def price(x: int) -> int: ...
            def price_2(x: int) -> int: ...
            def node_a(x: int) -> int: ...
            def user({name}: str) -> int: ...
            """
        )

        if name == "price":
            assert "is str, but node 'price'" in refuse_graph(root, "nodes")[0]
        else:
            assert name in load_graph(load_modules(["nodes"], root), {}).inputs

    def test_a_known_input_is_never_a_misspelling(self, project: Any) -> None:
        """A name that is given from outside may be as near to a node's as it likes."""
        root = project(nodes="def spending(x: int) -> int: ...\ndef user(spendin: int) -> int: ...")
        modules = load_modules(["nodes"], root)

        with pytest.raises(GraphError, match="'user' needs 'spendin'"):
            load_graph(modules, {})
        assert "spendin" in load_graph(modules, {}, inputs=["spendin"]).inputs
        assert "spendin" in load_graph(modules, {"spendin": 3}).inputs

    def test_two_cycles_are_both_printed(self, project: Any) -> None:
        """Also a node that needs itself."""
        root = project(
            nodes="""
            def a(b: int) -> int: ...
            def b(a: int) -> int: ...
            def c(c: int) -> int: ...
            """
        )

        assert refuse_graph(root, "nodes") == [
            "nodes.py:1: nodes need each other: a -> b -> a",
            "nodes.py:3: nodes need each other: c -> c",
        ]

    def test_a_cycle_is_printed_whatever_is_made_of_it(self, project: Any) -> None:
        """Nodes that take something of it are in none for that, and cycles behind them are printed, too."""
        root = project(
            nodes="""
            def a(b: int) -> int: ...
            def b(a: int) -> int: ...
            def c(b: int) -> int: ...
            def d(c: int, d: int) -> int: ...
            """
        )

        assert refuse_graph(root, "nodes") == [
            "nodes.py:1: nodes need each other: a -> b -> a",
            "nodes.py:4: nodes need each other: d -> d",
        ]


def test_overrides_let_the_later_module_win() -> None:
    """Only when allowed, and only between modules."""

    def a(x: int) -> int:
        return 1

    first = create_module(a)

    def a(y: int) -> int:  # type: ignore[no-redef]  # another one of that name
        return 2

    second = create_module(a)

    assert load_graph([first, second], {}, assembly=Assembly(allow_overrides=True)).nodes["a"].upstream == (
        "y",
    )
    with pytest.raises(GraphError, match="'a' is made twice"):
        load_graph([first, second], {})
    with pytest.raises(GraphError, match="'a' is made twice"):
        load_graph([create_module(first.a, second.a)], {}, assembly=Assembly(allow_overrides=True))


def test_a_file_parameter_takes_a_path_from_a_node() -> None:
    """A node may make the path that another one reads."""

    def path(folder: str) -> str:
        return folder

    def table(path: File, second: File) -> int:
        return 1

    graph = load_graph([create_module(path, table)], {"second": "b.csv", "folder": "f"})

    assert graph.inputs["second"].type is File


def test_functions_of_a_notebook_make_a_module() -> None:
    """create_module takes functions from anywhere, and only functions."""

    def a(x: int) -> int:
        return x

    module = create_module(a, name="cells")

    assert (module.__name__, module.a, a.__module__) == ("cells", a, __name__)
    with pytest.raises(GraphError, match="3 is no function"):
        create_module(3)  # type: ignore[arg-type]  # wrong on purpose


def test_a_long_chain_is_quick(project: Any) -> None:
    """Ten thousand nodes in a row: no recursion, and well under the time of a coffee."""
    lines = ["def n0() -> int:\n    return 0"]
    lines += [f"def n{i}(n{i - 1}: int) -> int:\n    return n{i - 1}" for i in range(1, 10_000)]
    modules = load_modules(["chain"], project(chain="\n".join(lines)))

    started = time.perf_counter()
    graph = load_graph(modules, {})

    assert len(graph.order(["n9999"])) == 10_000
    assert time.perf_counter() - started < 5


def test_importing_the_decorators_opens_no_library() -> None:
    """pandas, numpy and pyarrow stay closed until somebody else opens them."""
    script = (
        "import sys, dagbuild.modifiers, dagbuild.loader, dagbuild.driver.results\n"
        "print({'pandas', 'numpy', 'pyarrow', 'polars'} & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


def test_what_a_module_has_under_a_private_name_is_no_node(project: Any) -> None:
    """However the function calls itself: it was made in another one, perhaps several times."""
    root = project(
        powers="""
        def _power(exponent: int):
            def power(base: float) -> float:
                return base**exponent
            return power

        _square = _power(2)
        _cube = _power(3)
        _ = _power(1)

        def cubed(base: float) -> float:
            return _cube(base)

        _alias = cubed
        """
    )

    assert set(load_graph(load_modules(["powers"], root), {}).nodes) == {"cubed"}
