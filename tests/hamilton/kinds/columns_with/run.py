"""Frames with columns that were added; pandas, then polars."""

import garden
import polars as pl
from hamilton import ad_hoc_utils, driver
from hamilton.plugins import h_polars

inputs = {"count": 4, "litres": 2.5, "least": 2.0}
dr = driver.Builder().with_modules(garden).with_config({"unit": "m"}).build()
values = dr.execute(["beds_measured", "beds_labelled", "chosen", "water_total"], inputs=inputs)
for name in ("beds_measured", "beds_labelled", "chosen"):
    print(name, sorted(values[name].columns))
    print(values[name][sorted(values[name].columns)].to_string())
print(values["water_total"])
for node in sorted(dr.list_available_variables(), key=lambda node: node.name):
    print(node.name, getattr(node.type, "__name__", node.type), sorted(node.required_dependencies))


def lanes(swimmers: pl.Series) -> pl.Series:
    return (swimmers / 4).ceil()


def pools(rows: int) -> pl.DataFrame:
    return pl.DataFrame({"swimmers": range(rows)})


@h_polars.with_columns(lanes, columns_to_pass=["swimmers"], select=["lanes"])
def pools_open(pools: pl.DataFrame) -> pl.DataFrame:
    return pools


swimming = ad_hoc_utils.create_temporary_module(pools, pools_open, module_name="swimming")
swum = driver.Builder().with_modules(swimming).build()
frame = swum.execute(["pools_open"], inputs={"rows": 3})["pools_open"]
print(frame.columns, frame.rows())
print(sorted(node.name for node in swum.list_available_variables()))
results = {name: values[name][sorted(values[name].columns)] for name in ("beds_measured", "chosen")}
