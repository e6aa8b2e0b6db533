"""All in one step, as in the paper's Listing 4."""

from pathlib import Path

import features
import loading
import model

from dagbuild import Driver

HERE = Path(__file__).parent

driver = Driver(
    {"region": "US", "cut_off": "2021-04-05"}, loading, features, model, root=HERE, cache=HERE / "cache"
)
result = driver.execute(["forecast"], inputs={"weeks_file": "data/weeks.csv"})

print(result["forecast"].to_string())
