"""Adapters of one's own, and those that come with the library."""

import bakery
import watching
from hamilton import base, driver
from hamilton.lifecycle import (
    FunctionInputOutputTypeChecker,
    GracefulErrorAdapter,
    NoEdgeAndInputTypeChecking,
    PrintLn,
    SlowDownYouMoveTooFast,
)
from hamilton.lifecycle.default import accept_error_sentinels
from hamilton.plugins.h_rich import RichProgressBar
from hamilton.plugins.h_tqdm import ProgressBar
from rich.console import Console

lines: list[str] = []
inputs = {"sacks": 2, "lit": True}
counter = watching.Counter()
builder = driver.Builder().with_modules(bakery)
dr = builder.copy().with_adapters(watching.Notebook(lines), watching.OnlyTagged(), counter).build()
print(dr.execute(["shelf"], inputs=inputs))
try:
    dr.execute(["shelf"], inputs={"sacks": 2, "lit": False})
except bakery.OvenCold as error:
    print("cold:", str(error).splitlines()[0])
dr.execute(["shelf"], inputs=inputs, overrides={"bread": 5})
print("\n".join(lines))
print(counter.runs, sorted(set(counter.names)))

told: list[str] = []
printing = (
    builder.copy()
    .with_adapters(PrintLn(verbosity=2, print_fn=told.append, node_filter=["dough", "bread"]))
    .build()
)
printing.execute(["rolls"], inputs=inputs)
print(len(told), all("dough" in line or "bread" in line for line in told))
filtered = (
    builder.copy()
    .with_adapters(PrintLn(1, told.append, lambda name, tags: tags.get("station") == "oven"))
    .build()
)
filtered.execute(["rolls"], inputs=inputs)
print(len(told))

graceful = (
    builder.copy()
    .with_adapters(GracefulErrorAdapter(error_to_catch=bakery.OvenCold, sentinel_value=None))
    .build()
)
print(graceful.execute(["shelf", "cakes", "rolls"], inputs={"sacks": 2, "lit": False}))
joined = builder.copy().with_adapters(watching.Joined(), watching.Doubler()).build()
print(joined.execute(["cakes", "flour"], inputs=inputs))
checked = (
    builder.copy().with_adapters(FunctionInputOutputTypeChecker(check_input=True, check_output=False)).build()
)
print(checked.execute(["cakes"], inputs=inputs))
try:
    checked.execute(["cakes"], inputs=inputs, overrides={"flour": "none"})
except TypeError as error:
    print("a text is no number:", "flour" in str(error))
loose = builder.copy().with_adapters(NoEdgeAndInputTypeChecking(), SlowDownYouMoveTooFast(0.0, 0.0)).build()
print(loose.execute(["flour"], inputs={"sacks": 2.5}))
bars = (
    builder.copy()
    .with_adapters(
        ProgressBar("baking"), RichProgressBar("rich", collect_desc="more", console=Console(stderr=True))
    )
    .build()
)
print(bars.execute(["bread"], inputs=inputs))
both = driver.Driver(inputs, bakery, adapter=[base.DictResult(), watching.Notebook(lines)])
print(both.execute(["cakes"]), lines[-1])


@accept_error_sentinels
def closing(bread: int, cakes: int) -> str:
    return f"{type(bread).__name__} {cakes}"


late = driver.Builder().with_modules(bakery, __import__("closing_time"))
late = late.with_adapters(GracefulErrorAdapter(bakery.OvenCold, sentinel_value="failed")).build()
print(late.execute(["closed", "strict"], inputs={"sacks": 2, "lit": False}))
results = {"lines": lines}
