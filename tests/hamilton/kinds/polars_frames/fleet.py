"""Vans and what they drive, in frames of polars."""

import polars as pl
from hamilton.function_modifiers import config, dataloader, extract_columns, save_to, source, tag


@dataloader()
def raw(trips_path: str) -> tuple[pl.DataFrame, dict]:
    frame = pl.read_csv(trips_path)
    return frame, {"rows": frame.height}


@extract_columns("van", "km", "litres")
def trips(raw: pl.DataFrame) -> pl.DataFrame:
    return raw.drop_nulls()


@tag(unit="l/100km")
def thirst(km: pl.Series, litres: pl.Series) -> pl.Series:
    return (litres * 100 / km).alias("thirst")


@config.when(lazy=True)
def by_van__lazy(trips: pl.DataFrame) -> pl.DataFrame:
    return trips.lazy().group_by("van").agg(pl.col("km").sum()).sort("van").collect()


@config.when_not(lazy=True)
def by_van__eager(trips: pl.DataFrame) -> pl.DataFrame:
    return trips.group_by("van").agg(pl.col("km").sum()).sort("van")


@save_to.parquet(file=source("by_van_path"), output_name_="by_van_saved")
def by_van_ranked(by_van: pl.DataFrame) -> pl.DataFrame:
    return by_van.with_columns(pl.col("km").rank("dense", descending=True).alias("rank"))


def furthest(by_van_ranked: pl.DataFrame) -> str:
    return by_van_ranked.filter(pl.col("rank") == 1)["van"][0]
