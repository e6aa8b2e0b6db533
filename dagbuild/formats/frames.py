"""The formats of frames and figures: a line for each reader and writer of pandas, polars and matplotlib.

The names of classes and of arguments are Hamilton's. Opens no library.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dagbuild.formats.adapters import AdapterCommon
from dagbuild.formats.library import Call, LibraryLoader, make_loader, make_saver
from dagbuild.ground.errors import UserError
from dagbuild.model.types import plain_type

_NULLABLE = {"dtype_backend": "numpy_nullable"}
"""What Hamilton's readers of pandas give unless they are told otherwise."""

_FILE = {"path": "path"}


def _read(
    form: str, function: str, names: Mapping[str, str], defaults: Mapping[str, Any] = _NULLABLE, **more: Any
) -> Call:
    return Call(form, "pandas", ("DataFrame",), function, names, defaults=defaults, **more)


def _write(form: str, names: Mapping[str, str], **more: Any) -> Call:
    return Call(form, "pandas", ("DataFrame",), f"DataFrame.to_{form}", names, **more)


def _write_excel(write: Callable[..., Any], frame: Any, excel_writer: Any, **given: Any) -> None:
    """Write a sheet; what concerns the workbook is its writer's."""
    from pandas import ExcelWriter

    workbook = {name: given.pop(name) for name in _WORKBOOK if name in given}
    if not workbook:
        write(frame, excel_writer, **given)
        return
    shared = {
        name: given.pop(name) for name in ("engine", "engine_kwargs", "storage_options") if name in given
    }
    with ExcelWriter(excel_writer, **workbook, **shared) as writer:
        write(frame, writer, **given)


_WORKBOOK = ("mode", "if_sheet_exists", "datetime_format", "date_format")


def _write_with_extra(write: Callable[..., Any], frame: Any, **given: Any) -> None:
    """Write a frame; `extra_kwargs` are more arguments."""
    write(frame, **{**given, **(given.pop("extra_kwargs", None) or {})})


def _write_polars(write: Callable[..., Any], frame: Any, file: Any, **given: Any) -> None:
    """Write a frame of polars; the file is opened here, where it is seen that it is written."""
    frame = frame.collect() if hasattr(frame, "collect") else frame
    if isinstance(file, str | Path) and "://" not in str(file):
        with Path(file).open("wb") as opened:
            write(frame, opened, **given)
    else:
        write(frame, file, **given)


def _write_table(write: Callable[..., Any], frame: Any, *given: Any, **named: Any) -> None:
    write(frame.collect() if hasattr(frame, "collect") else frame, *given, **named)


def _save_array(save: Callable[..., Any], array: Any, file: Any, **given: Any) -> None:
    """Write an array under this very name, whatever its ending."""
    with Path(file).open("wb") as opened:
        save(opened, array, **given)


_SQL = {"query_or_table": "sql", "db_connection": "con"}

PANDAS_READERS = {
    "PandasCSVReader": _read("csv", "read_csv", {"path": "filepath_or_buffer"}),
    "PandasParquetReader": _read("parquet", "read_parquet", _FILE, more=("to_pandas_kwargs",)),
    "PandasJsonReader": _read("json", "read_json", {"filepath_or_buffer": "path_or_buf"}, {}),
    "PandasPickleReader": _read("pickle", "read_pickle", {"path": "filepath_or_buffer"}, {}),
    "PandasFeatherReader": _read("feather", "read_feather", _FILE),
    "PandasExcelReader": _read("excel", "read_excel", {"path": "io"}),
    "PandasORCReader": _read("orc", "read_orc", _FILE),
    "PandasSqlReader": _read("sql", "read_sql", _SQL, {}, about="sql"),
    "PandasXmlReader": _read(
        "xml", "read_xml", {"path_or_buffer": "path_or_buffer"}, renamed={"namespace": "namespaces"}
    ),
    "PandasStataReader": _read("stata", "read_stata", {"filepath_or_buffer": "filepath_or_buffer"}, {}),
    "PandasFWFReader": _read(
        "fwf", "read_fwf", {"filepath_or_buffer": "filepath_or_buffer"}, {}, more=("header", "names", "dtype")
    ),
    "PandasTableReader": _read("table", "read_table", {"filepath_or_buffer": "filepath_or_buffer"}),
    "PandasSPSSReader": _read("spss", "read_spss", _FILE),
}

PANDAS_WRITERS = {
    "PandasCSVWriter": _write("csv", {"path": "path_or_buf"}, defaults={"index": False}),
    "PandasParquetWriter": _write("parquet", _FILE, more=("extra_kwargs",), through=_write_with_extra),
    "PandasJsonWriter": _write("json", {"filepath_or_buffer": "path_or_buf"}),
    "PandasPickleWriter": _write("pickle", _FILE),
    "PandasFeatherWriter": _write(
        "feather", _FILE, more=("compression", "compression_level", "chunksize", "version")
    ),
    "PandasExcelWriter": _write("excel", {"path": "excel_writer"}, more=_WORKBOOK, through=_write_excel),
    "PandasORCWriter": _write("orc", _FILE),
    "PandasSqlWriter": _write("sql", {"table_name": "name", "db_connection": "con"}, about="sql"),
    "PandasXmlWriter": _write(
        "xml", {"path_or_buffer": "path_or_buffer"}, renamed={"elems_cols": "elem_cols"}
    ),
    "PandasHtmlWriter": _write("html", {"buf": "buf"}),
    "PandasStataWriter": _write("stata", _FILE),
}

