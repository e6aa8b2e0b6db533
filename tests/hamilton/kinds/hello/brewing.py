"""How a coffee bar's week goes: plain functions of one module."""

import pandas as pd


def cups_total(cups: pd.Series, refills: pd.Series) -> pd.Series:
    """Cups that were poured, refills among them."""
    return cups + refills


def beans_used(cups_total: pd.Series, grams_per_cup: float = 9.0) -> pd.Series:
    """Kilograms of beans."""
    return cups_total * grams_per_cup / 1000


def takings(cups: pd.Series, price: float) -> pd.Series:
    return cups * price


def takings_average(takings: pd.Series) -> float:
    return takings.mean()


def takings_centered(takings: pd.Series, takings_average: float) -> pd.Series:
    return takings - takings_average


def best_day(takings: pd.Series) -> str:
    return str(takings.idxmax())
