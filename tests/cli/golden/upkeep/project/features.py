import pandas as pd


def days() -> pd.DataFrame:
    """A column is larger than what is kept in the record itself."""
    print("making days")
    return pd.DataFrame({"day": range(5_000), "spend": range(5_000, 10_000)})


def scaled(days: pd.DataFrame, rate: int) -> pd.DataFrame:
    """Shares a column with `days`."""
    return days.assign(spend=days["spend"] * rate)


def total(scaled: pd.DataFrame) -> int:
    """A small value."""
    print("adding up")
    print("and done")
    return int(scaled["spend"].sum())
