"""Mills that grind sacks side by side."""

from hamilton.htypes import Collect, Parallelizable


def sacks(count: int) -> list[int]:
    return [3 * n for n in range(count)]


def sack(sacks: list[int]) -> Parallelizable[int]:
    yield from sacks


def ground(sack: int, speed: float) -> float:
    return sack * speed


def sifted(ground: float, sack: int) -> tuple[int, float]:
    return sack, round(ground - 0.5, 2)


def stored(sifted: Collect[tuple[int, float]]) -> dict[int, float]:
    return dict(sifted)


def heaviest(stored: dict[int, float]) -> float:
    return max(stored.values())


def label(heaviest: float, count: int) -> str:
    return f"{count} sacks, up to {heaviest}"
