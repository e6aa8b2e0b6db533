"""What is renamed and means the same is not computed again."""

from pathlib import Path

import pytest

from dagbuild.plan.events import How
from tests.support import build, computed, load_project, write_files

SETTINGS = 'modules = ["nodes"]\n[inputs]\nx = 4\n'
NODES = """
    from helpers import clean


    def raw(x: int) -> list[int]:
        return list(range(x))


    def spend(raw: list[int]) -> list[int]:
        return clean(raw)


    def total(spend: list[int], x: int) -> dict[str, int]:
        best = max(spend)
        return {"spend": sum(spend) + x, "rows": len([one for one in spend if one != best]), "x": x}
"""
HELPERS = """
    LIMIT = 2


    def clean(values):
        return [value for value in values if value < LIMIT]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "nodes.py": NODES, "helpers.py": HELPERS})
    assert computed(build(tmp_path, "total")) == {"raw", "spend", "total"}
    return tmp_path


def edit(folder: Path, *changes: tuple[str, str], file: str = "nodes.py") -> None:
    """Replace words of a module, all of them at once."""
    text = (folder / file).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / file).write_text(text)


def test_renamed_node(project: Path) -> None:
    """A target under another name is taken from the cache, and the next time found at once."""
    edit(project, ("def total", "def sums"))

    first = build(project, "sums")
    record = load_project(project).log("sums")[0]

    assert computed(first) == set()
    assert first.values["sums"] == {"spend": 5, "rows": 1, "x": 4}
    assert record.alias and record.node == "sums"
    assert load_project(project).status(["sums"]).steps["sums"].record == record


def test_renamed_node_and_the_parameter_of_its_consumer(project: Path) -> None:
    """The consumer's parameter, and the name in its body, follow the node: nothing runs."""
    edit(project, ("def spend(", "def spending("), ("(spend: list[int], x", "(spending: list[int], x"))
    edit(
        project,
        ("max(spend)", "max(spending)"),
        ("sum(spend)", "sum(spending)"),
        ("in spend if", "in spending if"),
    )

    assert computed(build(project, "total")) == set()
    (alias,) = (record for record in load_project(project).log("total") if record.alias)
    assert alias.upstream.keys() == {"spending", "x"}


def test_renamed_node_above_a_node_that_runs(project: Path) -> None:
    """A name that is settled while the build runs is settled as well."""
    edit(project, ("def spend(", "def spending("), ("(spend: list[int], x", "(spending: list[int], x"))
    edit(project, ("max(spend)", "max(spending)"), ("sum(spend)", "3 * sum(spending)"))
    edit(project, ("in spend if", "in spending if"))

    assert computed(build(project, "total")) == {"total"}


def test_late_hit_of_a_renamed_node(project: Path) -> None:
    """Its upstream runs again and gives an equal value: then the renamed node is known after all."""
    edit(project, ("list(range(x))", "sorted(range(x))"), ("def total", "def sums"))

    assert computed(build(project, "sums")) == {"raw"}


def test_renamed_helper(project: Path) -> None:
    """A helper that is merely called may be called anything."""
    edit(project, ("clean", "tidy"))
    edit(project, ("clean", "tidy"), file="helpers.py")

    assert computed(build(project, "total")) == set()


def test_renamed_and_moved_module(project: Path) -> None:
    """A module's name and folder say nothing, however its functions are imported."""
    write_files(project, {"cleaners/__init__.py": ""})
    (project / "helpers.py").rename(project / "cleaners" / "lists.py")
    edit(
        project,
        ("from helpers import clean", "import cleaners.lists"),
        ("clean(raw)", "cleaners.lists.clean(raw)"),
    )

    assert computed(build(project, "total")) == set()

    (project / "nodes.py").rename(project / "features.py")
    (project / "dagbuild.toml").write_text(SETTINGS.replace("nodes", "features"))

    assert computed(build(project, "total")) == set()


SWAPPED = """
    def a(x: int) -> int:
        return x + 1


    def b(x: int) -> int:
        return x * 10


    def both(a: int, b: int) -> int:
        return a - b


    def apart(a: int, b: int) -> str:
        return f"{b} after {a}"
"""


def test_swapped_names(tmp_path: Path) -> None:
    """Two nodes that change names are computed, and so is what takes them."""
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "nodes.py": SWAPPED})
    build(tmp_path, "both", "apart")
    edit(tmp_path, ("def a(", "def c("), ("def b(", "def a("), ("def c(", "def b("))

    values = build(tmp_path, "both", "apart").values

    assert values == {"both": 40 - 5, "apart": "5 after 40"}


def test_swapped_names_with_their_consumers(tmp_path: Path) -> None:
    """What takes them by their new names gives what it gave."""
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "nodes.py": SWAPPED})
    build(tmp_path, "both", "apart")
    edit(tmp_path, ("def a(", "def c("), ("def b(", "def a("), ("def c(", "def b("))
    edit(tmp_path, ("(a: int, b: int) -> int", "(b: int, a: int) -> int"), ("a - b", "b - a"))

    result = build(tmp_path, "both")

    assert result.values == {"both": 5 - 40}
    assert "both" not in computed(result)


