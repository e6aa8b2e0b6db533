"""What adapters are told and asked while nodes run, called here and in builds, in Hamilton's order and words."""

from __future__ import annotations

import importlib
import logging
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dagbuild import base, driver, lifecycle
from dagbuild.lifecycle import base as moments
from dagbuild.plugins import h_rich, h_tqdm

CODE = """
from LIBRARY.function_modifiers import tag

@tag(kind="first")
def a(x: int) -> int:
    "What a is."
    return x
def b(a: int, x: int, by: int = 3) -> float: return a / (x - 1)
def c(b: float) -> float: return b
"""


def load(code: str = CODE, library: str = "dagbuild") -> ModuleType:
    made: ModuleType = importlib.import_module(f"{library}.ad_hoc_utils").module_from_source(
        code.replace("LIBRARY", library), f"lived_{library}"
    )
    return made


@pytest.fixture(autouse=True)
def no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Listens:
    """Writes down what it is told, but for what has no name."""

    heard: list[Any]

    def run_after_graph_construction(self, *, graph: Any, config: Any, **_: Any) -> None:
        self.heard.append(("made", sorted(node.name for node in graph.nodes), config))

    def run_before_graph_execution(
        self, *, final_vars: Any, inputs: Any, overrides: Any, execution_path: Any, **_: Any
    ) -> None:
        self.heard.append(("begin", final_vars, inputs, overrides or {}, sorted(execution_path)))

    def run_after_graph_execution(self, *, success: bool, error: Any, results: Any, **_: Any) -> None:
        self.heard.append(("end", success, type(error).__name__, results))

    def run_before_node_execution(
        self,
        *,
        node_name: str,
        node_tags: Any,
        node_kwargs: Any,
        node_return_type: Any,
        task_id: Any,
        node_input_types: Any,
        **_: Any,
    ) -> None:
        self.heard.append(
            (
                "before",
                node_name,
                node_tags.get("kind"),
                node_kwargs,
                node_return_type,
                task_id,
                node_input_types,
            )
        )

    def run_after_node_execution(
        self, *, node_name: str, node_kwargs: Any, result: Any, error: Any, success: bool, **_: Any
    ) -> None:
        self.heard.append(("after", node_name, node_kwargs, result, type(error).__name__, success))

    def run_to_validate_node(self, *, node: Any, **_: Any) -> tuple[bool, str | None]:
        self.heard.append(("valid", node.name))
        return True, None


def make_listener(library: str, heard: list[Any]) -> Any:
    """Return an adapter of the library's own classes that writes down what it is told."""
    hooks = importlib.import_module(f"{library}.lifecycle")
    names = ("NodeExecutionHook", "GraphExecutionHook", "GraphConstructionHook", "StaticValidator")
    made: Any = type("Listening", (Listens, *(getattr(hooks, name) for name in names)), {})()
    made.heard = heard
    return made


def play(library: str, inputs: dict[str, Any], *, kept: bool = False) -> list[Any]:
    heard: list[Any] = []
    builder = importlib.import_module(f"{library}.driver").Builder().with_modules(load(library=library))
    builder.with_adapters(make_listener(library, heard))
    made = builder.with_cache("kept").build() if kept else builder.build()
    try:
        made.execute(["c"], inputs=inputs)
    except ZeroDivisionError:
        heard.append("raised")
    return heard


@pytest.mark.parametrize("x", [3, 1])
def test_is_told_what_hamilton_tells(x: int) -> None:
    """Of the graph, of the run and of each node, also when one fails."""
    pytest.importorskip("hamilton")
    theirs, ours = play("hamilton", {"x": x}), play("dagbuild", {"x": x})

    for heard in (theirs, ours):  # validators are asked in no order, and inputs are not all nodes everywhere
        heard[:] = [each for each in heard if each[0] != "valid"]
        for each in heard:
            if each[0] == "begin":
                each[4][:] = [name for name in each[4] if name in {"a", "b", "c"}]
    assert ours == theirs


@pytest.mark.parametrize("x", [3, 1])
def test_a_build_with_a_store_tells_the_same_of_what_runs(x: int) -> None:
    """With values that are loaded for it; of what is taken from the store nothing is told, since nothing runs."""
    plain, built, again = (
        play("dagbuild", {"x": x}),
        play("dagbuild", {"x": x}, kept=True),
        play("dagbuild", {"x": x}, kept=True),
    )

    assert built == plain
    ran = [each[1] for each in again if each[0] == "before"]
    assert ran == ([] if x == 3 else ["b"])


class Refuses(lifecycle.StaticValidator):
    def run_to_validate_node(self, *, node: Any, **_: Any) -> tuple[bool, str | None]:
        return not node.documentation, "it is documented"

    def run_to_validate_graph(self, graph: Any, **_: Any) -> tuple[bool, str | None]:
        return len(graph.nodes) > 100, "it is too small"


def test_validators_refuse_with_all_their_reasons() -> None:
    """Of nodes and of the graph, in one error."""
    with pytest.raises(ValueError, match="it is documented") as refused:
        driver.Builder().with_modules(load()).with_adapters(Refuses()).build()

    assert "the graph is not valid: it is too small" in str(refused.value)


