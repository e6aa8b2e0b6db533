"""Schemas of frames: compared, shown, and held against files, as Hamilton's `h_schema` does."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

pytest.importorskip("hamilton")

LIBRARIES = ("hamilton", "dagbuild")


def get(library: str) -> Any:
    return importlib.import_module(f"{library}.plugins.h_schema")


@pytest.fixture(autouse=True)
def no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def field(name: str, kind: Any, *, nullable: bool = True, **said: str) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata=said or None)


SCHEMAS = {
    "plain": pa.schema([field("a", pa.int64()), field("b", pa.string())]),
    "another type": pa.schema([field("a", pa.float64()), field("b", pa.string())]),
    "more": pa.schema([field("a", pa.int64()), field("b", pa.string()), field("c", pa.bool_())]),
    "not nullable": pa.schema([field("a", pa.int64(), nullable=False), field("b", pa.string())]),
    "of a field": pa.schema([field("a", pa.int64(), unit="m"), field("b", pa.string())]),
    "of a field, other": pa.schema([field("a", pa.int64(), unit="km", by="ada"), field("b", pa.string())]),
    "of the whole": pa.schema([field("a", pa.int64()), field("b", pa.string())], {"name": "x", "by": "ada"}),
    "of the whole, other": pa.schema([field("a", pa.float64()), field("b", pa.string())], {"name": "y"}),
}

BROKEN_THERE = (AttributeError, KeyError)
"""What Hamilton raises for a diff of what is equal, false or said of the whole schema."""


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("of_fields", [False, True])
def test_diffs_are_those_of_hamilton(whole: bool, of_fields: bool) -> None:
    """Between any two schemas, with what is said of them or without; where Hamilton fails ours is told."""

    def tell(found: Any) -> Any:
        """Without the classes, which are each library's own."""
        if hasattr(found, "diff"):
            return found.diff.value, tell(found.value)
        return {key: tell(each) for key, each in found.items()} if isinstance(found, dict) else found

    agreed = 0
    for one in SCHEMAS.values():
        for other in SCHEMAS.values():
            ours = get("dagbuild").diff_schemas(one, other, whole, of_fields)
            shown = get("dagbuild").human_readable_diff(ours)
            try:
                theirs = get("hamilton").diff_schemas(one, other, whole, of_fields)
                assert tell(ours) == tell(theirs)
                assert shown == get("hamilton").human_readable_diff(theirs)
                agreed += 1
            except BROKEN_THERE:
                assert shown or one.equals(other)
    assert agreed > 30


def test_what_is_not_nullable_any_more_is_shown() -> None:
    """Hamilton fails there."""
    ours = get("dagbuild")
    found = ours.diff_schemas(SCHEMAS["not nullable"], SCHEMAS["plain"])

    assert ours.human_readable_diff(found) == {"a": {"nullable": {"cur": False, "ref": True}}}


def test_schemas_are_kept_in_files(tmp_path: Path) -> None:
    """Which both libraries read."""
    for schema in SCHEMAS.values():
        for writes in LIBRARIES:
            get(writes).save_schema(tmp_path / "a.schema", schema)
            for reads in LIBRARIES:
                assert get(reads).load_schema(str(tmp_path / "a.schema")).equals(schema, check_metadata=True)
        assert get("dagbuild").pyarrow_schema_to_json(schema) == get("hamilton").pyarrow_schema_to_json(
            schema
        )


FRAMES: dict[str, Callable[[], Any]] = {
    "pandas": lambda: pd.DataFrame({"a": [1], "b": ["x"], "c": pd.to_datetime(["2026-01-01"])}, index=["i"]),
    "arrow": lambda: pa.table({"a": [1], "b": ["x"]}),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_have_the_schemas_that_hamilton_sees(kind: str) -> None:
    """But for the version of the node, which is each library's own digest."""

    class Node:
        name, documentation, version = "frame", "what it is", "1"

    theirs, ours = (get(library).get_dataframe_schema(FRAMES[kind](), Node()) for library in LIBRARIES)

    assert ours.equals(theirs, check_metadata=True)


@pytest.mark.leaves_threads
def test_frames_of_polars_have_schemas_and_other_values_have_none() -> None:
    """Hamilton asks for an interface that polars has no longer."""

    class Node:
        name, documentation, version = "frame", "", "1"

    frame = pl.DataFrame({"a": [1], "b": ["x"]})
    for each in (frame, frame.lazy()):
        schema = get("dagbuild").get_dataframe_schema(each, Node())
        assert [str(field.type) for field in schema] == ["int64", "large_string"]
    with pytest.raises(NotImplementedError, match="a list is no frame"):
        get("dagbuild").get_dataframe_schema([1], Node())


CODE = """
import pandas as pd

def weeks(count: int, given: pd.DataFrame) -> pd.DataFrame:
    "Some weeks."
    kind = int if count < 5 else float
    return pd.DataFrame({"spend": [kind(n) for n in range(count)]})
def total(weeks: pd.DataFrame) -> int: return int(weeks["spend"].sum())
"""


def play(library: str, count: int, **options: Any) -> Any:
    """Return the validator after a run."""
    module = importlib.import_module(f"{library}.ad_hoc_utils").module_from_source(CODE, f"held_{library}")
    validator = get(library).SchemaValidator(schema_dir=f"schemas_{library}", **options)
    builder = importlib.import_module(f"{library}.driver").Builder().with_modules(module)
    made = builder.with_adapters(validator).build()
    made.execute(["total"], inputs={"count": count, "given": pd.DataFrame({"x": [1]})})
    return validator


def test_a_run_is_held_against_the_one_before(caplog: pytest.LogCaptureFixture) -> None:
    """Of frames that are given and made; what differs is told."""
    for library in LIBRARIES:
        first = play(library, 3)
        assert first.schemas.keys() == {"weeks", "given"} and first.schema_diffs == {}
        assert {path.name for path in Path(f"schemas_{library}").iterdir()} == {
            "weeks.schema",
            "given.schema",
            "schemas.json",
        }
        assert play(library, 4).schema_diffs == {}
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            try:
                changed = play(library, 5)
            except BROKEN_THERE:
                assert library == "hamilton"
                continue
        assert changed.schema_diffs.keys() == {"weeks"}
        assert '"cur": "double"' in caplog.text and f"{library}.plugins.h_schema" in caplog.text


def test_a_change_may_fail_the_run() -> None:
    play("dagbuild", 3)
    with pytest.raises(RuntimeError, match='"cur": "double"'):
        play("dagbuild", 5, importance="fail")
    play("dagbuild", 5, check=False)
    play("dagbuild", 5, importance="fail")
    with pytest.raises(ValueError, match="importance is 'often'"):
        play("dagbuild", 5, importance="often")


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_schema_may_have_to_be_there(library: str) -> None:
    with pytest.raises(FileNotFoundError, match=r"given\.schema"):
        play(library, 3, must_exist=True)
