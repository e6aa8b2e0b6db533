"""Members of a library, held against schemas of pandera."""

import pandas as pd
import pandera as pa
import pandera.typing as pat
from hamilton.function_modifiers import check_output
from hamilton.plugins import h_pandera

CARDS = pa.DataFrameSchema(
    {"card": pa.Column(int, pa.Check.ge(1), unique=True), "books": pa.Column(int), "fee": pa.Column(float)},
    strict=True,
)


class Fined(pa.DataFrameModel):
    """Members with what they owe."""

    card: int = pa.Field(ge=1)
    books: int
    fee: float
    fine: float = pa.Field(ge=0, le=50)


@check_output(schema=CARDS, importance="fail")
def members(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"card": range(1, count + 1), "books": [n % 4 for n in range(count)], "fee": [5.0] * count}
    )


@check_output(schema=pa.SeriesSchema(float, pa.Check.in_range(0, 100)), importance="warn")
def fine(members: pd.DataFrame, per_book: float) -> pd.Series:
    return members["books"] * per_book


@h_pandera.check_output(importance="fail")
def fined(members: pd.DataFrame, fine: pd.Series) -> pat.DataFrame[Fined]:
    return members.assign(fine=fine)


def owed(fined: pd.DataFrame) -> float:
    return float(fined["fine"].sum())
