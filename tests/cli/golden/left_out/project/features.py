from dagbuild import File


def log_shape(x: int) -> int:
    print("shape", x)
    return x


def weeks(weeks_file: File) -> int:
    return len(weeks_file.path.read_text().splitlines())


def spend(rate: float = 2.0) -> list[float]:
    return [rate, 20.0]


def total(spend: list[float]) -> float:
    return sum(spend)


def per_week(total: float, weeks: int) -> float:
    return total / weeks


def checked(total: float, rate: float) -> bool:
    return total > rate
