"""Use formats of one's own in decorators, and in what the driver is given."""

from pathlib import Path

import poems
from hamilton import driver
from hamilton.io.materialization import from_, to
from hamilton.registry import LOADER_REGISTRY, SAVER_REGISTRY

Path("poem.txt").write_text("; by nobody\nthe river ran\n  and so did we\nhome\n")
print([each.__name__ for each in LOADER_REGISTRY["lines"]], [each.name() for each in SAVER_REGISTRY["diary"]])
print(
    poems.adapters.LinesSaver.can_save(),
    poems.adapters.LinesLoader.can_load(),
    poems.adapters.LinesLoader.can_save(),
)
print(
    poems.adapters.LinesLoader.get_required_arguments(),
    sorted(poems.adapters.LinesLoader.get_optional_arguments()),
)
inputs = {"poem_path": "poem.txt", "sorted_path": "sorted.txt"}
dr = driver.Builder().with_modules(poems).build()
values = dr.execute(["poem", "sorted_saved", "longest"], inputs=inputs)
print(values, Path("sorted.txt").read_text())
diary = {}
told, extra = dr.materialize(
    to.diary(id="noted", dependencies=["longest"], diary=diary),
    to.diary(id="counted", dependencies=["count"], diary=diary, day="later"),
    to.lines(id="out", dependencies=["poem"], path="out.txt", end="|"),
    from_.lines(target="more", path="sorted.txt", limit=1),
    additional_vars=["count", "more_count"],
    inputs=inputs,
)
print(told, extra, diary, Path("out.txt").read_text())
try:
    dr.materialize(to.diary(id="wrong", dependencies=["poem"], diary=diary), inputs=inputs)
except Exception as error:
    print("a diary takes no lists:", isinstance(error, Exception))
results = {"values": values, "told": told, "diary": diary}
