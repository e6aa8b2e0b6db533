"""Train on what was known at the cut-off, forecast what came after it, and compare with what happened."""

import io

import pandas as pd
from matplotlib.figure import Figure
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from dagbuild import check_output, tag

from .scores import gain, mean_error

TARGET = "departures"
CATEGORIES = ["airport", "weekday"]


def train_set(data_set: pd.DataFrame, cut_off: str) -> pd.DataFrame:
    """The days before the cut-off."""
    return data_set[data_set.index.get_level_values("date") < cut_off]


def predict_set(data_set: pd.DataFrame, cut_off: str) -> pd.DataFrame:
    """The days from the cut-off on, without what is to be forecast."""
    return data_set[data_set.index.get_level_values("date") >= cut_off].drop(columns=TARGET)


@tag(stage="model")
def fitted_model(train_set: pd.DataFrame, shrinkage: float) -> Pipeline:
    """A ridge regression of the departures' distance from what is usual on that weekday."""
    features = train_set.drop(columns=TARGET)
    numbers = [name for name in features.columns if name not in CATEGORIES]
    model = Pipeline(
        [
            (
                "columns",
                ColumnTransformer(
                    [("numbers", StandardScaler(), numbers), ("categories", OneHotEncoder(), CATEGORIES)]
                ),
            ),
            ("ridge", Ridge(alpha=shrinkage)),
        ]
    )
    return model.fit(features, train_set[TARGET] - train_set["usual_departures"])


@tag(stage="model")
@check_output(range=(0.0, 600.0), allow_nans=False, importance="fail")
def forecast(fitted_model: Pipeline, predict_set: pd.DataFrame) -> pd.Series:
    """Departures of each airport on each day from the cut-off on."""
    expected = predict_set["usual_departures"] + fitted_model.predict(predict_set)
    return expected.clip(lower=0.0).round(1).rename("forecast")


def naive_forecast(predict_set: pd.DataFrame) -> pd.Series:
    """The forecast to beat: the same as a week before."""
    return predict_set["departures_1w"].rename("naive_forecast")


def actual(departures: pd.Series, predict_set: pd.DataFrame) -> pd.Series:
    """What happened on the days of the forecast."""
    return departures.loc[predict_set.index].rename("actual")


@tag(stage="report")
def evaluation(
    forecast: pd.Series, naive_forecast: pd.Series, actual: pd.Series, airport_names: dict[str, str]
) -> pd.DataFrame:
    """Mean error in flights a day, airport by airport: ours, last week's, and how much better ours is."""
    rows = {}
    for airport in [*forecast.index.unique("airport"), "all"]:
        chosen = slice(None) if airport == "all" else airport
        error = mean_error(forecast.loc[chosen], actual.loc[chosen])
        naive = mean_error(naive_forecast.loc[chosen], actual.loc[chosen])
        name = airport_names.get(airport, "all three")
        rows[airport] = {"name": name, "error": error, "naive": naive, "gain_percent": gain(error, naive)}
    return pd.DataFrame.from_dict(rows, orient="index").round(2)


@tag(stage="report")
def weekly_forecast(forecast: pd.Series) -> pd.DataFrame:
    """The forecast week by week, one column per airport."""
    by_day = forecast.unstack("airport")
    return by_day.resample("W").sum()


@tag(stage="report")
def busiest_airlines(
    carrier: pd.Series, flown: pd.Series, departure_delay: pd.Series, airline_names: dict[str, str]
) -> pd.DataFrame:
    """Flights and mean delay of each airline, busiest first."""
    table = pd.DataFrame({"flights": flown.astype(int), "delay": departure_delay}).groupby(carrier)
    result = table.agg({"flights": "sum", "delay": "mean"}).round(1)
    result.insert(0, "name", result.index.map(airline_names))
    return result.sort_values("flights", ascending=False)


@tag(stage="report")
def plot(forecast: pd.Series, actual: pd.Series, airport_names: dict[str, str]) -> bytes:
    """The forecast beside what happened, one panel per airport, as PNG."""
    airports = list(forecast.index.unique("airport"))
    figure = Figure(figsize=(9, 2.4 * len(airports)), layout="constrained")
    panels = figure.subplots(len(airports), sharex=True, squeeze=False)[:, 0]
    for panel, airport in zip(panels, airports, strict=True):
        panel.plot(actual.loc[airport], color="0.6", label="departures")
        panel.plot(forecast.loc[airport], color="tab:blue", label="forecast")
        panel.set_title(airport_names[airport], loc="left", fontsize=10)
        panel.set_ylim(bottom=0)
    panels[0].legend(loc="lower left", ncols=2, frameon=False)
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=110)
    return image.getvalue()
