"""An author's word that a change does not alter a value: it holds for that change, for everybody, until taken back."""

from pathlib import Path

import pytest

from dagbuild.ground.errors import InputError
from dagbuild.plan.acceptance import Acceptance
from dagbuild.plan.plan import Status
from dagbuild.project.accept import accept_everywhere, accept_node, find_still_stale, revoke
from dagbuild.project.pins import pin_built
from dagbuild.project.project import Project
from tests.integration.test_rename import edit
from tests.support import build, computed, load_project, write_files
from tests.torture.case import Folder, install

SETTINGS = 'modules = ["nodes"]\ntargets = ["report"]\n[inputs]\nx = 4\n'
NODES = """
    from helpers import log_shape, scale


    def raw(x: int) -> list[int]:
        return list(range(x))


    def spend(raw: list[int]) -> list[int]:
        return scale(log_shape(raw))


    def total(spend: list[int]) -> int:
        return sum(log_shape(spend))


    def report(total: int) -> str:
        return f"total {total}"
"""
HELPERS = """
    LINES = []


    def log_shape(values):
        print("rows", len(values))
        return values


    def scale(values):
        return [2 * value for value in values]
"""
WHY = "only the log text changed"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    write_files(folder, {"dagbuild.toml": SETTINGS, "nodes.py": NODES, "helpers.py": HELPERS})
    build(folder, "report")
    return folder


def accept(folder: Path, node: str = "", **options: str) -> list[Acceptance]:
    """Accept in a process of its own, as it were."""
    project = load_project(folder)
    try:
        because = options.pop("because")
        if node:
            return [accept_node(project, node, because)]
        return accept_everywhere(project, because, **options)
    finally:
        project.close()


def statuses(folder: Path) -> dict[str, str]:
    project = load_project(folder)
    try:
        return {name: step.status.value for name, step in project.status().steps.items()}
    finally:
        project.close()


FRESH = dict.fromkeys(["raw", "spend", "total", "report"], "fresh")


def test_what_is_accepted_is_fresh_and_so_is_all_below(project: Path) -> None:
    """Nothing runs, and the status says whose word that is."""
    edit(project, ("scale(log_shape(raw))", "scale(list(raw))"))

    (said,) = accept(project, "spend", because=WHY)
    step = load_project(project).status().steps["spend"]

    assert any(change.startswith("function `spend` changed") for change in said.changes)
    assert statuses(project) == FRESH
    assert step.reasons[0] == said.reason
    assert said.reason.text == f"accepted by {said.author} on {said.date}: {WHY}"
    assert computed(build(project, "report")) == set()


def test_a_helper_for_all_nodes_that_it_alone_made_stale(project: Path) -> None:
    """A node of which something else has changed, too, stays stale."""
    edit(project, ('"rows"', '"lines"'), file="helpers.py")
    edit(project, ("sum(log_shape(spend))", "sum(log_shape(spend)) + 1"))

    said = accept(project, helper="log_shape", because=WHY)

    assert [each.node for each in said] == ["spend"]
    assert statuses(project) == {**FRESH, "total": "stale", "report": "affected"}


def test_two_helpers_changed_are_not_one(project: Path) -> None:
    """What another helper changed is not accepted along."""
    edit(project, ('"rows"', '"lines"'), ("2 * value", "3 * value"), file="helpers.py")

    said = accept(project, helper="log_shape", because=WHY)

    assert [each.node for each in said] == ["total"]
    assert build(project, "report").values == {"report": "total 18"}


def test_the_next_change_is_not_accepted(project: Path) -> None:
    """The word was about one step; the chain of words holds, each for its own."""
    edit(project, ("scale(log_shape(raw))", "scale(list(raw))"))
    accept(project, "spend", because=WHY)
    edit(project, ("scale(list(raw))", "scale([*raw])"))

    before = statuses(project)["spend"]
    accept(project, "spend", because="and again")
    chained = statuses(project)
    edit(project, ("scale([*raw])", "scale([*raw, 100])"))

    assert before == "stale"
    assert chained == FRESH
    assert statuses(project)["spend"] == "stale"
    assert build(project, "report").values == {"report": "total 212"}


def test_a_change_above_runs_the_accepted_code(project: Path) -> None:
    """The word says nothing of other upstream values."""
    edit(project, ("scale(log_shape(raw))", "scale(list(raw))"))
    accept(project, "spend", because=WHY)
    edit(project, ("range(x)", "range(x + 1)"))

    result = build(project, "report")

    assert computed(result) == {"raw", "spend", "total", "report"}
    assert result.values == {"report": "total 20"}
    assert computed(build(project, "report")) == set()


