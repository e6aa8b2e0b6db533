"""Days on which nothing happened are days too."""

import pandas as pd


def every_day(daily: pd.Series, missing: float = 0.0) -> pd.Series:
    """Return the series with a row for each airport and each day between its first and its last."""
    airports = daily.index.get_level_values("airport").unique().sort_values()
    dates = daily.index.get_level_values("date")
    days = pd.date_range(dates.min(), dates.max(), freq="D")
    rows = pd.MultiIndex.from_product([airports, days], names=["airport", "date"])
    return daily.reindex(rows).fillna(missing)


def last_known(daily: pd.Series) -> pd.Series:
    """Fill each gap with what the airport saw last."""
    return daily.groupby(level="airport").ffill()
