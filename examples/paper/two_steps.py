"""In two steps with a person between them, as in the paper's Listing 5.

What was looked at goes back as an override.
"""

from pathlib import Path

import features
import loading
import model

from dagbuild import Driver

HERE = Path(__file__).parent

driver = Driver(
    {"region": "US", "cut_off": "2021-04-05"}, loading, features, model, root=HERE, cache=HERE / "cache"
)
data_set = driver.execute(["data_set"], inputs={"weeks_file": "data/weeks.csv"})["data_set"]

# Here a person looks at the table and finds that one week's spend is a mistake in the books.
data_set.loc["2020-03-02", "spend"] = data_set["spend"].median()

result = driver.execute(["forecast"], overrides={"data_set": data_set})

print(result["forecast"].to_string())
