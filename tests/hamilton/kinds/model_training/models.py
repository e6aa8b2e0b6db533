"""Several models of one kind each, and which is the best."""

from typing import Dict, List

import pandas as pd
from hamilton.function_modifiers import config, group, inject, parameterize, source, tag_outputs, value
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

NEIGHBOURS = {f"near_{count}": {"neighbours": value(count)} for count in (1, 5)}


@parameterize(**NEIGHBOURS)
def near(x_train: pd.DataFrame, y_train: pd.Series, neighbours: int) -> ClassifierMixin:
    """A model that asks {neighbours} neighbours."""
    return KNeighborsClassifier(neighbours).fit(x_train, y_train)


@config.when(third_kind="tree")
def third__tree(x_train: pd.DataFrame, y_train: pd.Series, seed: int) -> ClassifierMixin:
    return DecisionTreeClassifier(random_state=seed, max_depth=2).fit(x_train, y_train)


@config.when(third_kind="line")
def third__line(x_train: pd.DataFrame, y_train: pd.Series) -> ClassifierMixin:
    return LogisticRegression().fit(x_train, y_train)


@tag_outputs(score_near_1={"model": "near"}, score_near_5={"model": "near"}, score_third={"model": "third"})
@parameterize(
    score_near_1=({"model": source("near_1")}, "How good the nearest is."),
    score_near_5={"model": source("near_5"), "digits": value(2)},
    score_third={"model": source("third")},
)
def score(model: ClassifierMixin, x_test: pd.DataFrame, y_test: pd.Series, digits: int = 3) -> float:
    """Scores {model} to {digits} digits."""
    return round(float(model.score(x_test, y_test)), digits)


@inject(
    scores=group(near_1=source("score_near_1"), near_5=source("score_near_5"), third=source("score_third"))
)
def best(scores: Dict[str, float]) -> str:
    return max(sorted(scores), key=scores.__getitem__)


@inject(scores=group(source("score_near_1"), source("score_near_5"), value(0.5)), floor=value(0.25))
def average(scores: List[float], floor: float) -> float:
    return max(sum(scores) / len(scores), floor)
