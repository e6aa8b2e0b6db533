"""Small operations on series that have one row per airport and day."""

import pandas as pd

from .gaps import every_day


def per_day(values: pd.Series, airport: pd.Series, date: pd.Series, how: str) -> pd.Series:
    """Gather observations into one value per airport and day, in the way `how` names ("sum", "mean")."""
    keys = [airport.rename("airport"), date.rename("date")]
    daily = values.groupby(keys).agg(how).astype(float)
    return every_day(daily, missing=0.0 if how == "sum" else float("nan"))


def days_ago(series: pd.Series, days: int) -> pd.Series:
    """Return what each airport saw so many days before."""
    return series.groupby(level="airport").shift(days)


def trailing_mean(series: pd.Series, days: int) -> pd.Series:
    """Return the mean of the day and the days before it, airport by airport."""
    return series.groupby(level="airport", group_keys=False).apply(lambda one: one.rolling(days).mean())
