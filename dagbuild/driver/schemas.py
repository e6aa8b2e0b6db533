"""Schemas of the frames that nodes give: kept in files, compared, and held against those of an earlier run.

A schema is Arrow's, which all libraries of frames have in common. Knows nothing of how nodes are run. Guards: what
`human_readable_diff` shows is all that differs.
"""

from __future__ import annotations

import enum
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dagbuild.driver.backends import (
    AbstractIbisDataFrame,
    AbstractLazyPolarsDataFrame,
    AbstractPandasDataFrame,
    AbstractPolarsDataFrame,
)
from dagbuild.driver.hooks import GraphExecutionHook, NodeExecutionHook
from dagbuild.driver.nodes import HamiltonGraph, HamiltonNode
from dagbuild.ground.override import override

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger("dagbuild.plugins.h_schema")

METADATA = "__metadata"
"""Stands among the fields for what is said of the whole schema."""


class Diff(enum.Enum):
    """How one thing is to another: there is more, there is less, it is equal or not."""

    ADDED = "+"
    REMOVED = "-"
    EQUAL = "=="
    UNEQUAL = "!="


class DiffResult(NamedTuple):
    """How it differs, and the value: both, as `cur` and `ref`, where they are unequal, or what differs of them."""

    diff: Diff
    value: Any


def diff_schemas(
    current_schema: pa.Schema,
    reference_schema: pa.Schema,
    check_schema_metadata: bool = False,
    check_field_metadata: bool = False,
) -> dict[str, DiffResult]:
    """Return how each field of one schema is to that of another; nothing when the schemas are equal.

    What is said of fields and of the whole schema counts where that is asked for.
    """
    metadata_counts = check_schema_metadata or check_field_metadata
    if current_schema.equals(reference_schema, check_metadata=metadata_counts):
        return {}
    current, reference = pyarrow_schema_to_json(current_schema), pyarrow_schema_to_json(reference_schema)
    found = _diff(current, reference)
    for name, result in found.items():
        if result.diff is Diff.UNEQUAL:
            parts = _diff(current[name], reference[name])
            said = parts.get("metadata") if check_field_metadata and name != METADATA else None
            if said is not None and said.diff is Diff.UNEQUAL:
                both = _diff(current[name]["metadata"], reference[name]["metadata"])
                parts["metadata"] = DiffResult(Diff.UNEQUAL, both)
            found[name] = DiffResult(Diff.UNEQUAL, parts)
    if check_schema_metadata:
        both = _diff(current.get(METADATA, {}), reference.get(METADATA, {}))
        found[METADATA] = DiffResult(Diff.UNEQUAL, both)
    return found


def _diff(current: Mapping[str, Any], reference: Mapping[str, Any]) -> dict[str, DiffResult]:
    found = {}
    for key in dict.fromkeys((*current, *reference)):
        if key not in reference:
            found[key] = DiffResult(Diff.ADDED, current[key])
        elif key not in current:
            found[key] = DiffResult(Diff.REMOVED, reference[key])
        elif current[key] == reference[key]:
            found[key] = DiffResult(Diff.EQUAL, current[key])
        else:
            found[key] = DiffResult(Diff.UNEQUAL, {"cur": current[key], "ref": reference[key]})
    return found


def human_readable_diff(diff: Mapping[str, DiffResult]) -> dict[str, Any]:
    """Return what is not equal, sorted: `+` and `-` for what is new and gone, else both values."""
    shown: dict[str, Any] = {}
    for name, result in diff.items():
        if result.diff in (Diff.ADDED, Diff.REMOVED):
            shown[name] = result.diff.value
        elif result.diff is Diff.UNEQUAL:
            parts = all(isinstance(part, DiffResult) for part in result.value.values())
            told = human_readable_diff(result.value) if parts else result.value
            if told or name != METADATA:
                shown[name] = told
    return dict(sorted(shown.items()))


def pyarrow_schema_to_json(schema: pa.Schema) -> dict[str, Any]:
    """Return a schema as what can be written as JSON: each field, and what is said of the whole."""
    told: dict[str, Any] = {METADATA: _decode(schema.metadata)} if schema.metadata else {}
    for field in schema:
        told[field.name] = {
            "name": field.name,
            "type": str(field.type),
            "nullable": field.nullable,
            "metadata": _decode(field.metadata),
        }
    return told


def _decode(metadata: Mapping[bytes, bytes] | None) -> dict[str, str]:
    return {key.decode(): value.decode() for key, value in (metadata or {}).items()}


def get_dataframe_schema(df: Any, node: HamiltonNode) -> pa.Schema:
    """Return the schema of a frame that a node gives, with the node's name, documentation and version.

    Raises NotImplementedError for a value that has none.
    """
    metadata = {"name": node.name, "documentation": node.documentation, "version": node.version}
    return _get_schema(df).with_metadata({key: str(value) for key, value in metadata.items()})


