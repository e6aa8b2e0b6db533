"""Hamilton's address of schemas of frames, and of what holds them against those of an earlier run."""

from dagbuild.driver.schemas import (
    Diff,
    DiffResult,
    SchemaValidator,
    diff_schemas,
    get_dataframe_schema,
    human_readable_diff,
    load_schema,
    pyarrow_schema_to_json,
    save_schema,
)

__all__ = [
    "Diff",
    "DiffResult",
    "SchemaValidator",
    "diff_schemas",
    "get_dataframe_schema",
    "human_readable_diff",
    "load_schema",
    "pyarrow_schema_to_json",
    "save_schema",
]
