"""A schema that holds, and one that ends the run."""

import logging

import members
from hamilton import driver
from hamilton.data_quality.base import DataValidationError

logging.getLogger().addHandler(logging.NullHandler())
dr = driver.Builder().with_modules(members).with_config({"per_book": 2.5}).build()
values = dr.execute(["fined", "owed"], inputs={"count": 5})
print(values["fined"].to_string())
print(values["owed"])
checks = sorted(node.name for node in dr.list_available_variables() if "validator" in node.name)
print(checks)
for name, found in dr.execute(checks, inputs={"count": 3}).items():
    print(name, found.passes, type(found.diagnostics).__name__)
costly = driver.Builder().with_modules(members).with_config({"per_book": 30.0}).build()
try:
    costly.execute(["owed"], inputs={"count": 5})
except DataValidationError:
    print("somebody owes too much")
bad = members.members(2).assign(card=[1, 1])
try:
    dr.execute(["members"], overrides={"members_raw": bad}, inputs={"count": 2})
except DataValidationError as error:
    print("cards are there twice:", type(error).__name__)
results = values
