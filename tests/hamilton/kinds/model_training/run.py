"""Train, compare, and tell what was made of what."""

import data
import models
from hamilton import driver
from hamilton.function_modifiers import ParameterizedExtract, parameterize_extract_columns, source

assert ParameterizedExtract and parameterize_extract_columns and source
builder = driver.Builder().with_modules(data, models)
inputs = {"seed": 7, "test_share": 0.25}
results = {}
for third in ("tree", "line"):
    dr = builder.copy().with_config({"third_kind": third}).build()
    found = dr.execute(
        ["best", "average", "score_near_1", "score_near_5", "score_third", "third"], inputs=inputs
    )
    print(third, type(found.pop("third")).__name__, found)
    results[third] = found
for node in sorted(dr.list_available_variables(), key=lambda node: node.name):
    kind = getattr(node.type, "__name__", str(node.type))
    print(node.name, kind, sorted(node.tags.items()), repr(node.documentation or ""))
print(dr.list_available_variables(tag_filter={"model": ["near"]})[0].originating_functions[0].__name__)
below = [node.name for node in dr.what_is_downstream_of("near_1")]
print(sorted(below))
way = dr.what_is_the_path_between("plants", "best")
print(sorted(node.name for node in way))
wanted = dr["best"] if hasattr(dr, "__getitem__") else None
print(wanted)
