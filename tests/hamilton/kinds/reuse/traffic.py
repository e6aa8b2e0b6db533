"""What a site's traffic is, of whatever grain and region it is asked for."""

import pandas as pd
from hamilton.function_modifiers import config


def visits(region: str, rows: int = 6) -> pd.DataFrame:
    factor = {"north": 1, "south": 3}[region]
    days = pd.date_range("2024-01-01", periods=rows, freq="3D")
    return pd.DataFrame({"day": days, "visits": [factor * n for n in range(rows)]})


@config.when(grain="week")
def binned__week(visits: pd.DataFrame) -> pd.Series:
    return visits.set_index("day")["visits"].resample("W").sum()


@config.when(grain="month")
def binned__month(visits: pd.DataFrame) -> pd.Series:
    return visits.set_index("day")["visits"].resample("MS").sum()


def unique(binned: pd.Series, share: float) -> pd.Series:
    return binned * share


def top(unique: pd.Series) -> float:
    return float(unique.max())
