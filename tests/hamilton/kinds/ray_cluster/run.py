"""Each node as a task of Ray's."""

import logging

import ray
import tides
from hamilton import base, driver, telemetry
from hamilton.plugins import h_ray

telemetry.disable_telemetry()
ray.init(log_to_driver=False, logging_level=logging.ERROR)
adapter = h_ray.RayGraphAdapter(result_builder=base.PandasDataFrameResult())
dr = driver.Driver({"days": 4}, tides, adapter=adapter)
frame = dr.execute(["high", "span", "high_mean", "spring_tide"])
print(frame.to_string())
dicts = driver.Builder().with_modules(tides).with_adapters(h_ray.RayGraphAdapter(base.DictResult())).build()
values = dicts.execute(["low_mean", "spring_tide"], inputs={"days": 3})
print(values)
print(dicts.execute(["low_mean"], inputs={"days": 3}, overrides={"low": frame["high"]}))
ray.shutdown()
results = {"frame": frame, "values": values}
