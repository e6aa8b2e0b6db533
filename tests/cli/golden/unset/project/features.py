"""Spend."""

from dagbuild import File, tag

LIMIT = 100


def _clean(text: str) -> float:
    return float(text.strip())


@tag(team="growth")
def spend(spend_file: File) -> list[float]:
    """Spend of each week."""
    with open(spend_file) as lines:
        return [_clean(line) for line in lines]


def total(spend: list[float], region: str) -> dict:
    """Spend of all weeks."""
    return {"region": region, "total": sum(spend)}


def weeks(spend: list[float]) -> int:
    """How many weeks there are."""
    return len(spend)


def average(total: dict, weeks: int) -> float:
    """Spend of a week."""
    return total["total"] / weeks
