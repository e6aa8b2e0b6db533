"""Nodes, and people, that name the columns they take: what they see, when nodes run, what is read and fetched."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from dagbuild.cli.main import run
from dagbuild.ground.digest import digest_bytes
from dagbuild.ground.errors import ColumnsError
from dagbuild.model.node import Columns
from dagbuild.model.outcome import Failure
from dagbuild.observe.places import PathNames
from dagbuild.plan.events import BuildResult
from dagbuild.plan.plan import Status
from dagbuild.project.pins import pin_value
from dagbuild.project.project import Project
from dagbuild.shortcut.graph_json import graph_from_json, graph_to_json
from tests.support import build, computed, forget_modules, load_project, write_files

NODES = """
    from typing import Annotated

    import numpy as np
    import pandas as pd

    from dagbuild import Columns, cache, extract_columns, group, inject, source

    def data(size: int) -> pd.DataFrame:
        frame = pd.DataFrame({
            "spend": np.arange(size) * 1.5, "region": ["north", "south"] * (size // 2), "signups": np.arange(size),
        })
        frame.attrs["unit"] = "EUR"
        return frame

    def cost(data: Annotated[pd.DataFrame, Columns("signups", "spend")]) -> pd.DataFrame:
        return data

    def whole(data: pd.DataFrame) -> list[str]:
        return list(data.columns)

    @inject(left=source("data"), right=source("data"))
    def twice(
        left: Annotated[pd.DataFrame, Columns("spend")], right: Annotated[pd.DataFrame, Columns("region")]
    ) -> list[str]:
        return [*left.columns, *right.columns]

    @inject(frames=group(source("data"), source("other")))
    def joined(frames: list[Annotated[pd.DataFrame, Columns("spend")]]) -> float:
        return sum(float(frame["spend"].sum()) for frame in frames)

    def other(size: int) -> pd.DataFrame:
        return pd.DataFrame({"spend": [1.0] * size, "junk": [2.0] * size})

    @cache("never")
    def view(data: Annotated[pd.DataFrame, Columns("spend", "signups")]) -> pd.DataFrame:
        return data.assign(ratio=data["spend"] / 2)

    def behind(view: Annotated[pd.DataFrame, Columns("ratio")]) -> list[str]:
        return list(view.columns)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder that no build has touched."""
    folder = tmp_path / "project"
    write_files(folder, {"dagbuild.toml": 'modules = ["nodes"]\n[config]\nsize = 100', "nodes.py": NODES})
    return folder


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "nodes.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def failure(result: BuildResult, node: str) -> Failure:
    found = result.steps[node].failure
    assert found is not None
    return found


def test_the_node_gets_these_columns_in_this_order(project: Path) -> None:
    """With the index, dtypes and attrs of the frame."""
    got = build(project, "cost", "data").values

    wanted = got["data"][["signups", "spend"]]
    pd.testing.assert_frame_equal(got["cost"], wanted)
    assert got["cost"].attrs == {"unit": "EUR"}


TAKERS = ("cost", "twice", "joined", "behind")

EDITS: dict[str, tuple[str, str, set[str]]] = {
    "a column": ("np.arange(size) * 1.5", "np.arange(size) * 2.5", set(TAKERS)),
    "a column of some": ("np.arange(size),", "np.arange(size) + 1,", {"cost", "behind"}),
    "a column of one": ('["north", "south"]', '["south", "north"]', {"twice"}),
    "a new column": ('"region":', '"new": 1, "region":', set()),
    "the order": (
        'frame.attrs["unit"]',
        'frame = frame[["region", "signups", "spend"]]\n    frame.attrs["unit"]',
        set(),
    ),
    "a dtype": ("np.arange(size),", "np.arange(size).astype('i2'),", {"cost", "behind"}),
    "the index": ('frame.attrs["unit"]', 'frame.index += 1\n    frame.attrs["unit"]', set(TAKERS)),
    "attrs": ('= "EUR"', '= "USD"', set(TAKERS)),
    "the list": ('Columns("signups", "spend")', 'Columns("spend", "signups")', {"cost"}),
}


@pytest.mark.parametrize("change", EDITS)
def test_runs_again_when_what_it_sees_changes(project: Path, change: str) -> None:
    """A change of another column of the same value re-runs the makers of that value only."""
    old, new, wanted = EDITS[change]
    build(project, *TAKERS)

    edit(project, old, new)
    second = build(project, *TAKERS)
    third = build(project, *TAKERS)

    assert computed(second) - {"data"} == wanted
    assert computed(third) == set()
    clean = build(project, *TAKERS, load={"config": {"size": 100}}, force=["data", *TAKERS]).values
    assert repr(second.values) == repr(clean)


def test_a_taker_of_the_whole_runs_where_one_of_columns_does_not(project: Path) -> None:
    """Both in one build, whichever is first."""
    build(project, "whole", "cost")

    edit(project, '"region":', '"new": 1, "region":')

    assert computed(build(project, "whole", "cost")) == {"data", "whole"}


def test_status_tells_what_was_looked_at(project: Path) -> None:
    """The reason names the columns; one whose columns are the same is fresh as soon as that is known."""
    build(project, "cost", "twice")
    edit(project, "np.arange(size),", "np.arange(size) + 1,")
    build(project, "data")

    opened = load_project(project)
    plan = opened.plan(["cost", "twice"])
    opened.close()

    assert plan.steps["twice"].status is Status.FRESH
    assert plan.steps["cost"].status is Status.STALE
    assert [str(reason) for reason in plan.steps["cost"].reasons] == [
        "upstream `data` changed in its index or in `signups`, `spend`"
    ]


def test_status_tells_that_other_columns_are_named(project: Path) -> None:
    """Which they were, and which they are."""
    build(project, "cost")
    edit(project, 'Columns("signups", "spend")', 'Columns("signups")')

    opened = load_project(project)
    plan = opened.plan(["cost"])
    opened.close()

    assert [str(reason) for reason in plan.steps["cost"].reasons] == [
        "columns of `data`: 'signups', 'spend' -> 'signups'"
    ]


def test_a_file_that_was_seen_to_be_read_counts_by_column_too(project: Path) -> None:
    """What it changes in other columns of the value concerns nobody who does not take them."""
    note = project / "note.txt"
    note.write_text("first")
    edit(project, '["north", "south"] * (size // 2)', f"open({str(note)!r}).read()")
    build(project, "cost", "twice")

    note.write_text("second")
    second = build(project, "cost", "twice")
    third = build(project, "cost", "twice")

    assert computed(second) == {"data", "twice"}
    assert computed(third) == set()


def test_a_lost_blob_of_another_column_is_not_missed(project: Path) -> None:
    """The value is not made again for a node that does not read it."""
    size = {"load": {"config": {"size": 50_000}}}
    build(project, "cost", **size)
    opened = load_project(project, config={"size": 50_000})
    artifact = opened.artifact("data")
    used = opened.artifacts.excerpt(artifact, Columns("signups", "spend")).blobs
    opened.close()
    for lost in set(artifact.blobs) - set(used):
        digest = lost.digest.removeprefix("xxh3-")
        (project / "cache" / "objects" / digest[:2] / digest[2:]).unlink()

    edit(project, "    return data\n", "    return data + 0\n")

    assert computed(build(project, "cost", **size)) == {"cost"}
    assert computed(build(project, "whole", **size)) == {"data", "whole"}


FRAME = pd.DataFrame({"spend": [1.0, 2.0], "signups": [3, 4], "region": ["a", "b"]})


@pytest.mark.parametrize("given", ["override", "pin"])
def test_of_what_is_given_the_columns_count_too(project: Path, given: str) -> None:
    """An override or pin that differs in another column changes nothing; one that differs in these does."""

    def run(frame: pd.DataFrame) -> set[str]:
        if given == "override":
            return computed(build(project, "cost", overrides={"data": frame}))
        opened = load_project(project)
        pin_value(opened, "data", frame)
        opened.close()
        return computed(build(project, "cost"))

    assert run(FRAME) == {"cost"}
    assert run(FRAME.assign(region="c", more=1)) == set()
    assert run(FRAME.assign(spend=0.0)) == {"cost"}


def test_the_columns_are_known_without_importing(project: Path) -> None:
    """Keys are made of them, so what is kept of a graph says which they are."""
    edit(project, 'Columns("region")', 'Columns(("region", 1), 7)')
    opened = load_project(project)
    places = PathNames(project, [])

    kept = graph_from_json(json.loads(json.dumps(graph_to_json(opened.graph, places))), places)
    opened.close()

    taken = {name: [p.columns for p in node.parameters] for name, node in opened.graph.nodes.items()}
    assert taken["twice"] == [Columns("spend"), Columns(("region", 1), 7)]
    assert {name: [p.columns for p in node.parameters] for name, node in kept.nodes.items()} == taken


def test_a_stored_value_like_the_given_one_is_the_same(project: Path) -> None:
    """What was made from a computed frame answers for an override with equal columns."""
    frame = build(project, "data", "cost").values["data"]

    result = build(project, "cost", overrides={"data": frame[["spend", "signups"]].assign(new=1)})

    assert computed(result) == set()


def test_missing_columns_are_told_before_the_function_runs(project: Path) -> None:
    """Which one, of what, where, and what may have been meant."""
    edit(project, 'Columns("signups", "spend")', 'Columns("sigups", "spend")')

    told = failure(build(project, "cost"), "cost")

    assert isinstance(told.error, ColumnsError)
    assert (
        "'cost' asks for 'sigups' of 'data', whose columns are 'spend', 'region', 'signups'" in told.message
    )
    assert "nodes.py:1" in told.message
    assert "did you mean 'signups'?" in told.message


def test_a_value_without_columns_is_told(project: Path) -> None:
    """It says what is of which type, and what to try."""
    edit(project, "    return frame\n", "    return frame.to_dict()\n")

    told = failure(build(project, "cost"), "cost")

    assert "'cost' asks for columns of 'data', which is of type 'dict' and has none" in told.message
    assert "Columns(...)" in told.message


OTHERS: dict[str, Callable[[str], str]] = {
    "polars": lambda frame: f"__import__('polars').from_pandas({frame})",
    "arrow": lambda frame: (
        f"__import__('pyarrow').Table.from_pandas({frame}, preserve_index=False)"
        ".replace_schema_metadata(None)"
    ),
    "a subclass": lambda frame: f"Wide({frame})",
    "parquet": lambda frame: frame,
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_tables(project: Path, kind: str) -> None:
    """polars and Arrow are taken by column; what is stored whole is cut in memory, and counts whole."""
    edit(project, "pd.DataFrame", "Any")
    edit(project, "import numpy", "from typing import Any\nimport numpy")
    edit(project, "    return frame\n", f"    return {OTHERS[kind]('frame')}\n")
    edit(project, "frame = Any", "frame = pd.DataFrame")
    edit(
        project,
        "def data(",
        "class Wide(pd.DataFrame):\n    _constructor = property(lambda self: Wide)\n\ndef data(",
    )
    if kind == "parquet":
        edit(project, "def data(", '@cache(format="parquet")\ndef data(')
        edit(project, 'frame.attrs["unit"] = "EUR"', "")
    first = build(project, "cost")

    edit(project, '"region":', '"new": 1, "region":')
    second = build(project, "cost")

    value = second.values["cost"]
    names = value.column_names if kind == "arrow" else list(value.columns)
    assert names == ["signups", "spend"]
    assert type(value).__name__ == {"arrow": "Table", "a subclass": "Wide"}.get(kind, "DataFrame")
    by_column = kind in ("polars", "arrow")
    assert computed(second) == ({"data"} if by_column else {"data", "cost"})
    assert computed(first) == {"data", "cost"}


def test_extracted_columns_depend_on_their_column_alone(project: Path) -> None:
    """And are stored as the very blobs of the frame."""
    edit(project, "def data(", '@extract_columns("spend", "signups")\ndef data(')
    edit(project, "def whole(", "def peak(spend: pd.Series) -> float:\n    return spend.max()\n\ndef whole(")
    big = {"load": {"config": {"size": 100_000}}}
    build(project, "data", **big)
    before = _objects(project)

    first = build(project, "spend", "signups", "peak", **big)
    after = _objects(project)
    edit(project, "np.arange(size) * 1.5", "np.arange(size) * 2.5")
    second = build(project, "spend", "signups", "peak", **big)
    edit(project, '["north", "south"]', '["south", "north"]')
    third = build(project, "spend", "signups", "peak", **big)

    assert computed(first) == {"spend", "signups", "peak"}
    assert after == before
    assert computed(second) == {"data", "spend", "peak"}
    assert computed(third) == {"data"}


def _objects(project: Path) -> set[str]:
    """Return what lies there, by the bytes: where they came from elsewhere, they have another name."""
    files = (path for path in (project / "cache" / "objects").rglob("*") if path.is_file())
    return {digest_bytes(path.read_bytes()).removeprefix("xxh3-")[2:] for path in files}


@pytest.fixture(params=["folder", "s3"])
def remote(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The text of a [remote] table: a shared folder, or a real S3 server."""
    if request.param == "folder":
        (tmp_path / "shared").mkdir(exist_ok=True)
        return f'[remote]\nurl = "file://{tmp_path}/shared"\n'
    server = request.getfixturevalue("s3_server")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret)
    endpoint = f'client_kwargs = {{ endpoint_url = "http://127.0.0.1:{server.port}" }}'
    return f'[remote]\nurl = "{server.make_bucket()}/team"\n[remote.options]\n{endpoint}\n'