class Runs(lifecycle.NodeExecutionMethod):
    def run_to_execute_node(self, *, node_name: str, node_callable: Any, node_kwargs: Any, **_: Any) -> Any:
        return node_callable(**node_kwargs) + (100 if node_name == "a" else 0)


def test_who_runs_nodes_runs_them() -> None:
    """In the place of the call; with a store, that is refused: the value would be another than its key says."""
    builder = driver.Builder().with_modules(load()).with_adapters(Runs())

    assert builder.build().execute(["a", "b"], inputs={"x": 2}) == {"a": 102, "b": 102.0}
    with pytest.raises(ValueError, match="Runs runs nodes itself"):
        builder.with_cache("kept").build().execute(["a"], inputs={"x": 2})


def test_who_runs_nodes_runs_them_in_a_project_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody asked in the program for values to be kept: they are not, and that is said once."""
    (tmp_path / "dagbuild.toml").write_text("modules = []\n")
    monkeypatch.chdir(tmp_path)
    made = driver.Builder().with_modules(load()).with_adapters(Runs()).build()

    with caplog.at_level(logging.INFO, "dagbuild"):
        for _ in range(2):
            assert made.execute(["a"], inputs={"x": 2}) == {"a": 102}

    assert [record.message for record in caplog.records] == [
        f"Runs runs nodes itself: values are neither taken from the cache of {tmp_path}/dagbuild.toml nor put there"
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["dagbuild.toml"]


class Own(base.SimplePythonGraphAdapter):
    """As in the paper's last listing: runs nodes its own way, and makes the result."""

    def __init__(self) -> None:
        super().__init__(base.DictResult())
        self.ran: list[str] = []

    @staticmethod
    def check_input_type(node_type: Any, input_value: Any) -> bool:
        return True

    @staticmethod
    def check_node_type_equivalence(node_type: Any, input_type: Any) -> bool:
        return True

    def execute_node(self, node: Any, kwargs: dict[str, Any]) -> Any:
        self.ran.append(node.name)
        return node.callable(**kwargs)

    def build_result(self, **outputs: Any) -> Any:
        return sorted(outputs.items())


def test_an_adapter_of_ones_own_does_all_of_it() -> None:
    """Types of inputs and of edges, calls, and the result."""
    adapter = Own()
    made = driver.Driver(
        {}, load("def a(x: int) -> str: return x\ndef b(a: int) -> int: return a\n"), adapter=adapter
    )

    assert made.execute(["b", "a"], inputs={"x": 2.5}) == [("a", 2.5), ("b", 2.5)]
    assert adapter.ran == ["a", "b"]


def test_without_type_checks_anything_is_joined() -> None:
    """With the adapter that says so, and with no other."""
    module = load("def a(x: int) -> str: return x\ndef b(a: int) -> int: return a\n")
    builder = driver.Builder().with_modules(module)

    with pytest.raises(ValueError, match="parameter 'a' of 'b' is int, but node 'a'"):
        builder.build()
    builder.with_adapters(lifecycle.NoEdgeAndInputTypeChecking())
    assert builder.build().execute(["b"], inputs={"x": "text"}) == {"b": "text"}


def test_types_are_held_to_their_word() -> None:
    """Of what a node takes and gives, where that is asked for."""
    module = load("def a(x: int) -> str: return x\ndef b(y: int) -> str: return str(y)\n")
    made = (
        driver.Builder()
        .with_modules(module)
        .with_adapters(lifecycle.FunctionInputOutputTypeChecker())
        .build()
    )

    assert made.execute(["b"], inputs={"y": 1}) == {"b": "1"}
    with pytest.raises(TypeError, match="node 'a' gives str, and gave a int"):
        made.execute(["a"], inputs={"x": 1})
    with pytest.raises(TypeError, match="node 'b' takes 'y' as int, and got a NoneType"):
        made.execute(["b"], inputs={"y": None})


def test_elements_are_held_to_their_word_where_they_are_taken() -> None:
    """What gives them may yield; what is told of it is that it gives several."""
    module = load(
        "from dagbuild.htypes import Collect, Parallelizable\n"
        "def each(x: int) -> Parallelizable[int]: yield from range(x)\n"
        "def words(x: int) -> Parallelizable[int]: return 'ab'\n"
        "def part(each: int) -> int: return each\n"
        "def word(words: int) -> int: return 1\n"
        "def total(part: Collect[int]) -> int: return sum(part)\n"
        "def one(x: int) -> Parallelizable[int]: return x\n"
    )
    made = (
        driver.Builder()
        .with_modules(module)
        .enable_dynamic_execution(allow_experimental_mode=True)
        .with_adapters(lifecycle.FunctionInputOutputTypeChecker())
        .build()
    )

    assert made.execute(["total"], inputs={"x": 3}) == {"total": 3}
    assert str(made.graph.nodes["each"].type).endswith("Parallelizable[int]")
    assert made.graph.nodes["part"] in made.graph.get_nodes()
    with pytest.raises(TypeError, match="node 'word' takes 'words' as int, and got a str"):
        made.execute(["word"], inputs={"x": 3})
    with pytest.raises(TypeError, match="node 'one' gives elements, and gave a int"):
        made.execute(["one"], inputs={"x": 3})


