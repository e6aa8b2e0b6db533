"""The same functions on Ray, as in the paper's Listing 6: one line differs.

Needs `pip install "dagbuild[ray]"`. Without an address, Ray is started on this machine;
`RayGraphAdapter(..., ray_init_config={"address": "ray://head-node:10001"})` takes a cluster of your own.
"""

import features
import loading
import model

from dagbuild import base, driver
from dagbuild.plugins import h_ray

config = {"region": "US", "cut_off": "2021-04-05", "weeks_file": "data/weeks.csv"}
adapter = h_ray.RayGraphAdapter(result_builder=base.DictResult())
dr = driver.Driver(config, loading, features, model, adapter=adapter)

result = dr.execute(["forecast"])

print(result["forecast"].to_string())
