"""The Python face: running, asking and drawing from a Driver."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dagbuild import (
    Driver,
    Files,
    NodeError,
    PandasDataFrameResult,
    RayGraphAdapter,
    UserError,
    config,
    create_module,
    parameterize,
    read_file,
    reads,
    tag,
    value,
)
from dagbuild.driver.driver import make_node_error
from dagbuild.ground.errors import InputError
from dagbuild.model.outcome import Cause, Failure
from dagbuild.plan.events import How
from dagbuild.plan.plan import Status


@tag(owner="ads", level=["raw", "daily"])
def spend(base: float) -> pd.Series:
    """What was spent."""
    return pd.Series([base, 2.0, 3.0])


@tag(owner="web")
def signups() -> pd.Series:
    """Who came."""
    return pd.Series([1.0, 1.0, 2.0])


def cost(spend: pd.Series, signups: pd.Series) -> pd.Series:
    """What one signup cost."""
    return spend / signups


@config.when(region="UK")
def holidays__uk() -> int:
    return 8


@config.when_not(region="UK")
def holidays__other() -> int:
    return 11


def broken(cost: pd.Series) -> float:
    raise ZeroDivisionError("no day without signups")


MODULE = create_module(spend, signups, cost, holidays__uk, holidays__other, broken)


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    """A driver with a cache of its own."""
    made = Driver({"base": 1.0, "region": "UK"}, MODULE, cache=tmp_path / "cache")
    yield made
    made.project.close()


def test_execute_returns_values_by_name(driver: Driver) -> None:
    """Outputs are names or functions."""
    values = driver.execute([cost, "holidays"])

    assert list(values) == ["cost", "holidays"]
    assert values["cost"].tolist() == [1.0, 2.0, 1.5]
    assert values["holidays"] == 8


def test_adapter_puts_the_values_together(tmp_path: Path) -> None:
    """A result builder makes a frame of them."""
    driver = Driver({"base": 1.0}, MODULE, cache=tmp_path, adapter=PandasDataFrameResult())

    frame = driver.execute(["spend", "cost"])

    assert list(frame.columns) == ["spend", "cost"]
    assert len(frame) == 3


def test_an_executor_that_is_named_wins_over_the_adapters(tmp_path: Path) -> None:
    """To look for a fault here; what it builds stays the same."""
    adapter = RayGraphAdapter(PandasDataFrameResult())
    driver = Driver({"base": 1.0}, MODULE, cache=tmp_path, adapter=adapter, executor="inline")

    assert list(driver.execute(["spend", "cost"]).columns) == ["spend", "cost"]
    assert driver.project.settings.executor.kind == "inline"


def test_overridden_node_is_not_computed_nor_what_only_it_needs(driver: Driver) -> None:
    """And its value is what downstream sees."""
    result = driver.build(["cost"], overrides={"spend": pd.Series([10.0, 10.0, 10.0])})

    assert result.values["cost"].tolist() == [10.0, 10.0, 5.0]
    assert set(result.names(How.COMPUTED)) == {"signups", "cost"}


def test_value_of_one_execution_does_not_change_the_cache(driver: Driver) -> None:
    """Ordinary pandas code works on what is returned, and stays with it."""
    first = driver.execute(["cost"])["cost"]
    first.iloc[0] = 99.0

    assert driver.execute(["cost"])["cost"].tolist() == [1.0, 2.0, 1.5]


def test_node_that_raises_is_named_and_its_error_is_the_cause(driver: Driver) -> None:
    """What was finished before stays finished."""
    with pytest.raises(
        NodeError, match="node 'broken' failed: ZeroDivisionError: no day without signups"
    ) as caught:
        driver.execute(["broken"])

    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert driver.status(["cost"]).clean


def test_an_error_says_what_is_behind_it(tmp_path: Path) -> None:
    """In its own text, for who prints or logs no more than that."""

    def clean() -> int:
        try:
            return int("12 monkeys")
        except ValueError as error:
            raise ExceptionGroup("not clean", [KeyError("price")]) from error

    driver = Driver({}, create_module(clean), cache=None)

    with pytest.raises(NodeError) as caught:
        driver.execute(["clean"])

    assert str(caught.value).splitlines()[1:] == [
        "    1 of 1: KeyError: 'price'",
        "  caused by ValueError: invalid literal for int() with base 10: '12 monkeys'",
    ]


def test_an_error_that_came_from_far_away_brings_its_frames() -> None:
    """The exception could not be carried here, or without its traceback: the frames are a note."""
    causes = (Cause("caused by", "KeyError", "'price'", '  File "a.py", line 3, in load\n'),)
    failure = Failure(
        "OSError", "no", '  File "a.py", line 9, in clean\n', error=OSError("no"), causes=causes
    )

    error = make_node_error("clean", failure, "a.py:7")

    assert error.__notes__ == [
        'OSError: no\n  File "a.py", line 9, in clean\n  caused by KeyError: \'price\'\n    File "a.py", line 3, in load'
    ]


def test_status_and_explain_run_nothing(driver: Driver) -> None:
    """They tell before the first build too."""
    assert driver.status(["cost"]).steps["cost"].status is Status.MISSING
    driver.execute(["cost"])

    assert driver.status(["cost"]).clean
    assert driver.explain("cost").step.status is Status.FRESH
    stale = driver.status(["cost"], overrides={"signups": pd.Series([1.0, 2.0, 3.0])})
    assert stale.steps["cost"].status is Status.STALE


def test_variables_tell_types_tags_and_docs(driver: Driver) -> None:
    """Inputs are among them."""
    by_name = {variable.name: variable for variable in driver.list_available_variables()}

    assert by_name["spend"].documentation == "What was spent."
    assert by_name["spend"].tags["owner"] == "ads"
    assert by_name["spend"].type is pd.Series
    assert by_name["base"].is_external_input
    assert not by_name["spend"].is_external_input


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"owner": None}, {"spend", "signups"}),
        ({"owner": "ads"}, {"spend"}),
        ({"owner": ["ads", "web"]}, {"spend", "signups"}),
        ({"owner": "ads", "level": "raw"}, {"spend"}),
        ({"owner": "web", "level": None}, set()),
    ],
)
def test_variables_are_filtered_by_tag(driver: Driver, wanted: dict[str, Any], names: set[str]) -> None:
    """None asks for the tag, a list for one of its values."""
    assert {variable.name for variable in driver.list_available_variables(tag_filter=wanted)} == names


def test_questions_about_edges(driver: Driver) -> None:
    """Up, down and between."""

    def names(variables: list[Any]) -> set[str]:
        return {variable.name for variable in variables}

    assert names(driver.what_is_upstream_of("cost")) == {"base", "spend", "signups", "cost"}
    assert names(driver.what_is_downstream_of("signups")) == {"signups", "cost", "broken"}
    assert names(driver.what_is_the_path_between("base", "cost")) == {"base", "spend", "cost"}
    assert driver.has_cycles(["cost"]) is False
    with pytest.raises(UserError, match="did you mean 'cost'"):
        driver.what_is_upstream_of("csot")


def test_validate_execution_refuses_what_cannot_be_built(tmp_path: Path) -> None:
    """Before anything runs."""
    driver = Driver({}, MODULE, cache=tmp_path)

    driver.validate_execution(["signups"])
    driver.validate_execution(["cost"], inputs={"base": 2.0})
    with pytest.raises(InputError, match="node 'spend' needs 'base'"):
        driver.validate_execution(["cost"])


def test_only_what_is_wanted_needs_its_inputs(tmp_path: Path) -> None:
    """A default serves the node that has one, whatever another node needs; what is left out is told."""

    def rate(share: float = 0.5) -> float:
        return share

    def other(share: float) -> float:
        return share

    def log_shape(x: int) -> int:
        return x

    driver = Driver({}, create_module(rate, other, log_shape), cache=tmp_path)

    assert driver.execute(["rate"]) == {"rate": 0.5}
    plan = driver.status()
    assert plan.targets == ("rate",)
    assert {name: why.text for name, why in plan.lacking.items()} == {
        "other": "needs 'share': give it under [config], or name it `_other`",
        "log_shape": "needs 'x': give it under [config], or name it `_log_shape`",
    }
    with pytest.raises(InputError, match="node 'other' needs 'share'"):
        driver.execute(["rate", "other"])
    assert driver.status(inputs={"share": 1.0}).targets == ("rate", "other")


def test_nothing_is_left_out_when_nothing_would_be_left(tmp_path: Path) -> None:
    """Then that is the answer."""

    def log_shape(x: int) -> int:
        return x

    driver = Driver({}, log_shape, cache=tmp_path)

    with pytest.raises(InputError, match="or name it `_log_shape` if it is a helper"):
        driver.status()


def test_functions_are_taken_beside_modules(tmp_path: Path) -> None:
    """In a notebook there is no module; a later function replaces an earlier one where that is allowed."""

    def signups() -> pd.Series:
        return pd.Series([2.0, 2.0, 2.0])

    def spend_of_three(cost: pd.Series) -> float:
        return float(cost.sum())

    driver = Driver({"base": 1.0}, MODULE, signups, spend_of_three, cache=tmp_path, allow_overrides=True)

    assert driver.execute([spend_of_three]) == {"spend_of_three": 3.0}
    with pytest.raises(UserError, match="'signups' is made twice"):
        Driver({"base": 1.0}, MODULE, signups, cache=tmp_path)


class Callable:
    def __call__(self) -> int:
        return 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["features"], "not the text 'features'\n  try: import it: `import features`"),
        ([[MODULE]], "not something of type list\n  try: give them one by one: Driver(config, *modules)"),
        ([MODULE, {"a": 1}], "not something of type dict\n  try: the config comes first"),
        ([lambda: 1], "not a lambda\n  try: write a function that calls it"),
        ([partial(cost)], "not something of type partial\n  try: write a function that calls it"),
        ([Callable()], "not something of type Callable\n  try: write a function that calls it"),
        ([Callable], "not the class 'Callable'\n  try: write a function that calls it"),
        ([print], "not something of type builtin_function_or_method\n  try: write a function"),
        ([5], "not something of type int\n  try: Driver(config, *modules)"),
    ],
)
def test_what_is_neither_module_nor_function_is_refused_in_words(given: list[Any], said: str) -> None:
    """With what to write."""
    with pytest.raises(UserError, match=re.escape(f"Driver takes modules and functions, but {said}")):
        Driver({}, *given, cache=None)


@pytest.mark.parametrize(("given", "name"), [(MODULE, "the module 'created'"), (cost, "the function 'cost'")])
def test_the_config_comes_first(given: Any, name: str) -> None:
    """Forgotten, it is said to be."""
    with pytest.raises(UserError, match=f"the config, a dict of values, but {name} was given"):
        Driver(given)


@pytest.mark.parametrize("suffix", ["svg", "dot", "mmd", "json"])
def test_drawings_hold_every_node(driver: Driver, tmp_path: Path, suffix: str) -> None:
    """The text formats need no program."""
    path = tmp_path / f"graph.{suffix}"

    driver.visualize_execution(["cost"], path)

    text = path.read_text()
    assert all(name in text for name in ("spend", "signups", "cost", "base"))
    assert "broken" in driver.display_all_functions()


def test_drawings_are_the_same_with_and_without_a_program(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook's picture does not depend on what happens to be installed, and the file is what is returned."""
    here = driver.visualize_execution(["cost"], tmp_path / "deep" / "graph.svg")
    monkeypatch.setenv("PATH", "")

    assert driver.visualize_execution(["cost"]) == here
    assert (tmp_path / "deep" / "graph.svg").read_text() == here


