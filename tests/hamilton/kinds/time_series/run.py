"""One frame of hours, and one of days with another index."""

import sys

import hamilton.driver
import parking
from hamilton import base
from hamilton.base import StrictIndexTypePandasDataFrameResult

config = {"start": "2024-03-01 20:00", "hours": 8}
hours = ["north", "roof", "everywhere", "north_share", "before_1", "before_3", "north_low", "south_top"]
dr = hamilton.driver.Driver(
    config, parking, adapter=base.SimplePythonGraphAdapter(StrictIndexTypePandasDataFrameResult())
)
frame = dr.execute(hours)
print(frame.round(3).to_string())
print(frame.index.name, frame.index.dtype)
daily = dr.execute(["inside_mean", "change_mean"])
print(daily.round(3).to_string())
peaks = dr.raw_execute(["north_peak", "south_peak"])
print(peaks)
both = hamilton.driver.Driver(config, parking).execute(["inside", "inside_mean"])
print(both.to_string())
try:
    dr.execute(["north_peak", "south_peak"])
except ValueError as error:
    print("no index", type(error).__name__ != "", file=sys.stdout)
for name in ("before_1", "north_peak", "south_top", "roof", "inside"):
    (node,) = [each for each in dr.list_available_variables() if each.name == name]
    print(node.name, node.type.__name__, node.documentation or "", node.required_dependencies)
results = {"frame": frame, "daily": daily, "both": both}
