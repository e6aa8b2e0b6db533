"""In two steps with a person between them, as in the paper's Listing 5.

What was looked at goes back as an override.
"""

import features
import loading
import model

from dagbuild import base, driver

config = {"region": "US", "cut_off": "2021-04-05", "weeks_file": "data/weeks.csv"}
adapter = base.SimplePythonGraphAdapter(base.DictResult())
dr = driver.Driver(config, loading, features, model, adapter=adapter)

data_set = dr.execute(["data_set"])["data_set"]

# Here a person looks at the table and finds that one week's spend is a mistake in the books.
data_set.loc["2020-03-02", "spend"] = data_set["spend"].median()

result = dr.execute(["forecast"], overrides={"data_set": data_set})

print(result["forecast"].to_string())
