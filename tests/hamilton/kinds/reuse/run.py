"""Ask for what the subdags give, and for what is inside them."""

import sites
from hamilton import driver

dr = driver.Builder().with_modules(sites).with_config({"coarse": "month"}).build()
inputs = {"usual_share": 0.25, "external": 1}
values = dr.execute(
    ["summary", "weekly_north", "monthly_south", "weekly_north.top", "southern.binned", "high"], inputs=inputs
)
print(values["summary"], values["weekly_north.top"], values["high"])
print(values["weekly_north"].to_dict(), values["weekly_north"].name)
print(values["monthly_south"].round(3).tolist(), values["southern.binned"].tolist())
for node in sorted(dr.list_available_variables(), key=lambda node: node.name):
    needs = [] if node.name.endswith(".grain") else sorted(node.required_dependencies)
    print(node.name, needs, sorted(node.optional_dependencies), node.is_external_input)
print([sorted(node.tags.items()) for node in dr.list_available_variables() if node.name == "monthly_south"])
print(sorted(node.name for node in dr.what_is_upstream_of("monthly_south")))
print(dr.execute(["summary"], inputs=inputs, overrides={"north_tenth.top": 100.0})["summary"])
print(dr.execute(["weekly_north.visits"], inputs={"usual_share": 1.0, "weekly_north.rows": 2}))
try:
    dr.execute(["summary"], inputs={"usual_share": 0.25})
except ValueError as error:
    print("external" in str(error))
picture = dr.display_upstream_of("bounds")
print(picture.source.count("->") > 3)
results = values
