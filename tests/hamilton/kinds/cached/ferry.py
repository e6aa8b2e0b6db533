"""A ferry's crossings; some of its nodes say how they are kept."""

import pandas as pd
from hamilton.function_modifiers import cache, tag


def crossings(days: int) -> pd.DataFrame:
    return pd.DataFrame({"day": range(days), "cars": [10 * n % 7 for n in range(days)]})


@tag(of="cars")
def cars(crossings: pd.DataFrame) -> int:
    return int(crossings["cars"].sum())


@cache(behavior="recompute")
def weather() -> str:
    return "calm"


@cache(format="json")
def report(cars: int, weather: str, fare: float) -> dict:
    return {"earned": cars * fare, "weather": weather}


@cache(behavior="disable")
def printed(report: dict) -> str:
    return f"{report['earned']:.2f} on a {report['weather']} day"
