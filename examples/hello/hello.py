"""The smallest project: four functions, one file of numbers."""

from dagbuild import File


def temperatures(measured: File) -> list[float]:
    """One number per line."""
    return [float(line) for line in measured.path.read_text().split()]


def mean(temperatures: list[float]) -> float:
    """The middle of it all."""
    return sum(temperatures) / len(temperatures)


def warm_days(temperatures: list[float], limit: float) -> int:
    """Days above a limit that config sets."""
    return sum(one > limit for one in temperatures)


def report(mean: float, warm_days: int) -> str:
    """What we wanted to know."""
    return f"{mean:.1f} degrees on average, {warm_days} warm days"