@pytest.mark.parametrize("output", ["cost", cost], ids=["name", "function"])
def test_values_are_exported(driver: Driver, tmp_path: Path, output: Any) -> None:
    """From the cache where they are there, in the form that the suffix names."""
    driver.export(output, tmp_path / "cost.csv")
    driver.project.export("cost", tmp_path / "cost.md")

    assert pd.read_csv(tmp_path / "cost.csv")["value"].tolist() == [1.0, 2.0, 1.5]
    assert (tmp_path / "cost.md").read_text().splitlines()[2] == "|     1 |"


def test_export_takes_what_execute_takes(driver: Driver, tmp_path: Path) -> None:
    """Overrides count, a node that fails is told, and so is a form that the value has not."""
    driver.export("cost", tmp_path / "cost.json", overrides={"spend": pd.Series([4.0, 4.0, 4.0])})

    assert read_file(tmp_path / "cost.json") == [{"value": 4.0}, {"value": 4.0}, {"value": 2.0}]
    with pytest.raises(NodeError):
        driver.export("broken", tmp_path / "broken.json")
    with pytest.raises(InputError, match=r"`cost` is a Series, which a \.png file cannot hold"):
        driver.export("cost", tmp_path / "cost.png")
    with pytest.raises(InputError, match="'signups' is not built"):
        Driver({"base": 1.0}, MODULE, cache=tmp_path / "new").project.export("signups", tmp_path / "cost.csv")


