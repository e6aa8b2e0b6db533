"""The same functions used for each region and grain, under names of their own."""

from typing import Any

import pandas as pd
import traffic
from hamilton.function_modifiers import (
    configuration,
    extract_fields,
    parameterized_subdag,
    source,
    subdag,
    tag,
    value,
)


@subdag(
    traffic,
    inputs={"region": value("north"), "share": source("usual_share")},
    config={"grain": "week"},
)
def weekly_north(unique: pd.Series) -> pd.Series:
    """Visitors of the north by the week."""
    return unique.rename("north")


@tag(owner="growth")
@subdag(
    traffic,
    inputs={"region": value("south"), "share": value(0.5)},
    config={"grain": configuration("coarse")},
    namespace="southern",
)
def monthly_south(unique: pd.Series, top: float) -> pd.Series:
    return unique / top


@extract_fields({"low": float, "high": float})
@subdag(traffic.visits, traffic.binned__month, inputs={"region": value("south")}, config={"grain": "month"})
def bounds(binned: pd.Series) -> dict:
    return {"low": float(binned.min()), "high": float(binned.max())}


@parameterized_subdag(
    traffic,
    inputs={"share": value(0.1)},
    config={"grain": "week"},
    external_inputs=["external"],
    north_tenth={"inputs": {"region": value("north")}},
    south_tenth={"inputs": {"region": value("south")}, "config": {"grain": "month"}},
)
def tenth(top: float, external: int) -> float:
    return top + external


def summary(north_tenth: float, south_tenth: float, low: float, weekly_north: pd.Series) -> dict[str, Any]:
    return {"north": north_tenth, "south": south_tenth, "low": low, "weeks": len(weekly_north)}
