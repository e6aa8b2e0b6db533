"""Fitted models, pictures, functions and classes come back working, large parts mapped, each consumer with its own."""

import io
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd
import pydantic
import pytest
import statsmodels.api as sm
from PIL import Image, ImageDraw
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.exact import assert_same
from tests.scramble import scramble

ROWS = 400

Item = TypeVar("Item")


class Page(pydantic.BaseModel, Generic[Item]):
    items: list[Item]


@pytest.fixture
def data() -> Any:
    rng = np.random.default_rng(0)
    x = pd.DataFrame({"a": rng.normal(size=ROWS), "b": rng.normal(size=ROWS), "k": ["p", "q"] * (ROWS // 2)})
    return x, pd.Series(x["a"] * 2 + rng.normal(size=ROWS), name="y")


def round_trip(artifacts: Any, value: Any, show: Any) -> None:
    """Save, load twice, spoil the first, and compare what `show` makes of the second with that of the original."""
    expected = show(value)
    artifact = artifacts.save(value)
    mine = artifacts.load(artifact)
    assert type(mine) is type(value)
    assert_same(expected, show(mine))
    scramble(mine)
    assert_same(expected, show(artifacts.load(artifact)))
    assert_same(expected, show(value))


def test_pipelines_predict_the_same(artifacts: Any, data: Any) -> None:
    """Transformers by column, an encoder with objects in it, a classifier."""
    x, y = data
    columns = ColumnTransformer([("n", StandardScaler(), ["a", "b"]), ("k", OneHotEncoder(), ["k"])])
    model = make_pipeline(columns, LogisticRegression()).fit(x, y > 0)

    round_trip(artifacts, model, lambda fitted: fitted.predict_proba(x))


def test_forests_predict_the_same(artifacts: Any, data: Any) -> None:
    """Trees keep their nodes in structured arrays."""
    x, y = data
    model = RandomForestRegressor(n_estimators=20, random_state=0).fit(x[["a", "b"]], y)

    round_trip(artifacts, model, lambda fitted: fitted.predict(x[["a", "b"]]))


def test_statistical_models_tell_the_same(artifacts: Any, data: Any) -> None:
    """Results hold the model, which holds frames: their columns are stored as columns."""
    x, y = data
    frame = x[["a", "b"]]
    result = sm.OLS(y, sm.add_constant(frame)).fit()

    round_trip(
        artifacts,
        result,
        lambda fit: [fit.params, fit.bse, fit.predict(sm.add_constant(frame)), fit.model.data.orig_exog],
    )


def test_time_series_models_forecast_the_same(artifacts: Any) -> None:
    """With the frequency of the index they were fitted to."""
    index = pd.date_range("2020-01-31", periods=48, freq="ME")
    series = pd.Series(np.arange(48.0) + np.sin(np.arange(48)), index=index)
    fit = sm.tsa.ARIMA(series, order=(1, 1, 0)).fit()

    round_trip(artifacts, fit, lambda model: model.forecast(3))


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "RGBA", "F"])
def test_pictures_have_the_same_pixels(artifacts: Any, mode: Any) -> None:
    """Made here, or read from a file, with palette and notes."""
    picture = Image.new("RGB", (60, 40), "teal")
    ImageDraw.Draw(picture).line((0, 0, 60, 40), fill="red")
    picture = picture.convert(mode)
    picture.info["note"] = "x"

    def show(image: Any) -> list[Any]:
        return [image.mode, image.size, image.tobytes(), image.getpalette(), image.info]

    expected, artifact = show(picture), artifacts.save(picture)
    mine = artifacts.load(artifact)
    mine.putpixel((0, 0), 0 if mode != "RGBA" else (1, 2, 3, 4))

    assert_same(expected, show(artifacts.load(artifact)))


def test_pictures_from_files_are_stored_with_their_pixels(artifacts: Any, tmp_path: Path) -> None:
    """Though PIL reads them late: the file may be gone by then."""
    Image.new("RGB", (10, 10), "red").save(tmp_path / "red.png")
    picture = Image.open(io.BytesIO((tmp_path / "red.png").read_bytes()))

    assert artifacts.load(artifacts.save(picture)).tobytes() == b"\xff\x00\x00" * 100


def double(x: Any) -> Any:
    return x * 2


class Doubler:
    """A class of the project."""

    factor = 2

    def __call__(self, x: Any) -> Any:
        return x * self.factor


def test_functions_and_classes_are_those_of_the_project(artifacts: Any) -> None:
    """By name: what they do is what the project's code says, which the fingerprint knows."""
    assert artifacts.load(artifacts.save(double)) is double
    assert artifacts.load(artifacts.save({"class": Doubler, "list": [double]}))["class"] is Doubler
    round_trip(artifacts, Doubler(), lambda doubler: doubler(3))
    assert artifacts.save(double).names == (f"{__name__}:double",)


def test_mapped_files_come_back_without_their_file(artifacts: Any, tmp_path: Path) -> None:
    """A memmap is stored as the array that it shows; whoever writes to the file later changes nothing."""
    path = tmp_path / "numbers"
    mapped = np.memmap(path, "f8", "w+", shape=(50_000,))
    mapped[:] = np.arange(50_000)
    artifact = artifacts.save(mapped)
    mapped[:] = 0
    mapped.flush()

    loaded = artifacts.load(artifact)

    assert isinstance(loaded, np.memmap)
    assert loaded.filename is None
    assert loaded.tolist() == list(range(50_000))


def test_generic_models_keep_their_parameters(artifacts: Any) -> None:
    """`Page[int]` stands in no module under that name; it is made of the one that does, and known by it."""
    value = [Page[int](items=[1]), Page[Page[str]](items=[Page[str](items=["a"])]), {1, 2}]
    artifact = artifacts.save(value)

    loaded = artifacts.load(artifact)

    assert [type(part) for part in loaded] == [Page[int], Page[Page[str]], set]
    assert loaded == value
    assert artifact.names == (f"{__name__}:Page",)
