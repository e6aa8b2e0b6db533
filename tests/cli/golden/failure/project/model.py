def sales() -> list[int]:
    print("reading sales")
    return [1, 2, 3]


def _divide(number: int, rate: int) -> float:
    return number / rate


def forecast(sales: list[int], rate: int) -> list[float]:
    return [_divide(sum(sales), rate)]


def report(forecast: list[float]) -> str:
    return str(forecast)


def months(sales: list[int]) -> int:
    return len(sales)


def stream(sales: list[int]) -> object:
    return open(__file__)
