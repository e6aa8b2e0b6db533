def spend(region: str) -> list[float]:
    return [1.0]


def total(spend: int) -> float:
    return 1.0


def average(totl: float, weeks) -> float:
    return totl
