"""Readings of a river, each with a check of its own."""

import numpy as np
import pandas as pd
from hamilton.data_quality.base import DataValidator, ValidationResult
from hamilton.function_modifiers import (
    check_output,
    check_output_custom,
    extract_columns,
    parameterize,
    source,
)


class Rises(DataValidator):
    """Is content with what never falls."""

    def __init__(self, by_at_least: float = 0.0, importance: str = "warn"):
        super().__init__(importance=importance)
        self.by_at_least = by_at_least

    @classmethod
    def name(cls) -> str:
        return "rises"

    def applies_to(self, datatype: type) -> bool:
        return issubclass(datatype, pd.Series)

    def description(self) -> str:
        return f"rises by {self.by_at_least} or more from reading to reading"

    def validate(self, data: pd.Series) -> ValidationResult:
        steps = data.diff().dropna()
        passes = bool((steps >= self.by_at_least).all())
        return ValidationResult(
            passes=passes, message=f"falls {int((steps < 0).sum())} times", diagnostics={"steps": len(steps)}
        )


@extract_columns("level", "flow")
def readings(days: int) -> pd.DataFrame:
    level = pd.Series([1.5 + 0.25 * (n % 3) for n in range(days)])
    return pd.DataFrame({"level": level, "flow": level * 10})


@check_output(range=(0.0, 3.0), data_type=np.float64, allow_nans=False)
def level_smooth(level: pd.Series) -> pd.Series:
    return level.rolling(2, min_periods=1).mean()


@check_output(importance="fail", max_fraction_nans=0.2, mean_in_range=(10.0, limit := 25.0))
def flow_shifted(flow: pd.Series, shift: int) -> pd.Series:
    return flow.shift(shift)


@check_output_custom(Rises(importance="warn"), Rises(by_at_least=-100.0))
def flow_total(flow: pd.Series) -> pd.Series:
    return flow.cumsum()


@parameterize(level_high={"which": source("level")}, flow_high={"which": source("flow")})
@check_output(range=(0.0, 20.0), target_="level_high")
def high(which: pd.Series) -> float:
    """The highest {which}."""
    return float(which.max())


@check_output(values_in=["low", "high"], importance="fail")
def state(level_high: float) -> str:
    return "high" if level_high > 1.8 else "low"


@check_output(contains=["level"], does_not_contain="error")
def report(state: str, level_high: float) -> str:
    return f"the level is {state}: {level_high}"