def test_revoked(project: Path) -> None:
    """What was taken for fresh is stale again, and what was built in the meantime is not trusted either."""
    edit(project, ("scale(log_shape(raw))", "scale([*raw, 100])"))
    accept(project, "spend", because=WHY)
    edit(project, ('f"total {total}"', 'f"the total {total}"'))
    wrong = build(project, "report").values["report"]

    revoke(load_project(project), "spend")

    assert wrong == "the total 12"
    assert statuses(project) == {"raw": "fresh", "spend": "stale", "total": "affected", "report": "affected"}
    assert build(project, "report").values["report"] == "the total 212"
    with pytest.raises(InputError, match="no change of 'spend' is accepted"):
        revoke(load_project(project), "spend")


def test_back_to_the_code_of_before(project: Path) -> None:
    """Values made by accepted code are not those of the code before it."""
    edit(project, ("scale(log_shape(raw))", "scale([*raw, 100])"))
    accept(project, "spend", because=WHY)
    edit(project, ("range(x)", "range(x + 1)"))
    build(project, "report")
    edit(project, ("scale([*raw, 100])", "scale(log_shape(raw))"))

    assert build(project, "report").values["report"] == "total 20"


def test_refusals(project: Path) -> None:
    """Each says why, and where to look."""
    folder = project
    with pytest.raises(InputError, match="'spend' is fresh"):
        accept(folder, "spend", because=WHY)
    with pytest.raises(InputError, match="no node is stale because of the package 'pandas' alone"):
        accept(folder, package="pandas", because=WHY)
    edit(folder, ("range(x)", "range(1, x)"), ("def report", "def other"))
    with pytest.raises(InputError, match="without a reason"):
        accept(folder, "raw", because=" ")
    with pytest.raises(InputError, match="nothing of 'total' itself has changed: upstream `spend` is stale"):
        accept(folder, "total", because=WHY)
    with pytest.raises(InputError, match="there is no node 'spent'"):
        accept(folder, "spent", because=WHY)
    edit(folder, ("def other(total: int) -> str:", "def other(total: int, spend: list[int]) -> str:"))
    with pytest.raises(InputError, match="'other' was never built"):
        accept(folder, "other", because=WHY)


def test_colleagues_see_it(project: Path, tmp_path: Path) -> None:
    """The word travels with the records; the colleague computes nothing."""
    (tmp_path / "shared").mkdir()
    remote = f'[remote]\nurl = "{(tmp_path / "shared").as_uri()}"\n'
    colleague = tmp_path / "colleague"
    for folder in (project, colleague):
        write_files(folder, {"dagbuild.toml": SETTINGS + remote, "nodes.py": NODES, "helpers.py": HELPERS})
    build(project, "report", force=["raw", "spend", "total", "report"])
    for folder in (project, colleague):
        edit(folder, ("scale(log_shape(raw))", "scale(list(raw))"))
    accept(project, "spend", because=WHY)

    step = load_project(colleague).status().steps["spend"]

    assert step.status is Status.FRESH
    assert step.reasons[0].kind == "accepted"
    assert computed(build(colleague, "report")) == set()


def test_log_has_it(project: Path) -> None:
    """It is one more record of the node, and no value of it."""
    edit(project, ("scale(log_shape(raw))", "scale(list(raw))"))
    (said,) = accept(project, "spend", because=WHY)
    loaded: Project = load_project(project)

    assert Acceptance.from_record(loaded.log("spend")[0]) == said
    with pytest.raises(InputError, match="no value"):
        pin_built(loaded, "spend", "@" + said.to_record().artifact.digest)


LIBRARY = """
    import tinylib


    def spend(x: int) -> int:
        return tinylib.scale(x)


    def report(spend: int) -> str:
        return str(tinylib.scale(spend))
"""


