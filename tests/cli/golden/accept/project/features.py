"""Spend."""


def _log_shape(values: list) -> list:
    print("rows", len(values))
    return values


def spend() -> list[float]:
    """Spend of each week."""
    return _log_shape([10.0, 20.0])


def total(spend: list[float]) -> float:
    """Spend of all weeks."""
    return sum(_log_shape(spend))


def average(total: float, spend: list[float]) -> float:
    """Spend of a week."""
    return total / len(spend)
