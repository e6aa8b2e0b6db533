"""Both ways through the steps, and the nodes that they are."""

import pandas as pd
import washing
from hamilton import driver

guests = pd.Series([" Dr. Ada Love-lace ", "Alan  Turing", "Grace Hop-per "])
inputs = {"guests": guests, "longest": 6, "extra": 5}
results = {}
for mode in ("short", "long", "other"):
    dr = driver.Builder().with_modules(washing).with_config({"mode": mode}).build()
    values = dr.execute(["washed", "total", "told", "total.raw", "tables.raw"], inputs=inputs)
    print(
        mode,
        values["washed"].tolist(),
        values["total"],
        values["told"],
        values["total.raw"],
        values["tables.raw"],
    )
    for node in sorted(dr.list_available_variables(), key=lambda node: node.name):
        if not node.is_external_input:
            print(
                "  ",
                node.name,
                sorted(node.required_dependencies),
                sorted(tag for tag in node.tags.items() if tag[0] != "module"),
            )
    results[mode] = values
inner = dr.execute(["wash.with_strip", "wash.spaced", "parted.titled"], inputs=inputs)
print({name: value.shape for name, value in inner.items()})
print(dr.execute(["total"], inputs=inputs, overrides={"total.added": 1}))
print(
    dr.execute(["washed"], inputs=inputs, overrides={"wash.untitled": pd.Series(["x-y"])})["washed"].tolist()
)