def _get_schema(frame: Any) -> pa.Schema:
    import pyarrow as pa

    if isinstance(frame, AbstractPandasDataFrame):
        return pa.Table.from_pandas(frame, preserve_index=False).schema.remove_metadata()
    if isinstance(frame, AbstractIbisDataFrame):
        return frame.schema().to_pyarrow()  # type: ignore[attr-defined]  # without running anything
    if isinstance(frame, AbstractLazyPolarsDataFrame):
        return frame.head(0).collect().to_arrow().schema  # type: ignore[attr-defined]
    if isinstance(frame, AbstractPolarsDataFrame):
        return frame.head(0).to_arrow().schema  # type: ignore[attr-defined]
    if not hasattr(frame, "__dataframe__"):
        raise NotImplementedError(f"a {type(frame).__name__} is no frame that can be asked for its schema")
    from pyarrow.interchange import from_dataframe

    try:
        return from_dataframe(frame, allow_copy=False).schema
    except RuntimeError:  # of some columns Arrow needs a copy
        return from_dataframe(frame, allow_copy=True).schema


_FRAMES = (
    AbstractPandasDataFrame,
    AbstractIbisDataFrame,
    AbstractPolarsDataFrame,
    AbstractLazyPolarsDataFrame,
)


def load_schema(path: str | Path) -> pa.Schema:
    """Return the schema that a file holds."""
    import pyarrow.ipc

    return pyarrow.ipc.read_schema(pyarrow.BufferReader(Path(path).read_bytes()))


def save_schema(path: str | Path, schema: pa.Schema) -> None:
    """Write a schema to a file."""
    Path(path).write_bytes(schema.serialize())


class SchemaValidator(NodeExecutionHook, GraphExecutionHook):
    """Holds the schema of each frame that is given or made against the file of its name in `schema_dir`.

    A file that is missing is written, or, where it `must_exist`, FileNotFoundError raised. What differs is logged as a
    warning, or, with `importance` "fail", raised as RuntimeError; `schema_diffs` has it by node. Without `check` the
    files are written anew. At the end `schemas.json` there tells of all.
    """

    def __init__(
        self,
        schema_dir: str = "./schemas",
        check: bool = True,
        must_exist: bool = False,
        importance: Literal["warn", "fail"] = "warn",
        check_schema_metadata: bool = False,
        check_field_metadata: bool = False,
    ) -> None:
        if importance not in ("warn", "fail"):
            raise ValueError(f"importance is {importance!r}: it may be 'warn' or 'fail'")
        self.schemas: dict[str, pa.Schema] = {}
        self.schema_diffs: dict[str, dict[str, DiffResult]] = {}
        self.schema_dir, self.check, self.must_exist, self.importance = (
            schema_dir,
            check,
            must_exist,
            importance,
        )
        self.check_schema_metadata, self.check_field_metadata = check_schema_metadata, check_field_metadata
        self.h_graph: HamiltonGraph | None = None
        Path(schema_dir).mkdir(parents=True, exist_ok=True)

    @property
    def json_schemas(self) -> dict[str, dict[str, Any]]:
        """The schemas so far, as what can be written as JSON."""
        return {name: pyarrow_schema_to_json(schema) for name, schema in self.schemas.items()}

    def get_schema_path(self, node_name: str) -> Path:
        """Return the file of a node's schema."""
        return Path(self.schema_dir, f"{node_name}.schema")

    @override
    def run_before_graph_execution(
        self,
        *,
        graph: HamiltonGraph,
        inputs: Mapping[str, Any] | None,
        overrides: Mapping[str, Any] | None,
        **future_kwargs: Any,
    ) -> None:
        self.h_graph = graph
        for name, value in {**(inputs or {}), **(overrides or {})}.items():
            self._look_at(name, value)

    @override
    def run_before_node_execution(self, **future_kwargs: Any) -> None:
        """Wait for what it gives."""

    @override
    def run_after_node_execution(self, *, node_name: str, result: Any, **future_kwargs: Any) -> None:
        self._look_at(node_name, result)

    @override
    def run_after_graph_execution(self, **future_kwargs: Any) -> None:
        Path(self.schema_dir, "schemas.json").write_text(json.dumps(self.json_schemas), "utf-8")

    def _look_at(self, name: str, value: Any) -> None:
        if not isinstance(value, _FRAMES) and not hasattr(value, "__dataframe__"):
            return
        assert self.h_graph is not None
        if name not in self.h_graph.by_name:
            return  # given, and taken by nobody
        schema = self.schemas[name] = get_dataframe_schema(value, self.h_graph[name])
        path = self.get_schema_path(name)
        if self.check and not path.exists() and self.must_exist:
            raise FileNotFoundError(
                f"there is no {path}, which '{name}' is to be held against; must_exist=False or check=False writes it"
            )
        if not self.check or not path.exists():
            save_schema(path, schema)
            return
        found = diff_schemas(schema, load_schema(path), self.check_schema_metadata, self.check_field_metadata)
        if not found:
            return
        self.schema_diffs[name] = found
        told = json.dumps({name: human_readable_diff(found)}, indent=2)
        if self.importance == "fail":
            raise RuntimeError(told)
        logger.warning("the schema of '%s' has changed:\n%s", name, told)
