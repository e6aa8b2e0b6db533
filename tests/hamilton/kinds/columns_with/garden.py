"""Beds of a garden, to whose frame columns are added that functions make."""

import measures
import pandas as pd
from hamilton.function_modifiers import config, pipe_input, source, step
from hamilton.plugins.h_pandas import with_columns


def beds(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"length": [1.0 + n for n in range(count)], "width": [2.0] * count, "note": list("abcdef")[:count]}
    )


def _only_long(frame: pd.DataFrame, least: float) -> pd.DataFrame:
    return frame[frame["length"] > least]


@with_columns(
    measures.area,
    measures.water,
    measures.is_large,
    columns_to_pass=["length", "width"],
    select=["area", "water"],
)
def beds_measured(beds: pd.DataFrame) -> pd.DataFrame:
    """Beds with what they take."""
    return beds.drop(columns="note")


def water_total(beds_measured: pd.DataFrame) -> float:
    return float(beds_measured["water"].sum())


@with_columns(measures, on_input="whole", config_required=["unit"], namespace="again")
def beds_labelled(water_total: float, whole: pd.DataFrame) -> pd.DataFrame:
    return whole.assign(of_all=(whole["water"] / water_total).round(3))


def whole(beds_measured: pd.DataFrame) -> pd.DataFrame:
    return beds_measured


@config.when(unit="m")
@pipe_input(step(_only_long, least=source("least")))
def chosen__metres(beds_labelled: pd.DataFrame) -> pd.DataFrame:
    return beds_labelled
