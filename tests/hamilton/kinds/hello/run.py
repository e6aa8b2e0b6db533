"""Run it in the older way: a Driver of a config and modules, whose result is a frame."""

import importlib

import pandas as pd
from hamilton import base, driver

week = pd.Index(["mon", "tue", "wed", "thu"], name="day")
columns = {
    "cups": pd.Series([40, 52, 38, 61], index=week),
    "refills": pd.Series([4, 6, 1, 9], index=week),
    "price": 2.5,
}
brewing = importlib.import_module("brewing")

dr = driver.Driver(columns, brewing)
frame = dr.execute(["cups", "cups_total", "beans_used", brewing.takings, "takings_centered"])
print(type(frame).__name__)
print(frame.to_string())
print(dr.raw_execute(["best_day", "takings_average"]))
print(dr.execute(["beans_used"], overrides={"cups_total": columns["cups"]}).to_string())

adapter = base.SimplePythonGraphAdapter(result_builder=base.DictResult())
again = driver.Driver({}, brewing, adapter=adapter)
values = again.execute(["best_day", "takings_average"], inputs=columns)
print(values)
try:
    again.execute(["best_day"], inputs={"cups": columns["cups"]})
except ValueError as error:
    print("refused:", "price" in str(error))

numbers = driver.Driver({}, brewing, adapter=base.SimplePythonGraphAdapter(base.NumpyMatrixResult()))
matrix = numbers.execute(["cups_total", "takings"], inputs=columns)
print(matrix.shape, matrix.tolist())
frame_again = (
    driver.Builder()
    .with_modules(brewing)
    .with_config({"price": 3.0})
    .with_adapters(base.PandasDataFrameResult())
    .build()
    .execute(["cups", "takings", "best_day"], None, False, {"cups": columns["cups"]})
)
print(frame_again.to_string(), frame_again.index.name, list(frame_again.dtypes.astype(str)))
print(dr.has_cycles(["takings"]), sorted(node.name for node in dr.list_available_variables()))
results = {"frame": frame, "values": values, "again": frame_again}
