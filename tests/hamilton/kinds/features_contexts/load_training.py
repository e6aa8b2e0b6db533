"""Where data comes from when a model is trained: a file of past rides."""

import pandas as pd
from hamilton.function_modifiers import config, extract_columns, hamilton_exclude


@extract_columns("distance", "hour", "paid")
@config.when(context="training")
def rides__training(rides_path: str) -> pd.DataFrame:
    return tidy(pd.read_csv(rides_path))


@extract_columns("distance", "hour")
@config.when(context="serving")
def rides__serving(request: dict) -> pd.DataFrame:
    return tidy(pd.DataFrame([request]))


@hamilton_exclude
def tidy(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.rename(columns=str.strip)
