"""Plants to learn from, made of a seed, and their split."""

import numpy as np
import pandas as pd
from hamilton.function_modifiers import extract_fields, tag
from sklearn.model_selection import train_test_split


@tag(stage="data")
def plants(seed: int, count: int = 60) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    height = chance.normal(20, 4, count)
    return pd.DataFrame({"height": height, "leaves": height // 2, "blooms": (height > 20).astype(int)})


@extract_fields({"x_train": pd.DataFrame, "x_test": pd.DataFrame, "y_train": pd.Series, "y_test": pd.Series})
def split(plants: pd.DataFrame, seed: int, test_share: float) -> dict:
    parts = train_test_split(
        plants[["height", "leaves"]], plants["blooms"], test_size=test_share, random_state=seed
    )
    return dict(zip(["x_train", "x_test", "y_train", "y_test"], parts, strict=True))