def test_driver_without_a_cache_folder_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`cache=None` lasts as long as the driver."""
    monkeypatch.chdir(tmp_path)
    driver = Driver({"base": 1.0}, MODULE, cache=None)

    assert driver.execute(["cost"])["cost"].tolist() == [1.0, 2.0, 1.5]
    assert list(tmp_path.iterdir()) == []


def count_lines(logs: Files) -> int:
    return sum(len(log.path.read_text().splitlines()) for log in logs)


@reads("notes.txt")
def note() -> str:
    return Path("notes.txt").read_text()


def lines_twice(count_lines: int) -> Iterator[int]:
    yield count_lines
    yield count_lines


def first(lines_twice: Iterator[int]) -> int:
    return next(lines_twice)


def total(lines_twice: Iterator[int]) -> int:
    return sum(lines_twice)


FILES = create_module(count_lines, note, lines_twice, first, total)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with files to read."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text("1\n2\n")
    (tmp_path / "logs" / "b.log").write_text("3\n")
    (tmp_path / "notes.txt").write_text("hello")
    return tmp_path


@pytest.mark.parametrize("pattern", ["logs/*.log", "logs", ["logs/a.log", "logs/b.log"]])
def test_files_of_a_glob_folder_or_list_are_the_input(folder: Path, pattern: object) -> None:
    """A new file, a renamed one and a changed byte count; a touched one does not."""
    driver = Driver({}, FILES)

    def build() -> tuple[int, int]:
        result = driver.build(["count_lines"], inputs={"logs": pattern})
        return result.values["count_lines"], len(result.names(How.COMPUTED))

    assert build() == (3, 1)
    (folder / "logs" / "a.log").touch()
    assert build() == (3, 0)
    (folder / "logs" / "b.log").write_text("3\n4\n")
    assert build() == (4, 1)
    if isinstance(pattern, str):
        (folder / "logs" / "c.log").write_text("5\n")
        assert build() == (5, 1)


def test_file_that_the_body_reads_is_declared_by_a_decorator(folder: Path) -> None:
    """`@reads` names a path from the project's root."""
    driver = Driver({}, FILES)

    assert driver.execute(["note"]) == {"note": "hello"}
    assert driver.status(["note"]).clean
    (folder / "notes.txt").write_text("good bye")
    reasons = driver.status(["note"]).steps["note"].reasons
    assert [str(reason) for reason in reasons] == ["notes.txt changed"]
    assert driver.execute(["note"]) == {"note": "good bye"}
    (folder / "notes.txt").unlink()
    with pytest.raises(InputError, match=r"node 'note' reads 'notes\.txt'"):
        driver.status(["note"])