RANDOM = """
    import random


    def one(x: int) -> float:
        return random.random()


    def two(x: int) -> float:
        return random.random()


    def pair(one: float, two: float) -> list[float]:
        return [one, two]
"""


def test_two_nodes_of_one_body_are_two_values(tmp_path: Path) -> None:
    """Not when they are new, not when one of them is renamed, and not when both are."""
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "nodes.py": RANDOM})
    values = [build(tmp_path, "pair").values["pair"]]
    edit(tmp_path, ("def two", "def three"), ("two: float", "three: float"), ("one, two", "one, three"))
    values.append(build(tmp_path, "pair").values["pair"])
    edit(tmp_path, ("def three", "def four"), ("three: float", "four: float"), ("one, three", "one, four"))
    edit(tmp_path, ("def one", "def five"), ("one: float", "five: float"), ("one, four", "five, four"))
    both = build(tmp_path, "pair").values["pair"]

    assert values[0] == values[1]
    assert all(first != second for first, second in [*values, both])


def test_a_copy_is_no_renamed_node(tmp_path: Path) -> None:
    """A second node with the body of one that is still there is computed, also when the first was renamed before."""
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "nodes.py": RANDOM})
    one = build(tmp_path, "one").values["one"]
    two = build(tmp_path, "two")
    edit(tmp_path, ("def one", "def uno"), ("one: float", "uno: float"), ("one, two", "uno, two"))
    uno = build(tmp_path, "uno").values["uno"]
    edit(tmp_path, ("def uno", "def one"), ("uno: float", "one: float"), ("uno, two", "one, two"))
    edit(tmp_path, ("def two", "def due"), ("two: float", "due: float"), ("one, two", "one, due"))
    due = build(tmp_path, "one", "due").values

    assert computed(two) == {"two"}
    assert uno == one == due["one"]
    assert due["due"] == two.values["two"]


def test_a_name_that_was_there_before(project: Path) -> None:
    """A rename and back finds the first record; a new body under an old name is computed."""
    edit(project, ("def total", "def sums"))
    build(project, "sums")
    edit(project, ("def sums", "def total"))
    back = build(project, "total")
    edit(project, ("def total", "def sums"), ("sum(spend)", "2 * sum(spend)"))

    assert computed(back) == set()
    assert computed(build(project, "sums")) == {"sums"}
    assert build(project, "sums").values["sums"]["spend"] == 6


def test_what_a_name_stood_for_before_it_was_given_to_another(project: Path) -> None:
    """A node whose old name another one has now is a renamed node, too: a body that moved is not computed again."""
    edit(project, ("def spend(", "def raw_spend("))
    edit(
        project,
        ("def raw(", "def spend(raw_spend: list[int]) -> list[int]:\n    return raw_spend\n\n\ndef raw("),
    )

    assert computed(build(project, "total")) == {"spend"}


VARIANTS = """
    from dagbuild import config


    @config.when(region="UK")
    def rate__uk(x: int) -> int:
        return x * 2


    @config.when(region="US")
    def rate__us(x: int) -> int:
        return x * 3


    def price(rate: int) -> int:
        return rate + 1
"""


def test_renamed_node_with_variants(tmp_path: Path) -> None:
    """Each variant is known under the new name; they are not confused."""
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "nodes.py": VARIANTS})
    regions: list[dict[str, object]] = [{"config": {"region": region}} for region in ("UK", "US")]
    first = [build(tmp_path, "price", load=region).values["price"] for region in regions]
    edit(tmp_path, ("def rate__", "def tax__"), ("rate: int", "tax: int"), ("rate + 1", "tax + 1"))
    again = [build(tmp_path, "price", load=region) for region in regions]
    edit(tmp_path, ("tax__uk", "tax__gb"))

    assert first == [9, 13]
    assert [result.values["price"] for result in again] == first
    assert [computed(result) for result in again] == [set(), set()]
    assert computed(build(tmp_path, "price", load=regions[0])) == set()


VIEWS = """
    from dagbuild import cache


    @cache("never")
    def doubled(x: int) -> int:
        return 2 * x


    def shown(doubled: int) -> str:
        return str(doubled)
"""


def test_renamed_view(tmp_path: Path) -> None:
    """What runs a renamed view inside itself is not computed again."""
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "nodes.py": VIEWS})
    build(tmp_path, "shown")
    edit(tmp_path, ("doubled", "twice"))

    result = build(tmp_path, "shown")

    assert result.values == {"shown": "8"}
    assert result.names(How.COMPUTED) == []


COLUMNS = """
    import pandas as pd
    from dagbuild import extract_columns


    @extract_columns("left", "right")
    def table(x: int) -> pd.DataFrame:
        return pd.DataFrame({"left": [1.0], "right": [2.0], "other": [3.0]})


    def chosen(left: pd.Series) -> float:
        return float(left.iloc[0])
"""


