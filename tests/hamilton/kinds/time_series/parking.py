"""Cars in a car park by the hour: columns, what is done to many of them, and what they sum up to."""

import numpy as np
import pandas as pd
from hamilton.function_modifiers import (
    ParameterizedExtract,
    does,
    extract_columns,
    parameterize_extract_columns,
    parameterize_sources,
    parameterize_values,
    source,
    value,
)


@extract_columns("north", ("south", "Cars at the south gate."), "roof")
def counted(start: str, hours: int) -> pd.DataFrame:
    index = pd.date_range(start, periods=hours, freq="h", name="at")
    wave = np.arange(hours) % 6
    return pd.DataFrame({"north": wave * 3, "south": 10 - wave, "roof": 0}, index=index)


def _add(**columns: pd.Series) -> pd.Series:
    return sum(columns.values())


@does(_add)
def inside(north: pd.Series, south: pd.Series) -> pd.Series:
    """All that stand inside."""
    pass


@does(_add)
def everywhere(inside: pd.Series, roof: pd.Series) -> pd.Series:
    pass


def _share(part: pd.Series, whole: pd.Series) -> pd.Series:
    return part / whole


@does(_share, part="north", whole="inside")
def north_share(north: pd.Series, inside: pd.Series) -> pd.Series:
    pass


@parameterize_values("hours_back", {("before_1", "An hour before."): 1, ("before_3", "Three before."): 3})
def before(inside: pd.Series, hours_back: int) -> pd.Series:
    """Shifted."""
    return inside.shift(hours_back).fillna(0)


@parameterize_sources(north_peak={"place": "north"}, south_peak={"place": "south"})
def peak(place: pd.Series) -> str:
    """When {place} is fullest."""
    return str(place.idxmax())


@parameterize_extract_columns(
    ParameterizedExtract(("north_low", "north_top"), {"place": source("north"), "name": value("north")}),
    ParameterizedExtract(("south_low", "south_top"), {"place": source("south"), "name": value("south")}),
)
def ends(place: pd.Series, name: str) -> pd.DataFrame:
    return pd.DataFrame(
        {f"{name}_low": place.rolling(2).min(), f"{name}_top": place.rolling(2).max()}, index=place.index
    )


def hourly(inside: pd.Series, before_1: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"inside": inside, "change": inside - before_1})


@extract_columns("inside_mean", "change_mean")
def daily(hourly: pd.DataFrame) -> pd.DataFrame:
    return hourly.resample("D").mean().add_suffix("_mean")
