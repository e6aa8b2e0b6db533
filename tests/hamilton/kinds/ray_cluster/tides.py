"""Tides at harbours."""

import pandas as pd
from hamilton.function_modifiers import extract_columns, parameterize, source, tag
from hamilton.function_modifiers.metadata import ray_remote_options


@extract_columns("high", "low")
def tides(days: int) -> pd.DataFrame:
    return pd.DataFrame({"high": [3.0 + n for n in range(days)], "low": [0.5 * n for n in range(days)]})


@ray_remote_options(num_cpus=1)
@tag(kind="span")
def span(high: pd.Series, low: pd.Series) -> pd.Series:
    return high - low


@parameterize(high_mean={"which": source("high")}, low_mean={"which": source("low")})
def mean(which: pd.Series, digits: int = 2) -> float:
    return round(float(which.mean()), digits)


def spring_tide(span: pd.Series, high_mean: float) -> bool:
    return bool(span.max() > high_mean)