def test_names_that_choose_a_value_count(tmp_path: Path) -> None:
    """An extracted column's name is what it is."""
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "nodes.py": COLUMNS})
    build(tmp_path, "chosen")
    edit(tmp_path, ('"left", "right")', '"other")'), ("left: pd", "other: pd"), ("left.iloc", "other.iloc"))

    assert build(tmp_path, "chosen").values == {"chosen": 3.0}


SEEN = {
    "__name__": ("return [kept, f.__name__]", "kept", "held"),
    "locals": ("return sorted(locals())", "kept", "held"),
    "query": ("return list(pd.DataFrame({'v': [3, 9]}).query('v > @kept').v)", "kept", "held"),
    "frame": ("return _peek()", "kept", "held"),
}


@pytest.mark.parametrize("use", SEEN.values(), ids=SEEN)
def test_names_that_are_looked_at_count(tmp_path: Path, use: tuple[str, str, str]) -> None:
    """Where code sees what a thing is called, a new name is a new value."""
    body, old, new = use
    nodes = f"""
        import sys
        import pandas as pd


        def _peek():
            return sorted(sys._getframe(1).f_locals)


        def kept(x: int) -> int:
            return x


        def f(kept: int) -> object:
            {body}
    """
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "nodes.py": nodes})
    build(tmp_path, "f")
    edit(tmp_path, (old, new))
    if "__name__" in body:
        edit(tmp_path, ("def f(", "def g("), ("f.__name__", "g.__name__"))
    target = "g" if "__name__" in body else "f"

    result = build(tmp_path, target)

    assert computed(result) == {target}


def test_renamed_node_with_a_graph_within(tmp_path: Path) -> None:
    """What is within is called otherwise, too, and takes what it took."""
    nodes = """
        import parts
        from dagbuild import source, subdag, value

        def spend() -> int:
            return 10

        @subdag(parts, inputs={"amount": source("spend"), "factor": value(3)}, config={"unit": "k"})
        def uk(scaled: str) -> str:
            return scaled * 2
    """
    parts = "def scaled(amount: int, factor: int, unit: str) -> str:\n    return f'{amount * factor}{unit}'\n"
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["nodes"]\n', "nodes.py": nodes, "parts.py": parts})
    first = computed(build(tmp_path, "uk"))
    edit(tmp_path, ("def uk", "def gb"))
    second = computed(build(tmp_path, "gb"))
    edit(tmp_path, ("value(3)", "value(4)"))

    assert (first, second) == ({"spend", "uk.scaled", "uk"}, set())
    assert computed(build(tmp_path, "gb")) == {"gb.scaled", "gb"}


DECORATED = """
    import columns
    import pandas as pd
    from dagbuild import check_output, does, extract_columns, pipe_output, step, unpack_fields, with_columns

    def _more(v: int, k: int) -> int:
        return v + k

    def _sum(**given: int) -> int:
        return sum(given.values())

    @unpack_fields("left", "right")
    def pair(x: int) -> tuple[int, int]:
        return x, x + 1

    @pipe_output(step(_more, k=1))
    @check_output(range=(0, 9))
    @does(_sum)
    def spend(left: int, right: int, k: int = -5) -> int:
        pass

    @extract_columns("clicks", fill_with=0)
    def table(spend: int) -> pd.DataFrame:
        return pd.DataFrame({"other": [spend]})

    @with_columns(columns, columns_to_pass=["clicks"])
    def total(table: pd.DataFrame) -> int:
        return int(table["paid"].sum())
"""


@pytest.mark.parametrize("name", ["pair", "left", "spend", "table", "total"])
def test_renamed_node_of_a_function_with_decorators(tmp_path: Path, name: str) -> None:
    """What decorators make of it is called otherwise, too, and gives what it gave."""
    columns = "import pandas as pd\n\ndef paid(clicks: pd.Series) -> pd.Series:\n    return clicks + 2\n"
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "nodes.py": DECORATED, "columns.py": columns})
    first = build(tmp_path, "total")
    edit(tmp_path, (name, f"my_{name}"))

    second = build(tmp_path, "my_total" if name == "total" else "total")

    assert computed(first) >= {"pair", "spend.with_more", "spend_range_validator", "total._append"}
    # A default's name is known to a function that takes all, and so is that of what it is given.
    assert computed(second) == ({"spend_raw"} if name == "left" else set())


def test_a_name_that_a_decorator_has_seen_counts(tmp_path: Path) -> None:
    """Also where what dagbuild runs is that function with something around it."""
    nodes = """
        from dagbuild import extract_fields

        def _named(function):
            def call(x: int) -> dict:
                return {"a": NAMES[-1]}
            NAMES.append(function.__name__)
            call.__name__ = function.__name__
            return call

        NAMES = []

        @extract_fields({"a": str, "b": int}, fill_with=0)
        @_named
        def first(x: int) -> dict:
            pass
    """
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "nodes.py": nodes})
    build(tmp_path, "a")
    edit(tmp_path, ("def first", "def second"))

    assert build(tmp_path, "a").values == {"a": "second"}
