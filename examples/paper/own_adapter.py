"""An adapter of one's own, as in the paper's Listing 7: it calls the functions itself, and makes the result.

What it makes of them is its own, so no value is taken from the cache or put there.
"""

import time
from typing import Any

import features
import loading
import model
import pandas as pd

from dagbuild import base, driver


class Stopwatch(base.HamiltonGraphAdapter):
    """Calls each function here, and gives a table of how long each took beside what was asked for."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @staticmethod
    def check_input_type(node_type: type, input_value: Any) -> bool:
        return node_type is Any or isinstance(input_value, node_type)

    @staticmethod
    def check_node_type_equivalence(node_type: type, input_type: type) -> bool:
        return node_type == input_type

    def execute_node(self, node: Any, kwargs: dict[str, Any]) -> Any:
        begun = time.perf_counter()
        value = node.callable(**kwargs)
        self.seconds[node.name] = time.perf_counter() - begun
        return value

    def build_result(self, **outputs: Any) -> tuple[dict[str, Any], pd.Series]:
        return outputs, pd.Series(self.seconds, name="seconds").sort_values(ascending=False)


config = {"region": "US", "cut_off": "2021-04-05", "weeks_file": "data/weeks.csv"}
dr = driver.Driver(config, loading, features, model, adapter=Stopwatch())

result, seconds = dr.execute(["forecast"])

print(result["forecast"].to_string())
print(f"{len(seconds)} functions called, {seconds.index[0]} took longest")
