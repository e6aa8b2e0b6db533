"""A cache: what has run once is not run again, in this process or a later one."""

from pathlib import Path

import ferry
import pandas as pd
from hamilton import driver, lifecycle


class Watch(lifecycle.NodeExecutionHook):
    """Knows which nodes were told of."""

    def __init__(self):
        self.names: list[str] = []

    def run_before_node_execution(self, *, node_name: str, **future_kwargs):
        self.names.append(node_name)

    def run_after_node_execution(self, **future_kwargs):
        pass


watch = Watch()


def calls() -> list[str]:
    names = sorted(watch.names)
    watch.names.clear()
    return names


def make(**options):
    return (
        driver.Builder().with_modules(ferry).with_adapters(watch).with_cache(path="./kept", **options).build()
    )


inputs = {"days": 6, "fare": 2.5}
results = {}
first = Path("kept").exists()
dr = make()
print(dr.execute(["printed", "cars"], inputs=inputs))
began = calls()
print("told of:", began)
print(dr.execute(["printed", "cars"], inputs=inputs))
print("told of:", calls())
print(make().execute(["report"], inputs=inputs))
print("told of:", calls())
print(make(recompute=["cars"]).execute(["report"], inputs=inputs))
print("told of:", calls())
changed = make().execute(["report"], inputs={"days": 7 if first else 8, "fare": 3.0})
print(changed["report"])
print("told of:", calls())
print(make().execute(["cars"], inputs=inputs, overrides={"crossings": pd.DataFrame({"cars": [1, 2]})}))
print("told of:", calls())
everything = make(recompute=True).execute(["report"], inputs=inputs)
print(everything)
print("told of:", calls())
frame = make().execute(["crossings"], inputs=inputs)["crossings"]
print(frame.to_string())
print("told of:", calls())
results = {"frame": frame}
