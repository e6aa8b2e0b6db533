"""Arrays as they are, as a matrix, and saved to a file of numpy's."""

import noise
import numpy as np
from hamilton import base, driver
from hamilton.io.materialization import to

inputs = {"seed": 3, "crossings": 3, "days": 6, "window": 2}
dr = driver.Builder().with_modules(noise).with_adapters(base.DictResult()).build()
values = dr.execute(["rolling_mean", "grade", "verdict", "t_value", "quietest"], inputs=inputs)
print(np.round(values["rolling_mean"], 2).tolist(), values["rolling_mean"].dtype)
print(values["grade"].tolist(), values["verdict"], round(float(values["t_value"]), 6), values["quietest"])
print(type(values["t_value"]).__name__)
told, extra = dr.materialize(
    to.npy(id="saved_levels", dependencies=["levels"], path="levels.npy"),
    additional_vars=["in_bounds"],
    inputs=inputs,
)
print(np.load("levels.npy").tolist() == dr.execute(["levels"], inputs=inputs)["levels"].tolist())
print(sorted(told["saved_levels"]), extra["in_bounds"].max())
matrix = driver.Driver({}, noise, adapter=base.SimplePythonGraphAdapter(base.NumpyMatrixResult()))
made = matrix.execute(["means", "quietest", "loudest_day"], inputs=inputs)
print(type(made).__name__, made.shape)
try:
    matrix.execute(["rolling_mean", "levels"], inputs=inputs)
except ValueError as error:
    print("columns of a matrix are flat:", type(error).__name__ != "")
print(dr.execute(["verdict"], overrides={"t_value": np.float64(-1)}, inputs=inputs))
results = values
