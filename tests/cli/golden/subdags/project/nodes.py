from dagbuild import configuration, source, subdag, value

import country


def spend() -> int:
    return 10


@subdag(
    country, inputs={"amount": source("spend"), "factor": value(3)}, config={"mode": configuration("speed")}
)
def uk(low: int, high: int) -> int:
    """The UK's."""
    return low + high
