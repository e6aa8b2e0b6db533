"""A bakery's morning, some of which may fail."""

from hamilton.function_modifiers import tag


class OvenCold(Exception):
    """It was not lit."""


def flour(sacks: int) -> float:
    return sacks * 25.0


@tag(station="table", slow="no")
def dough(flour: float, water: float = 10.0) -> float:
    return flour + water


@tag(station="oven")
def bread(dough: float, lit: bool) -> int:
    if not lit:
        raise OvenCold("light it first")
    return int(dough // 0.75)


@tag(station="oven")
def rolls(dough: float, bread: int) -> int:
    return int(dough * 2) + bread


def cakes(flour: float) -> int:
    return int(flour // 2)


def shelf(bread: int, rolls: int, cakes: int) -> dict[str, int]:
    return {"bread": bread, "rolls": rolls, "cakes": cakes}
