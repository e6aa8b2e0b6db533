"""All in one step, as in the paper's Listing 4."""

import features
import loading
import model

from dagbuild import base, driver

config = {"region": "US", "cut_off": "2021-04-05", "weeks_file": "data/weeks.csv"}
adapter = base.SimplePythonGraphAdapter(base.DictResult())
dr = driver.Driver(config, loading, features, model, adapter=adapter)

result = dr.execute(["forecast"])

print(result["forecast"].to_string())