def test_a_new_version_of_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All nodes that use it and have not changed otherwise are accepted at once."""
    folder = Folder(tmp_path, tmp_path / "project")
    folder.put("site:tinylib/__init__.py", "def scale(x):\n    return 2 * x\n")
    install("tiny-lib", "1.0", "tinylib")(folder)
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    write_files(folder.project, {"dagbuild.toml": SETTINGS, "nodes.py": LIBRARY})
    build(folder.project, "report")
    install("tiny-lib", "1.1", "tinylib")(folder)
    stale = statuses(folder.project)

    said = accept(folder.project, package="tiny-lib", because=WHY)

    assert stale["spend"] == "stale"
    assert [each.changes for each in said] == [("tiny-lib 1.0 -> 1.1",)] * 2
    assert set(statuses(folder.project).values()) == {"fresh"}


def test_a_package_with_what_it_requires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new version of a library often brings new ones of those below it; what it does not require is its own matter."""
    folder = Folder(tmp_path, tmp_path / "project")
    folder.put("site:tinylib/__init__.py", "import core\ndef scale(x):\n    return 2 * x\n")
    folder.put("site:core.py", "")
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    write_files(folder.project, {"dagbuild.toml": SETTINGS, "nodes.py": LIBRARY})
    for version in ("1.0", "1.1"):
        install("core-dep", version, "core")(folder)
        install("tiny-lib", version, "tinylib", requires=["core-dep"])(folder)
        if version == "1.0":
            build(folder.project, "report")

    with pytest.raises(InputError, match="because of the package 'core-dep' alone"):
        accept(folder.project, package="core-dep", because=WHY)
    said = accept(folder.project, package="tiny-lib", because=WHY)

    assert {change for each in said for change in each.changes} == {
        "core-dep 1.0 -> 1.1 (required by tiny-lib)",
        "tiny-lib 1.0 -> 1.1",
    }
    assert set(statuses(folder.project).values()) == {"fresh"}


IGNORED = """
    from dagbuild import cache
    from helpers import log_shape, scale


    @cache(ignore=[log_shape])
    def report(x: int) -> list[int]:
        return scale(log_shape([x]))
"""


def test_an_ignored_helper_needs_no_word(tmp_path: Path) -> None:
    """`@cache(ignore=[...])` leaves the helper out, under whatever name, and nothing else."""
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "nodes.py": IGNORED, "helpers.py": HELPERS})
    build(tmp_path, "report")
    edit(tmp_path, ('"rows"', '"lines"'), file="helpers.py")
    ignored = build(tmp_path, "report")
    edit(tmp_path, ("2 * value", "3 * value"), file="helpers.py")

    assert computed(ignored) == set()
    assert build(tmp_path, "report").values == {"report": [12]}


CARRYING = """
    class Model:
        def __init__(self, k: int) -> None:
            self.k = k

        def predict(self) -> int:
            return self.k + 1


    def model(x: int) -> Model:
        return Model(x)


    def report(model: Model) -> str:
        return f"total {model.predict()}"
"""


def test_covers_what_the_value_refers_to(tmp_path: Path) -> None:
    """Where the value is an instance of a class whose method was edited, two things have changed: both are accepted."""
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "nodes.py": CARRYING})
    build(tmp_path, "report")
    edit(tmp_path, ("self.k + 1", "1 + self.k"))

    (said,) = accept(tmp_path, "model", because=WHY)

    assert said.changes[-1] == "nodes.Model changed"
    assert statuses(tmp_path) == {"model": "fresh", "report": "fresh"}
    assert computed(build(tmp_path, "report")) == set()
    edit(tmp_path, ("1 + self.k", "2 + self.k"))
    assert statuses(tmp_path)["model"] == "stale"
    accept(tmp_path, "model", because=WHY)
    assert statuses(tmp_path) == {"model": "fresh", "report": "fresh"}


def test_reasons_are_of_the_nearest_record(tmp_path: Path) -> None:
    """After a switch of config and back, an edit is the reason, not the config that is as it was."""
    nodes = "def total(x: int, k: int, rate: int) -> int:\n    return x * k * rate\n"
    write_files(tmp_path, {"dagbuild.toml": SETTINGS + "[config]\nk = 3\nrate = 1\n", "nodes.py": nodes})
    build(tmp_path, "total")
    build(tmp_path, "total", load={"config": {"k": 5, "rate": 2}})
    edit(tmp_path, ("x * k * rate", "x + k * rate"))

    project = load_project(tmp_path)
    step = project.status(["total"]).steps["total"]
    project.close()

    assert [reason.kind for reason in step.reasons] == ["function"]


def test_says_what_it_does_not_cover(tmp_path: Path) -> None:
    """A file that was edited as well is no change of the node's code: who accepts is told that it counts."""
    reading = CARRYING.replace(
        "return Model(x)", "return Model(x + len(open(__file__[:-8] + 'k.txt').read()))"
    )
    write_files(tmp_path, {"dagbuild.toml": SETTINGS, "nodes.py": reading, "k.txt": "one"})
    build(tmp_path, "report")
    edit(tmp_path, ("self.k + 1", "1 + self.k"))
    write_files(tmp_path, {"k.txt": "three"})

    project = load_project(tmp_path)
    said = accept_node(project, "model", WHY)
    left = find_still_stale(project, [said])
    project.close()

    assert [str(reason) for reason in left["model"]] == ["k.txt changed"]