GRACEFUL = """
from LIBRARY.htypes import Collect, Parallelizable
from LIBRARY.lifecycle import accept_error_sentinels

def fine(x: int) -> int: return x
def fails(fine: int) -> int: raise ValueError("no")
def below(fails: int, fine: int) -> int: return fails + fine
@accept_error_sentinels
def told(fails: int, fine: int) -> str: return f"{fails} {fine}"
def each(x: int) -> Parallelizable[int]: yield from range(x)
def part(each: int) -> int: return 1 // (each - 1)
def parts(part: Collect[int]) -> list: return list(part)
def other(x: int) -> int: raise KeyError("another kind")
"""


def gracefully(library: str, names: list[str]) -> Any:
    adapters = importlib.import_module(f"{library}.lifecycle.default")
    builder = importlib.import_module(f"{library}.driver").Builder()
    builder.with_modules(load(GRACEFUL, library)).enable_dynamic_execution(allow_experimental_mode=True)
    builder.with_adapters(adapters.GracefulErrorAdapter(error_to_catch=ArithmeticError, sentinel_value=None))
    builder.with_adapters(
        adapters.GracefulErrorAdapter(error_to_catch=ValueError, sentinel_value=None)
    ) if False else None
    return builder.build().execute(names, inputs={"x": 3})


@pytest.mark.parametrize("names", [["parts"], ["fine", "part"]])
def test_a_build_goes_on_gracefully(names: list[str]) -> None:
    """With what Hamilton has in the place of what failed."""
    pytest.importorskip("hamilton")
    if names == ["parts"]:
        assert gracefully("dagbuild", names) == gracefully("hamilton", names)
    else:
        assert gracefully("dagbuild", names) == {"fine": 3, "part": [-1, None, 1]}


@pytest.mark.parametrize("library", ["hamilton", "dagbuild"])
def test_what_a_failed_node_is_taken_by_is_not_run(library: str) -> None:
    """But what says that it takes it."""
    pytest.importorskip(library)
    adapters = importlib.import_module(f"{library}.lifecycle.default")
    builder = importlib.import_module(f"{library}.driver").Builder().with_modules(load(GRACEFUL, library))
    builder.enable_dynamic_execution(allow_experimental_mode=True)
    made = builder.with_adapters(adapters.GracefulErrorAdapter(ValueError, "failed")).build()

    assert made.execute(["fine", "below", "told"], inputs={"x": 3}) == {
        "fine": 3,
        "below": "failed",
        "told": "failed 3",
    }
    with pytest.raises(KeyError):
        made.execute(["other"], inputs={"x": 3})


def test_lines_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """A line before and after each node, of those that are meant."""
    adapter = lifecycle.PrintLn(verbosity=2, node_filter=lambda name, tags: "kind" in tags)
    driver.Builder().with_modules(load()).with_adapters(adapter).build().execute(["b"], inputs={"x": 3})

    first, second = capsys.readouterr().out.splitlines()
    assert first == "Executing node: a with inputs: {'x': 3}."
    assert second.startswith("Finished node: a in ") and second.endswith(" s. Result: 3.")


def test_a_bar_shows_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """To the last of the nodes that are asked for."""
    bar = h_tqdm.ProgressBar("going", mininterval=0)
    driver.Builder().with_modules(load()).with_adapters(bar).build().execute(["c"], inputs={"x": 3})

    assert "going -> c: 100%" in capsys.readouterr().err


def test_a_bar_of_richs(capsys: pytest.CaptureFixture[str]) -> None:
    """The same, and it ends when a node fails."""
    bar = h_rich.RichProgressBar("going")
    made = driver.Builder().with_modules(load()).with_adapters(bar).build()
    made.execute(["c"], inputs={"x": 3})
    assert "going c" in capsys.readouterr().out

    with pytest.raises(ZeroDivisionError):
        made.execute(["c"], inputs={"x": 1})
    assert bar._progress.live.is_started is False


def test_moments_are_asked_by_class() -> None:
    """An adapter that has the class of one moment is asked at that one."""
    seen: list[str] = []

    class Before(moments.BasePreNodeExecute):
        def pre_node_execute(self, *, node_: Any, kwargs: Any, **_: Any) -> None:
            seen.append(f"{node_.name} {sorted(kwargs)}")

    class Makes(moments.BaseDoBuildResult):
        def do_build_result(self, *, outputs: dict[str, Any]) -> Any:
            return list(outputs.values())

    made = driver.Driver({}, load(), adapter=[Before(), Makes()])

    assert made.execute(["a", "b"], inputs={"x": 2}) == [2, 2.0]
    assert seen == ["a ['x']", "b ['a', 'x']"]
