"""Where the columns come from."""

import pandas as pd

from dagbuild import File, extract_columns, tag


@tag(source="marketing", importance="production")
@extract_columns("spend", "signups")
def weeks(weeks_file: File) -> pd.DataFrame:
    """Money spent on marketing and the signups that came, week by week."""
    return pd.read_csv(weeks_file, index_col="week", parse_dates=["week"])
