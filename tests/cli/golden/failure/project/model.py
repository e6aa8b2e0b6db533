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


def load(sales: list[int]) -> list[int]:
    try:
        return [{"a": 1}["price"], *sales]
    except KeyError as error:
        error.add_note("the columns are: a")
        raise OSError("no prices") from error


class SilentError(Exception):
    def __str__(self) -> str:
        raise self


def silent() -> int:
    raise SilentError
