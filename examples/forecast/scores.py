"""How good a forecast was."""

import pandas as pd


def mean_error(forecast: pd.Series, actual: pd.Series) -> float:
    """Return by how many flights a day the forecast was wrong, on average."""
    return float((forecast - actual).abs().mean())


def gain(error: float, baseline: float) -> float:
    """Return how much smaller the error is than the baseline's, in percent."""
    return 100.0 * (1.0 - error / baseline)
