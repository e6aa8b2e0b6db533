"""Columns of beds: each a function of others."""

import pandas as pd
from hamilton.function_modifiers import config, extract_columns


@config.when_not(unit="never")
def area(length: pd.Series, width: pd.Series) -> pd.Series:
    return length * width


def water(area: pd.Series, litres: float) -> pd.Series:
    return area * litres


def is_large(area: pd.Series) -> pd.Series:
    return area > 4


@extract_columns("length", "width")
def parts(whole: pd.DataFrame) -> pd.DataFrame:
    return whole[["length", "width"]]


@config.when(unit="m")
def label__metres(length: pd.Series) -> pd.Series:
    return length.map("{:.1f} m".format)


@config.when(unit="ft")
def label__feet(length: pd.Series) -> pd.Series:
    return length.map(lambda metres: f"{metres * 3.28:.1f} ft")
