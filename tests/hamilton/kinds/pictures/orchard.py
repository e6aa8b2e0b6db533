"""What an orchard yields, in functions that are to be drawn."""

import pandas as pd
from hamilton.function_modifiers import extract_columns, schema, tag


@extract_columns("trees", "kilos")
def harvest(rows: int, factor: float = 1.5) -> pd.DataFrame:
    """A row for each field."""
    return pd.DataFrame({"trees": range(1, rows + 1), "kilos": [factor * n for n in range(rows)]})


@schema.output(("trees", "int"), ("kilos", "float"))
def harvest_sorted(harvest: pd.DataFrame) -> pd.DataFrame:
    return harvest.sort_values("kilos")


@tag(team="fields", unit="kg")
def per_tree(kilos: pd.Series, trees: pd.Series) -> pd.Series:
    return kilos / trees


def juice(kilos: pd.Series, litres_per_kilo: float) -> pd.Series:
    return kilos * litres_per_kilo


def bottles(juice: pd.Series, rows: int) -> int:
    return int(juice.sum()) + rows
