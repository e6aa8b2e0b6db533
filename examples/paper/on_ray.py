"""The same functions on Ray, as in the paper's Listing 6: one word differs.

Needs `pip install "dagbuild[ray]"`.
"""

from pathlib import Path

import features
import loading
import model

from dagbuild import Driver

HERE = Path(__file__).parent

driver = Driver(
    {"region": "US", "cut_off": "2021-04-05"},
    loading,
    features,
    model,
    root=HERE,
    cache=HERE / "cache",
    executor="ray",  # "ray://head-node:10001" for a cluster of your own
)
result = driver.execute(["forecast"], inputs={"weeks_file": "data/weeks.csv"})

print(result["forecast"].to_string())
