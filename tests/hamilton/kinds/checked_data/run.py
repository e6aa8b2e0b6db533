"""Checks that pass, that warn and that end the run; and what is known of each afterwards."""

import logging

import river
from hamilton import driver
from hamilton.data_quality.base import DataValidationError, ValidationResult

logging.basicConfig(filename="warnings.log", level=logging.ERROR, force=True)
dr = driver.Builder().with_modules(river).build()
names = ["level_smooth", "flow_shifted", "flow_total", "state", "report", "level_high", "flow_high"]
values = dr.execute(names, inputs={"days": 10, "shift": 1})
print(values["report"], values["state"], values["flow_high"])
print(values["flow_total"].tolist())

checks = [
    node.name
    for node in dr.list_available_variables(tag_filter={"hamilton.data_quality.contains_dq_results": "True"})
]
print(checks)
validators = sorted(
    node.name
    for node in dr.list_available_variables()
    if node.tags.get("hamilton.data_quality.contains_dq_results")
)
for name, found in dr.execute(validators, inputs={"days": 10, "shift": 1}).items():
    print(name, type(found) is ValidationResult, found.passes)
rises = dr.execute(["flow_total_rises"], inputs={"days": 3, "shift": 1})
print(rises["flow_total_rises"].message, rises["flow_total_rises"].diagnostics)
raw = dr.execute(["flow_shifted_raw"], inputs={"days": 4, "shift": 2})["flow_shifted_raw"]
print(raw.tolist())
try:
    dr.execute(["flow_shifted"], inputs={"days": 4, "shift": 3})
except DataValidationError as error:
    print("ended:", isinstance(error, Exception), len(error.args) > 0)
source_of = {
    node.name: node.tags.get("hamilton.data_quality.source_node") for node in dr.list_available_variables()
}
print({name: source for name, source in source_of.items() if source})
results = {name: values[name] for name in ("report", "level_smooth")}