def test_only_these_columns_are_fetched(project: Path, remote: str, tmp_path: Path) -> None:
    """Another machine that runs the node gets the blobs of its columns; those of the others stay where they are."""
    settings = 'modules = ["nodes"]\n[config]\nsize = 50000\n' + remote
    yours = tmp_path / "yours"
    for folder in (project, yours):
        write_files(folder, {"dagbuild.toml": settings, "nodes.py": NODES})
    built = build(project, "data").values["data"]
    mine = _objects(project)

    result = build(yours, "cost")

    assert computed(result) == {"cost"}
    pd.testing.assert_frame_equal(result.values["cost"], built[["signups", "spend"]])
    region = _blobs(project, "data") - _blobs(yours, "cost")
    assert region
    assert _objects(yours) == mine - region


def test_show_fetches_the_columns_that_it_shows(
    project: Path, remote: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`show -c NAME` on another machine: a column of many comes, the others stay where they are."""
    settings = 'modules = ["nodes"]\n[config]\nsize = 50000\n' + remote
    yours = tmp_path / "yours"
    for folder in (project, yours):
        write_files(folder, {"dagbuild.toml": settings, "nodes.py": NODES})
    build(project, "cost")
    forget_modules(project)
    mine = _objects(project)

    status = run(["--project", str(yours), "show", "data", "-c", "spend"])
    shown = capsys.readouterr().out
    some = _objects(yours)
    whole = run(["--project", str(yours), "show", "data"])
    forget_modules(yours)

    assert (status, whole) == (0, 0)
    assert "DataFrame 50,000 x 1\n" in shown
    assert "signups" not in shown
    assert some < _objects(yours) <= mine


@pytest.mark.parametrize(
    ("node", "column", "told"),
    [
        ("frame", "7", "frame: DataFrame 3 x 1"),
        ("frame", "('a', 'b')", "frame: DataFrame 3 x 1"),
        ("frame", "8", "error: 'frame' has no column '8'"),
        ("number", "a", "error: 'number' is of type 'int': no columns can be taken"),
    ],
)
def test_show_takes_a_column_by_its_label(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], node: str, column: str, told: str
) -> None:
    """A label that is no text goes by what it looks like."""
    code = """
        import pandas as pd

        def frame() -> pd.DataFrame:
            return pd.DataFrame([[1, 2]] * 3, columns=pd.Index([7, ("a", "b")], tupleize_cols=False))

        def number() -> int:
            return 5
    """
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["nodes"]\n', "nodes.py": code})
    build(tmp_path, "frame", "number")

    run(["--project", str(tmp_path), "show", node, "-c", column])

    said = capsys.readouterr()
    assert told in said.out + said.err


def _blobs(folder: Path, node: str) -> set[str]:
    opened: Project = load_project(folder)
    try:
        return {ref.digest.removeprefix("xxh3-")[2:] for ref in opened.artifact(node).blobs}
    finally:
        opened.close()


def test_parts_are_what_the_whole_has(tmp_path: Path) -> None:
    """Fields, elements and columns that are nodes, those too that only a filler stands for."""
    write_files(
        tmp_path,
        {
            "dagbuild.toml": 'modules = ["nodes"]',
            "nodes.py": """
                import numpy as np
                import pandas as pd

                from dagbuild import extract_columns, extract_fields, unpack_fields

                BOTH = [1, 2]

                @extract_fields({"frame": pd.DataFrame, "both": list, "again": list, "nobody": str}, fill_with="none")
                def fields() -> dict:
                    return {"frame": pd.DataFrame({"x": np.arange(50_000)}), "both": BOTH, "again": BOTH}

                @unpack_fields("first", "second")
                def pair() -> tuple[int, pd.DataFrame]:
                    return 1, pd.DataFrame({"y": [1.5]})

                @extract_columns("a", "lacking", fill_with=0)
                def table() -> pd.DataFrame:
                    return pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}, index=[7, 8])
                """,
        },
    )
    names = ("frame", "both", "again", "nobody", "first", "second", "a", "lacking")

    result = build(tmp_path, *names)

    frame, both, again, nobody, first, second, a, lacking = (result.values[name] for name in names)
    assert frame.equals(pd.DataFrame({"x": range(50_000)}))
    assert (both, again, nobody, first) == ([1, 2], [1, 2], "none", 1)
    assert second.equals(pd.DataFrame({"y": [1.5]}))
    assert a.to_dict() == {7: 1, 8: 2}
    assert lacking.to_dict() == {7: 0, 8: 0}
    assert computed(build(tmp_path, *names)) == set()
