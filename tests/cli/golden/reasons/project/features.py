from pathlib import Path

from settings import LIMIT, RATES

from dagbuild import Files, parameterize, source, value


def spend(parts: Files, weights: dict[str, float]) -> list[float]:
    return [float(Path(part).read_text()) * weights["uk"] for part in parts]


def total(spend: list[float]) -> float:
    return sum(spend) * (1 + RATES["uk"])


@parameterize(capped={"amount": source("total"), "most": value(100)})
def cap(amount: float, most: int) -> float:
    return min(amount, most, LIMIT)


def report(capped: float) -> str:
    return f"{capped:.1f}"
