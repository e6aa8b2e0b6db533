"""Polars from a file to a file, and as what a run results in."""

from pathlib import Path

import fleet
import polars as pl
from hamilton import base, driver
from hamilton.io.materialization import from_, to
from hamilton.plugins import h_polars, polars_extensions  # noqa: F401 - for what it makes known

rows = {
    "van": ["blue", "red", "blue", "blue"],
    "km": [120.0, 80.5, 40.0, 10.0],
    "litres": [9.0, 8.0, None, 1.0],
}
pl.DataFrame(rows).write_csv("trips.csv")
inputs = {"trips_path": "trips.csv", "by_van_path": "by_van.parquet"}
dr = (
    driver.Builder()
    .with_modules(fleet)
    .with_config({"lazy": True})
    .with_adapters(h_polars.PolarsDataFrameResult())
    .build()
)
frame = dr.execute(["van", "km", "thirst"], inputs=inputs)
print(type(frame).__module__.split(".")[0], frame.columns, frame.dtypes, frame.rows())
plain = driver.Builder().with_modules(fleet).with_adapters(base.DictResult()).build()
values = plain.execute(["by_van_saved", "furthest", "by_van_ranked"], inputs=inputs)
print(values["furthest"], sorted(values["by_van_saved"]), values["by_van_ranked"].rows())
print(pl.read_parquet("by_van.parquet").rows())
told, extra = plain.materialize(
    from_.literal(target="trips_path", value="trips.csv"),
    to.csv(id="trips_csv", dependencies=["trips"], file="tidy.csv", separator=";"),
    to.csv(
        id="joined",
        dependencies=["van", "thirst"],
        combine=h_polars.PolarsDataFrameResult(),
        file="joined.csv",
    ),
    additional_vars=["furthest"],
    inputs=inputs,
)
print(Path("tidy.csv").read_text(), Path("joined.csv").read_text(), extra, sorted(told))
print(
    sorted(told["joined"]["file_metadata"]) if "file_metadata" in told["joined"] else sorted(told["joined"])
)
print(told["joined"].get("dataframe_metadata"))
for node in sorted(plain.list_available_variables(), key=lambda node: node.name):
    print(
        node.name, "path" if "path" in node.name else node.type.__name__, sorted(map(str, node.tags.items()))
    )
results = {"frame": frame.rows(), "furthest": values["furthest"]}
