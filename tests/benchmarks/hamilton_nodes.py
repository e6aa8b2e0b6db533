"""The one node of the Hamilton graph in `ways`."""

import pandas as pd

from tests.benchmarks import ways


def value(number: int) -> pd.DataFrame:
    """What a driver with a cache computes, or takes from there."""
    held: pd.DataFrame = ways.HELD[0]
    return held
