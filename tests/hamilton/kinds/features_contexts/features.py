"""Features of rides, the same in each context but for what is aggregated."""

import pandas as pd
from hamilton.function_modifiers import config, tag


@config.when_in(context=["training"])
def distance_mean__fitted(distance: pd.Series) -> float:
    return float(distance.mean())


@config.when_not_in(context=["training"])
def distance_mean__given(feature_store: dict) -> float:
    return feature_store["distance_mean"]


@config(lambda config: config.get("context") == "training", config_used=["context"])
def distance_std__fitted(distance: pd.Series) -> float:
    return float(distance.std())


@config.when_not(context="training")
def distance_std__given(feature_store: dict) -> float:
    return feature_store["distance_std"]


@tag(feature="true")
def distance_scaled(distance: pd.Series, distance_mean: float, distance_std: float) -> pd.Series:
    """Distance, with the mean and spread of those that were trained on."""
    return (distance - distance_mean) / distance_std


@tag(feature="true")
def is_night(hour: pd.Series) -> pd.Series:
    return (hour < 6) | (hour > 21)


@tag(feature="true", version="2")
@config.when(model="second")
def night_distance__second(is_night: pd.Series, distance_scaled: pd.Series) -> pd.Series:
    return is_night.astype(int) * distance_scaled


@config.when(context="training")
def target__training(paid: pd.Series, currency: str = "EUR") -> pd.Series:
    return paid.rename(currency)
