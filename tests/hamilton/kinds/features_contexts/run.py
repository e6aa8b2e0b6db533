"""Train offline on a file, then serve single requests with what was found in training."""

from pathlib import Path

import features
import load_training
from hamilton import base, driver

Path("rides.csv").write_text("distance, hour, paid\n1.0,5,4.0\n3.5,12,9.5\n8.0,23,21.0\n")


def make_driver(**config):
    return (
        driver.Builder()
        .with_config(config)
        .with_config({"owner": "rides"})
        .with_modules(load_training, features)
        .with_adapters(base.PandasDataFrameResult())
        .build()
    )


training = make_driver(context="training", model="second")
wanted = [node.name for node in training.list_available_variables(tag_filter={"feature": "true"})]
print(sorted(wanted))
trained = training.execute([*sorted(wanted), "target"], inputs={"rides_path": "rides.csv"})
print(trained.round(4).to_string())
fitted = training.raw_execute(["distance_mean", "distance_std"], inputs={"rides_path": "rides.csv"})
print({name: round(value, 4) for name, value in fitted.items()})

serving = make_driver(context="serving", model="second")
for request in ({"distance": 2.0, "hour": 22}, {"distance": 6.0, "hour": 9}):
    row = serving.execute(sorted(wanted), inputs={"request": request, "feature_store": fitted})
    print(row.round(4).to_dict("records"))
first = make_driver(context="serving", model="first")
print("night_distance" in [node.name for node in first.list_available_variables()])
for node in sorted(training.list_available_variables(), key=lambda node: node.name):
    configs = ",".join(sorted(filter(None, str(node.tags.get("hamilton.config", "")).split(","))))
    print(node.name, configs, node.tags.get("module"), node.is_external_input)
try:
    first.execute(["night_distance"], inputs={"request": {}, "feature_store": fitted})
except ValueError:
    print("the first model has no such feature")
try:
    make_driver(context="serving").execute(["target"], inputs={"request": {}})
except ValueError:
    print("there is nothing to aim at when serving")
results = {"trained": trained}