_RENAMED = {
    "comment_char": "comment_prefix",
    "dtypes": "schema_overrides",
    "row_count_name": "row_index_name",
    "row_count_offset": "row_index_offset",
}
"""Arguments that polars calls otherwise by now."""


def _polars(form: str, function: str, names: Mapping[str, str], kind: str = "DataFrame", **more: Any) -> Call:
    kinds = ("DataFrame", "LazyFrame") if function.startswith("DataFrame.") else (kind,)
    return Call(form, "polars", kinds, function, names, **more)


def _polars_file(form: str, function: str, name: str = "file") -> Call:
    return _polars(form, f"DataFrame.{function}", {name: "file"}, through=_write_polars)


_SOURCE = {"source": "source"}
_FROM_FILE = {"file": "source"}

POLARS_READERS = {
    "PolarsScanCSVReader": _polars("csv", "scan_csv", _FROM_FILE, "LazyFrame", renamed=_RENAMED),
    "PolarsScanParquetReader": _polars("parquet", "scan_parquet", _FROM_FILE, "LazyFrame", renamed=_RENAMED),
    "PolarsScanFeatherReader": _polars("feather", "scan_ipc", _SOURCE, "LazyFrame", renamed=_RENAMED),
    "PolarsCSVReader": _polars("csv", "read_csv", _FROM_FILE, renamed=_RENAMED),
    "PolarsParquetReader": _polars("parquet", "read_parquet", _FROM_FILE, renamed=_RENAMED),
    "PolarsFeatherReader": _polars("feather", "read_ipc", _SOURCE, renamed=_RENAMED),
    "PolarsAvroReader": _polars("avro", "read_avro", _FROM_FILE),
    "PolarsJSONReader": _polars("json", "read_json", _SOURCE),
    "PolarsNDJSONReader": _polars("ndjson", "read_ndjson", _SOURCE),
    "PolarsSpreadsheetReader": _polars("spreadsheet", "read_excel", _SOURCE),
    "PolarsDatabaseReader": _polars(
        "database", "read_database", {"query": "query", "connection": "connection"}, about="sql"
    ),
}

POLARS_WRITERS = {
    "PolarsCSVWriter": _polars_file("csv", "write_csv"),
    "PolarsParquetWriter": _polars_file("parquet", "write_parquet"),
    "PolarsFeatherWriter": _polars_file("feather", "write_ipc"),
    "PolarsAvroWriter": _polars_file("avro", "write_avro"),
    "PolarsJSONWriter": _polars_file("json", "write_json"),
    "PolarsNDJSONWriter": _polars_file("ndjson", "write_ndjson"),
    "PolarsSpreadsheetWriter": _polars(
        "spreadsheet", "DataFrame.write_excel", {"workbook": "workbook"}, through=_write_table
    ),
    "PolarsDatabaseWriter": _polars(
        "database",
        "DataFrame.write_database",
        {"table_name": "table_name", "connection": "connection"},
        about="sql",
        through=_write_table,
    ),
}

_FIGURE = (
    "dpi", "format", "metadata", "bbox_inches", "pad_inches", "facecolor", "edgecolor", "backend", "orientation",
    "bbox_extra_artists", "pil_kwargs",
)  # fmt: skip


def _figure(form: str) -> Call:
    names = {"path": "fname"}
    return Call(form, "matplotlib.figure", ("Figure",), "Figure.savefig", names, more=_FIGURE, about="file")


OTHER_READERS = {
    "NumpyNpyReader": Call("npy", "numpy", ("ndarray",), "load", {"path": "file"}, about="file"),
}

OTHER_WRITERS = {
    "NumpyNpyWriter": Call(
        "npy", "numpy", ("ndarray",), "save", {"path": "file"}, about="file", through=_save_array
    ),
    "MatplotlibWriter": _figure("plt"),
    "SklearnPlotSaver": _figure("png"),
}


class PandasHtmlReader(LibraryLoader):
    """Loads the tables of a page: all as a list, or the only one as a frame."""

    call = _read("html", "read_html", {"io": "io"})
    place = "io"

    @classmethod
    def applies_to(cls, type_: Any) -> bool:
        """Tell whether the type is a frame, or a list of frames."""
        kind: Any = plain_type(type_)
        inner = typing.get_args(kind) if typing.get_origin(kind) is list else ()
        return super().applies_to(inner[0] if inner else kind)

    def load_data(self, type_: Any) -> tuple[Any, dict[str, Any]]:
        """Return the tables, and what is known of the page; raises UserError where a frame is wanted of several."""
        tables, told = super().load_data(type_)
        kind: Any = plain_type(type_)
        if kind is Any or kind is list or typing.get_origin(kind) is list:
            return tables, told
        if len(tables) != 1:
            raise UserError(
                f"'{self.given[self.call.first]}' has {len(tables)} tables, where one frame is wanted",
                hint="annotate it with list[pd.DataFrame], or choose one by match= or attrs=",
            )
        return tables[0], told


# Their own of polars first: where a type says no library, pandas is meant, which comes last.
ADAPTERS: list[type[AdapterCommon]] = [PandasHtmlReader]
for _readers in (OTHER_READERS, POLARS_READERS, PANDAS_READERS):
    ADAPTERS += [make_loader(_name, _call, __name__) for _name, _call in _readers.items()]
for _writers in (OTHER_WRITERS, POLARS_WRITERS, PANDAS_WRITERS):
    ADAPTERS += [make_saver(_name, _call, __name__) for _name, _call in _writers.items()]
globals().update({adapter.__name__: adapter for adapter in ADAPTERS})