def test_iterator_of_a_view_is_fresh_for_every_consumer(folder: Path) -> None:
    """An exhausted iterator is never served."""
    driver = Driver({}, FILES)

    assert driver.execute(["first", "total"], inputs={"logs": "logs"}) == {"first": 3, "total": 6}


def test_missing_files_are_told(folder: Path) -> None:
    """With the pattern that matched nothing."""
    with pytest.raises(InputError, match=r"input 'logs': no file matches 'nothing/\*'"):
        Driver({}, FILES).status(["total"], inputs={"logs": "nothing/*"})


GIVEN = [1]


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_what_a_decorator_was_given_is_copied_for_each_call(tmp_path: Path, executor: str) -> None:
    """A node that changes it changes it for nobody: not for the next node, and not for the next build."""

    @parameterize(first={"given": value(GIVEN)}, second={"given": value(GIVEN)})
    def grown(given: list[int]) -> int:
        given.append(1)
        return len(given)

    driver = Driver({}, create_module(grown), cache=tmp_path / "cache", executor=executor)

    assert driver.execute(["first", "second"]) == {"first": 2, "second": 2}
    assert driver.build(["first"], force=["first"]).names(How.COMPUTED) == ["first"]
    assert driver.execute(["first"]) == {"first": 2}
    assert GIVEN == [1]
