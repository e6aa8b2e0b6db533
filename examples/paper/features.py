"""One function, one column."""

import pandas as pd

from dagbuild import config

CHRISTMAS_WEEKS = (51, 52)


def avg_3wk_spend(spend: pd.Series) -> pd.Series:
    """Rolling average of three weeks' spend."""
    return spend.rolling(3).mean().rename("avg_3wk_spend")


def spend_per_signup(spend: pd.Series, signups: pd.Series) -> pd.Series:
    """What a signup cost the week before."""
    return (spend / signups).shift(1).rename("spend_per_signup")


def signups_1wk(signups: pd.Series) -> pd.Series:
    """Signups of the week before."""
    return signups.shift(1).rename("signups_1wk")


@config.when(region="US")
def holidays__us(spend: pd.Series) -> pd.Series:
    """Weeks with a day off in the United States: Independence Day, Thanksgiving and the end of the year."""
    return _in_weeks(spend.index, (27, 47, *CHRISTMAS_WEEKS))


@config.when(region="UK")
def holidays__uk(spend: pd.Series) -> pd.Series:
    """Weeks with a bank holiday in the United Kingdom: two in May, one in August and the end of the year."""
    return _in_weeks(spend.index, (18, 22, 35, *CHRISTMAS_WEEKS))


def _in_weeks(dates: pd.DatetimeIndex, weeks: tuple[int, ...]) -> pd.Series:
    return pd.Series(dates.isocalendar().week.isin(weeks).to_numpy(float), index=dates, name="holidays")
