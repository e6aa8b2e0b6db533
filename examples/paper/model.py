"""From columns to a forecast."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression


def data_set(
    signups: pd.Series,
    spend: pd.Series,
    avg_3wk_spend: pd.Series,
    spend_per_signup: pd.Series,
    signups_1wk: pd.Series,
    holidays: pd.Series,
) -> pd.DataFrame:
    """Every column that the model sees, and the one that it is to foresee."""
    columns = [signups, spend, avg_3wk_spend, spend_per_signup, signups_1wk, holidays]
    return pd.concat(columns, axis=1).dropna()


def fit_model(data_set: pd.DataFrame, cut_off: str) -> LinearRegression:
    """Fit on the weeks before the cut-off."""
    past = data_set[data_set.index < cut_off]
    return LinearRegression().fit(past.drop(columns="signups"), past["signups"])


def forecast(fit_model: LinearRegression, data_set: pd.DataFrame, cut_off: str) -> pd.Series:
    """Signups of the weeks from the cut-off on."""
    future = data_set[data_set.index >= cut_off].drop(columns="signups")
    return pd.Series(np.round(fit_model.predict(future), 1), index=future.index, name="forecast")
